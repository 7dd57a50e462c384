//! The struct that `getProcessInfo` returns: once as a [`Value`], and once written straight into a response, because
//! clients ask for all programs again and again, and there may be a thousand.

use std::fmt::Write as _;

use crate::words::ProcessInfo;
use crate::xmlrpc::Value;

/// The struct as a value.
#[must_use]
pub fn value(info: &ProcessInfo<'_>) -> Value {
    Value::record([
        ("name", info.name.into()),
        ("group", info.group.into()),
        ("start", info.start.into()),
        ("stop", info.stop.into()),
        ("now", info.now.into()),
        ("state", info.state.code().into()),
        ("statename", info.state.name().into()),
        ("spawnerr", info.spawnerr.as_ref().into()),
        ("exitstatus", info.exitstatus.into()),
        ("logfile", info.stdout_logfile.as_ref().into()),
        ("stdout_logfile", info.stdout_logfile.as_ref().into()),
        ("stderr_logfile", info.stderr_logfile.as_ref().into()),
        ("pid", info.pid.into()),
        ("description", info.description.as_ref().into()),
    ])
}

/// About how long one encoded struct is, in bytes.
const ENCODED_BYTES: usize = 1400;

/// A whole response with an array of these structs; byte for byte what encoding the values would give.
#[must_use]
pub fn encode_response<'a>(infos: impl ExactSizeIterator<Item = ProcessInfo<'a>>) -> Vec<u8> {
    let mut out = String::with_capacity(256 + infos.len() * ENCODED_BYTES);
    out.push_str("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n");
    for info in infos {
        out.push_str("<value><struct>\n");
        push_text(&mut out, "name", info.name);
        push_text(&mut out, "group", info.group);
        push_int(&mut out, "start", info.start);
        push_int(&mut out, "stop", info.stop);
        push_int(&mut out, "now", info.now);
        push_int(&mut out, "state", i64::from(info.state.code()));
        push_text(&mut out, "statename", info.state.name());
        push_text(&mut out, "spawnerr", &info.spawnerr);
        push_int(&mut out, "exitstatus", i64::from(info.exitstatus));
        push_text(&mut out, "logfile", &info.stdout_logfile);
        push_text(&mut out, "stdout_logfile", &info.stdout_logfile);
        push_text(&mut out, "stderr_logfile", &info.stderr_logfile);
        push_int(&mut out, "pid", i64::from(info.pid));
        push_text(&mut out, "description", &info.description);
        out.push_str("</struct></value>\n");
    }
    out.push_str("</data></array></value>\n</param>\n</params>\n</methodResponse>\n");
    out.into_bytes()
}

fn push_text(out: &mut String, name: &str, text: &str) {
    out.push_str("<member>\n<name>");
    out.push_str(name);
    out.push_str("</name>\n<value><string>");
    push_escaped(out, text);
    out.push_str("</string></value>\n</member>\n");
}

fn push_int(out: &mut String, name: &str, number: i64) {
    out.push_str("<member>\n<name>");
    out.push_str(name);
    out.push_str("</name>\n<value><int>");
    let clamped = number.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    // Writing to a string cannot fail.
    let _ = write!(out, "{clamped}");
    out.push_str("</int></value>\n</member>\n");
}

fn push_escaped(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= b' ' && !matches!(byte, b'&' | b'<' | b'>' | 0xef);
    if text.bytes().all(plain) {
        out.push_str(text);
        return;
    }
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(character),
            '\0'..=' ' if character != ' ' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

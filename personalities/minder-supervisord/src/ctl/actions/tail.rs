//! `tail`: the end of a process's log, or all that is added to it.

use super::{Action, Flow, Listed};
use crate::client::ClientError;
use crate::conf::python::{decimal, repr};
use crate::ctl::console::write_through;
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;
use crate::xmlrpc::Value;
use std::io::Write;

/// How much of a log is shown when nobody says how much.
pub(super) const BYTES: i128 = 1600;

pub(super) const ACTION: Action = Action {
    name: "tail",
    help: "tail [-f] <name> [stdout|stderr] (default stdout)\n\
           Ex:\n\
           tail -f <name>\t\tFollow the standard output of a process\n\
           \t\t\tCtrl-C ends it.\n\
           tail -100 <name>\tThe last 100 bytes of its standard output\n\
           tail <name> stderr\tThe last 1600 bytes of its standard error",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let words: Vec<&str> = arg.split_whitespace().collect();
    match words.len() {
        0 => return Ok(ctl.usage("Error: too few arguments", EXIT_GENERIC, "tail")),
        1..=3 => {}
        _ => return Ok(ctl.usage("Error: too many arguments", EXIT_GENERIC, "tail")),
    }
    let (modifier, names) = match words[0].strip_prefix('-') {
        Some(what) => (Some(what), &words[1..]),
        None => (None, &words[..]),
    };
    let (name, channel) = match names {
        [] => return Ok(refuse(ctl, "Error: tail requires process name")),
        [name] => (*name, "stdout".to_owned()),
        // Of three words the one in the middle is overlooked, as in the original.
        [name, .., channel] => (*name, channel.to_lowercase()),
    };
    let method = match channel.as_str() {
        "stdout" => "readProcessStdoutLog",
        "stderr" => "readProcessStderrLog",
        other => return Ok(refuse(ctl, &format!("Error: bad channel {}", repr(other)))),
    };
    let bytes = match modifier {
        None => BYTES,
        Some("f") => return follow(ctl, &format!("/logtail/{name}/{channel}")),
        Some(what) => match decimal(what) {
            Ok(bytes) => bytes,
            Err(_) => return Ok(refuse(ctl, &format!("Error: bad argument -{what}"))),
        },
    };
    show(ctl, method, name, bytes)
}

fn show(ctl: &mut Controller, method: &str, name: &str, bytes: i128) -> Result<Flow, Exception> {
    let exception = match ctl.call(method, &[name.into(), offset_from_end(bytes)?, Value::Int(0)]) {
        Ok(log) => {
            ctl.say(log.as_str().unwrap_or_default());
            return Ok(Flow::Continue);
        }
        Err(exception) => exception,
    };
    let why = match exception.fault().map(|fault| fault.code) {
        Some(fault_codes::NO_FILE) => "no log file",
        Some(fault_codes::FAILED) => "unknown error reading log",
        Some(fault_codes::BAD_NAME) => "no such process name",
        Some(_) | None => return Err(exception),
    };
    Ok(refuse(ctl, &format!("{name}: ERROR ({why})")))
}

fn refuse(ctl: &mut Controller, text: &str) -> Flow {
    ctl.say(text);
    ctl.exit_status = EXIT_GENERIC;
    Flow::Continue
}

/// The parameter that asks for the last so many bytes.
///
/// # Errors
/// When XML-RPC has no room for the number.
pub(super) fn offset_from_end(bytes: i128) -> Result<Value, Exception> {
    let offset = bytes.checked_neg().and_then(|offset| i32::try_from(offset).ok());
    offset.map(Value::from).ok_or(Exception::Overflow)
}

/// Prints a log as it grows, until Ctrl-C or until the server closes. A stream that cannot be had is a complaint on
/// standard error and no failure, as in the original.
///
/// # Errors
/// When the server's URL is none.
pub(super) fn follow(ctl: &mut Controller, path: &str) -> Result<Flow, Exception> {
    ctl.say("==> Press Ctrl-C to exit <==");
    let client = ctl.client()?;
    ctl.console.catch_interrupts();
    match ctl.console.wait(client.stream(path, write_through)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => complain(&ctl.settings.server_url, path, error),
        Err(_) => ctl.say(""),
    }
    Ok(Flow::Continue)
}

/// Says on standard error why a stream cannot be had.
pub(super) fn complain(server_url: &str, path: &str, error: ClientError) {
    let why = match error {
        ClientError::Unauthorized { .. } => "Cannot read, status code 401".to_owned(),
        ClientError::Status { code, .. } => format!("Cannot read, status code {code}"),
        error => format!("Cannot connect, error: {}", Exception::Server(error).class_and_text()),
    };
    let _ = writeln!(std::io::stderr(), "{server_url}{path} {why}");
}

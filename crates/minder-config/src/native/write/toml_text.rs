//! How values are written.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use minder_core::ids::ByteString;

use crate::native::words;

/// A line of a section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    key: &'static str,
    value: String,
}

impl Entry {
    pub(super) fn new(key: &'static str, value: String) -> Self {
        Self { key, value }
    }
}

/// Lines, each with its end.
pub(super) fn entries(entries: &[Entry]) -> String {
    entries.iter().fold(String::new(), |mut text, entry| {
        let _ = writeln!(text, "{} = {}", entry.key, entry.value);
        text
    })
}

/// A text in quotes, in which nothing is put in for variables.
pub(super) fn quoted(text: &str) -> String {
    escaped(&words::unexpanded(text))
}

/// A path as it is meant: one that is relative is in this directory. `None`: it is no UTF-8.
pub(super) fn path_text(path: &ByteString, directory: &Path) -> Option<String> {
    let text = std::str::from_utf8(path.as_bytes()).ok()?;
    if text.starts_with('/') {
        return Some(text.to_owned());
    }
    directory.join(text).to_str().map(str::to_owned)
}

/// A text in quotes as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key, or a part of one.
pub(super) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { escaped(name) }
}

/// An array of texts.
pub(super) fn texts<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// A duration. What is finer than a millisecond no format has.
pub(super) fn duration(time: Duration) -> String {
    format!("\"{}\"", minder_schedule::text::duration_text(time))
}

//! Signals as the original lets them be written: a number, a name, a name with `SIG`, in any case, and `NAME+2`.

use super::exception::{Class, Exception};
use super::python;
use serde_json::Value;

/// The signals of Linux by the names that Python has for them. Real-time signals count from what the C library leaves.
const SIGNALS: [(&str, i64); 36] = [
    ("SIGABRT", 6),
    ("SIGALRM", 14),
    ("SIGBUS", 7),
    ("SIGCHLD", 17),
    ("SIGCLD", 17),
    ("SIGCONT", 18),
    ("SIGFPE", 8),
    ("SIGHUP", 1),
    ("SIGILL", 4),
    ("SIGINT", 2),
    ("SIGIO", 29),
    ("SIGIOT", 6),
    ("SIGKILL", 9),
    ("SIGPIPE", 13),
    ("SIGPOLL", 29),
    ("SIGPROF", 27),
    ("SIGPWR", 30),
    ("SIGQUIT", 3),
    ("SIGRTMAX", 64),
    ("SIGRTMIN", 34),
    ("SIGSEGV", 11),
    ("SIGSTKFLT", 16),
    ("SIGSTOP", 19),
    ("SIGSYS", 31),
    ("SIGTERM", 15),
    ("SIGTRAP", 5),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGUSR1", 10),
    ("SIGUSR2", 12),
    ("SIGVTALRM", 26),
    ("SIGWINCH", 28),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
];

/// The number of a signal that a text or a JSON value names: the original's `to_signum`. A number is taken as it is, so it
/// may be no signal.
///
/// # Errors
///
/// `ValueError`, `AttributeError` or `TypeError`, as the original has it.
pub fn to_signum(value: &Value) -> Result<i64, Exception> {
    let Value::String(text) = value else {
        return python::int_of(value);
    };
    if let Ok(number) = python::int(text, 10) {
        return Ok(number);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())];
    if word.is_empty() {
        return Err(Exception::value(format!("signal invalid: {text}")));
    }
    let mut name = word.to_uppercase();
    if !name.starts_with("SIG") {
        name.insert_str(0, "SIG");
    }
    let offset = text[word.len()..]
        .strip_prefix('+')
        .map_or("", |rest| &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]);
    let offset = if offset.is_empty() { 0 } else { python::int(offset, 10)? };
    match SIGNALS.iter().find(|(known, _)| *known == name) {
        Some((_, number)) => Ok(number.saturating_add(offset)),
        None => Err(Exception::new(Class::Attribute, format!("module 'signal' has no attribute '{name}'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_signal_has_many_names() {
        for (written, number) in [
            (json!("TERM"), 15),
            (json!("sigint"), 2),
            (json!(" 9 "), 9),
            (json!("SIGRTMIN+1"), 35),
            (json!("hup and more"), 1),
            (json!(12), 12),
            (json!(true), 1),
        ] {
            assert_eq!(to_signum(&written).ok(), Some(number), "{written}");
        }
        for (written, text) in [
            (json!("NOPE"), "module 'signal' has no attribute 'SIGNOPE'"),
            (json!("$X"), "signal invalid: $X"),
            (json!(""), "signal invalid: "),
        ] {
            assert_eq!(to_signum(&written).expect_err("no signal").text, text);
        }
    }
}

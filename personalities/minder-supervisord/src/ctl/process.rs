//! Processes in the server's answers, and the names by which they are typed and shown.

use super::exception::Exception;
use crate::xmlrpc::{Fault, Value};

/// The name of a process as it is shown: a process named like its group needs no group.
pub(super) fn full_name(group: &str, process: &str) -> String {
    if group == process { process.to_owned() } else { format!("{group}:{process}") }
}

/// What a typed name means: `x` is `x:x`, and `g:` and `g:*` are a whole group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) group: &'a str,
    /// `None` for a whole group.
    pub(super) process: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(super) fn parse(name: &'a str) -> Target<'a> {
        match name.split_once(':') {
            Some((group, "" | "*")) => Target { group, process: None },
            Some((group, process)) => Target { group, process: Some(process) },
            None => Target { group: name, process: Some(name) },
        }
    }
}

/// What became of one process in a call about several, or of one that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// As it is shown.
    pub(super) name: String,
    /// A fault code; 80 is success.
    pub(super) code: i64,
    pub(super) description: String,
}

impl Outcome {
    pub(super) fn of_fault(name: String, fault: &Fault) -> Outcome {
        Outcome { name, code: i64::from(fault.code), description: fault.text.clone() }
    }

    /// The array that calls about several processes return.
    pub(super) fn list(answer: &Value) -> Result<Vec<Outcome>, Exception> {
        elements(answer)?
            .iter()
            .map(|item| {
                Ok(Outcome {
                    name: full_name(text(item, "group")?, text(item, "name")?),
                    code: number(item, "status")?,
                    description: text(item, "description")?.to_owned(),
                })
            })
            .collect()
    }
}

/// A process as `getProcessInfo` tells of it; of all it tells, what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProcessInfo {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) state: i64,
    pub(super) state_name: String,
    pub(super) description: String,
    pub(super) pid: i64,
}

impl ProcessInfo {
    pub(super) const RUNNING: i64 = 20;
    /// STOPPED, EXITED, FATAL, UNKNOWN.
    pub(super) const STOPPED_STATES: [i64; 4] = [0, 100, 200, 1000];

    pub(super) fn parse(info: &Value) -> Result<ProcessInfo, Exception> {
        Ok(ProcessInfo {
            group: text(info, "group")?.to_owned(),
            name: text(info, "name")?.to_owned(),
            state: number(info, "state")?,
            state_name: text(info, "statename")?.to_owned(),
            description: text(info, "description")?.to_owned(),
            pid: number(info, "pid")?,
        })
    }

    pub(super) fn list(answer: &Value) -> Result<Vec<ProcessInfo>, Exception> {
        elements(answer)?.iter().map(ProcessInfo::parse).collect()
    }

    pub(super) fn full_name(&self) -> String {
        full_name(&self.group, &self.name)
    }
}

/// The elements of an answer that must be an array.
pub(super) fn elements(answer: &Value) -> Result<&[Value], Exception> {
    answer.as_array().ok_or(Exception::UnexpectedAnswer("array"))
}

/// A text in an answer.
pub(super) fn text<'a>(item: &'a Value, key: &'static str) -> Result<&'a str, Exception> {
    item.member(key).and_then(Value::as_str).ok_or(Exception::UnexpectedAnswer(key))
}

/// A number in an answer.
pub(super) fn number(item: &Value, key: &'static str) -> Result<i64, Exception> {
    item.member(key).and_then(Value::as_int).ok_or(Exception::UnexpectedAnswer(key))
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_name_is_a_process_or_a_group() {
        for (name, group, process) in [
            ("x", "x", Some("x")),
            ("g:p", "g", Some("p")),
            ("g:p:q", "g", Some("p:q")),
            ("g:*", "g", None),
            ("g:", "g", None),
            ("*", "*", Some("*")),
        ] {
            assert_eq!(Target::parse(name), Target { group, process }, "{name}");
        }
    }
}

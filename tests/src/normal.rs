//! The normal form: what two correct runs may differ in, replaced by a word.

use regex::{Captures, Regex};
use serde_json::Value;
use std::sync::OnceLock;

/// Replaces what belongs to one run: its directory, its port, pids, times.
#[derive(Debug, Clone)]
pub struct Normal {
    dir: String,
    port: String,
}

impl Normal {
    /// For a daemon in `dir` with `port`.
    pub fn new(dir: &std::path::Path, port: u16) -> Normal {
        Normal { dir: dir.display().to_string(), port: port.to_string() }
    }

    /// One text, possibly of several lines.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.replace(&self.dir, "<DIR>").replace(&self.port, "<PORT>");
        for (pattern, replacement) in rules() {
            text = pattern.replace_all(&text, *replacement).into_owned();
        }
        text
    }

    /// A value of a call: times and pids by the name of their field, texts as [`Normal::text`].
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| {
                        let moving = matches!(name.as_str(), "start" | "stop" | "now" | "pid");
                        let value = if moving && value.as_i64().is_some_and(|number| number != 0) {
                            Value::String(format!("<{}>", name.to_uppercase()))
                        } else {
                            self.value(value)
                        };
                        (name.clone(), value)
                    })
                    .collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

fn rules() -> &'static [(Regex, &'static str)] {
    static RULES: OnceLock<Vec<(Regex, &'static str)>> = OnceLock::new();
    RULES.get_or_init(|| {
        [
            (r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", ""),
            (r"\bpid([ :])\d+", "pid$1<PID>"),
            (r"(?m)^(\s*)\d{2,7}$", "$1<PID>"),
            (r"(killing '?[^'\n]+'?) \((pid )?(\d+|<PID>)\)", "$1 (<PID>)"),
            (r"uptime (\d+ days?, )?\d+:\d\d:\d\d", "uptime <UPTIME>"),
            (r"\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M\b", "<DATE>"),
            (r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\b", "<CTIME>"),
            (r"(---[A-Za-z0-9]+)-[a-z0-9_]{8}\.log", "$1-<RANDOM>.log"),
            (r"when:\d+", "when:<WHEN>"),
            (r"serial:\d+", "serial:<N>"),
            (r"file: \S+ line: \d+", "file: <FILE> line: <LINE>"),
            (r"supervisor\.sock\.\d+", "supervisor.sock.<PID>"),
            (r"RLIMIT_(NOFILE|NPROC) limit to \d+", "RLIMIT_$1 limit to <LIMIT>"),
        ]
        .into_iter()
        .map(|(pattern, replacement)| (Regex::new(pattern).expect("a pattern"), replacement))
        .collect()
    })
}

/// Every number of `text` replaced by `<N>`; for texts whose numbers are all of the run.
pub fn without_numbers(text: &str) -> String {
    static NUMBER: OnceLock<Regex> = OnceLock::new();
    let number = NUMBER.get_or_init(|| Regex::new(r"\d+").expect("a pattern"));
    number.replace_all(text, |_: &Captures<'_>| "<N>").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_loses_its_time_and_its_pid() {
        let normal = Normal::new(std::path::Path::new("/tmp/mt-abc"), 5123);
        let line = "2026-11-21 06:33:00,931 INFO spawned: 'w' with pid 17935 in /tmp/mt-abc/x at 5123";
        assert_eq!(normal.text(line), "INFO spawned: 'w' with pid <PID> in <DIR>/x at <PORT>");
    }

    #[test]
    fn a_zero_stays_a_zero() {
        let normal = Normal::new(std::path::Path::new("/x"), 1);
        let value = normal.value(&serde_json::json!({"pid": 0, "start": 12, "state": 20}));
        assert_eq!(value.to_string(), r#"{"pid":0,"start":"<START>","state":20}"#);
    }
}

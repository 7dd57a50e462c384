//! The figures in an answer to `stats`.

use serde_json::{Map, Value};

use crate::stats::sizes::ByteSize;

/// What one process uses. `None` is what circusd does not know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    pub(super) cpu: Option<f64>,
    pub(super) mem: Option<f64>,
    pub(super) resident: Option<ByteSize>,
}

impl Figures {
    pub(super) fn of(process: &Map<String, Value>) -> Figures {
        let number = |key: &str| process.get(key).and_then(Value::as_f64);
        let resident = process.get("mem_info1").and_then(Value::as_str);
        Figures {
            cpu: number("cpu"),
            mem: number("mem"),
            resident: resident.and_then(|text| text.parse().ok()),
        }
    }
}

/// The processes of a watcher, each with its pid. One that ended is only a text, and is left out.
pub(super) fn processes(watcher: &Value) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    watcher.as_object().into_iter().flatten().filter_map(|(pid, process)| Some((pid, process.as_object()?)))
}

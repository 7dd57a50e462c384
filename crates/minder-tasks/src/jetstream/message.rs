//! A run as a message of the stream.

use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::{Record, Run, RunId, RunState};

/// Of what is written below.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Wire {
    version: u32,
    run: String,
    attempt: u32,
    task: String,
    worker: String,
    due: i64,
    asked: i64,
    not_before: i64,
    input: Option<Value>,
    after: Option<String>,
}

pub(super) fn to_wire(run: &Run) -> Vec<u8> {
    let wire = Wire {
        version: VERSION,
        run: run.id.to_string(),
        attempt: run.attempt,
        task: run.task.to_string(),
        worker: run.worker.to_string(),
        due: run.due.0,
        asked: run.asked.0,
        not_before: run.not_before.0,
        input: run.input.as_ref().map(Record::value),
        after: run.after.as_ref().map(ToString::to_string),
    };
    serde_json::to_vec(&wire).unwrap_or_default()
}

/// A run that waits. The error says why it is none of ours.
pub(super) fn from_wire(payload: &[u8]) -> Result<Run, String> {
    let wire: Wire = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("it is of version {}, expected {VERSION}", wire.version));
    }
    Ok(waiting(
        RunId::known(wire.run),
        wire.attempt,
        (TaskName::new(wire.task), WorkerName::new(wire.worker)),
        Times { due: WallTime(wire.due), asked: WallTime(wire.asked), not_before: WallTime(wire.not_before) },
        Given { input: wire.input.as_ref().and_then(Record::of), after: wire.after.map(RunId::known) },
    ))
}

/// When a run is to be done.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) due: WallTime,
    pub(super) asked: WallTime,
    pub(super) not_before: WallTime,
}

/// What a run is given, and by whom.
pub(super) struct Given {
    pub(super) input: Option<Record>,
    pub(super) after: Option<RunId>,
}

/// A run that nobody has begun.
pub(super) fn waiting(
    id: RunId,
    attempt: u32,
    (task, worker): (TaskName, WorkerName),
    times: Times,
    given: Given,
) -> Run {
    Run {
        id,
        attempt,
        task,
        worker,
        due: times.due,
        input: given.input,
        after: given.after,
        state: RunState::Waiting,
        asked: times.asked,
        not_before: times.not_before,
        deliveries: 0,
        pid: None,
        begin: None,
        end: None,
        duration: None,
        exit: None,
        tail: String::new(),
        output: None,
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, Times, from_wire, to_wire, waiting};
    use crate::run::{Record, RunId};
    use minder_core::ids::{TaskName, WorkerName};
    use minder_core::time::WallTime;

    #[test]
    fn what_arrives_is_what_was_sent_and_nothing_else_is_understood() {
        let times = Times { due: WallTime(3), asked: WallTime(2), not_before: WallTime(5) };
        let input = Record::parse(br#"{"a": "b"}"#).expect("JSON");
        let given = Given { input, after: Some(RunId::known("x")) };
        let names = (TaskName::new("a.b"), WorkerName::new("w"));
        let run = waiting(RunId::known("y"), 2, names, times, given);
        assert_eq!(from_wire(&to_wire(&run)), Ok(run.clone()));
        let later = String::from_utf8(to_wire(&run)).expect("JSON").replace("\"version\":1", "\"version\":2");
        assert!(from_wire(later.as_bytes()).is_err());
        assert!(from_wire(b"hello").is_err());
    }
}

//! A run: one time that a task is done, from when it is put into the queue until it is forgotten.

use std::fmt;
use std::time::Duration;

use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;

/// How large a record may be, in bytes: two of them fit into what a NATS server takes by default.
pub const RECORD_BYTES_MAX: usize = 400 * 1024;

/// How much of a run's output is remembered, in bytes; the end of it.
pub const TAIL_BYTES: usize = 4096;

/// How often a run is given to a worker. One that was given so often and never ended, since the worker died each time, has
/// failed.
pub const DELIVERIES_MAX: u32 = 5;

/// A run that was given to a worker so often and never ended may be what kills it: from then on nothing else is done beside it,
/// so that what only worked beside it does not count as a killer too.
pub const SUSPECT_AFTER: u32 = 2;

/// Which run: the same for all attempts at it. Of two, the one that was made later is greater, to the millisecond.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(String);

impl RunId {
    /// A new one, as a UUID of version 7.
    pub fn new(now: WallTime) -> Self {
        let mut bytes = [0u8; 16];
        let drawn = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
        if drawn.is_err() {
            // No kernel that minder runs on refuses; the pid keeps those of one moment apart.
            bytes[8..12].copy_from_slice(&std::process::id().to_be_bytes());
        }
        let milliseconds = now.0.div_euclid(1000).to_be_bytes();
        bytes[..6].copy_from_slice(&milliseconds[2..]);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
    }

    /// One that was made before. Any text: what is no run's id is that of no run.
    pub fn known(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The end of it, which tells runs of one day apart well enough for a person.
    pub fn short(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(8)..).unwrap_or(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a run is given, or gives: one JSON value that is not `null`, on one line, no more than [`RECORD_BYTES_MAX`] long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record(String);

/// Why a text is no record.
#[derive(Debug)]
pub enum RecordError {
    /// It is too long: so many bytes.
    Long(usize),
    /// It is no JSON.
    Json(serde_json::Error),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long(bytes) => write!(f, "{bytes} bytes, expected no more than {RECORD_BYTES_MAX}"),
            Self::Json(error) => write!(f, "no JSON: {error}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// Reads a text. Nothing at all and `null` are no record.
    ///
    /// # Errors
    /// When it is too long, or not one JSON value.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, RecordError> {
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        if text.len() > RECORD_BYTES_MAX {
            return Err(RecordError::Long(text.len()));
        }
        let value: serde_json::Value = serde_json::from_slice(text).map_err(RecordError::Json)?;
        Ok(Self::of(&value))
    }

    /// The record that a value is. `None` for `null`.
    pub fn of(value: &serde_json::Value) -> Option<Self> {
        (!value.is_null()).then(|| Self(value.to_string()))
    }

    /// What was kept of one.
    pub(crate) fn known(text: String) -> Self {
        Self(text)
    }

    /// JSON, without a line break.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a value. `Null` if somebody has changed what was kept.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// Where a run stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RunState {
    /// In the queue.
    Waiting,
    /// At a worker.
    Claimed,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Took longer than it may, and was stopped.
    TimedOut,
    /// Left out: an earlier run waited or worked, or the worker's backlog was full.
    Skipped,
    /// Taken out of the queue, or stopped.
    Cancelled,
    /// The oldest of a backlog that was full.
    Dropped,
}

impl RunState {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Claimed,
        Self::Done,
        Self::Failed,
        Self::TimedOut,
        Self::Skipped,
        Self::Cancelled,
        Self::Dropped,
    ];

    /// The word for it, in the database and for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Dropped => "dropped",
        }
    }

    /// The state of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it stays so.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Waiting | Self::Claimed)
    }
}

/// One attempt at a run, as it is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// Which run.
    pub id: RunId,
    /// 1 for the first.
    pub attempt: u32,
    /// Of which task.
    pub task: TaskName,
    /// Who does it.
    pub worker: WorkerName,
    /// When the run was due.
    pub due: WallTime,
    /// What it is given.
    pub input: Option<Record>,
    /// The run whose output that is.
    pub after: Option<RunId>,
    /// Where it stands.
    pub state: RunState,
    /// When it was put into the queue.
    pub asked: WallTime,
    /// It does not begin before.
    pub not_before: WallTime,
    /// How often a worker was given it.
    pub deliveries: u32,
    /// The process that does it, while it works.
    pub pid: Option<u32>,
    /// When a worker began with it.
    pub begin: Option<WallTime>,
    /// When it ended.
    pub end: Option<WallTime>,
    /// How long it took, by the monotonic clock.
    pub duration: Option<Duration>,
    /// How its process ended.
    pub exit: Option<Exit>,
    /// The end of what it printed.
    pub tail: String,
    /// What it gave.
    pub output: Option<Record>,
    /// Why it stands where it does, if that needs to be said.
    pub reason: Option<String>,
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// With this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// How the system says it.
    pub(crate) fn of(status: std::process::ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Code(-1),
        }
    }

    /// What [`Exit`] shows as text.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        match text.strip_prefix("signal ") {
            Some(number) => number.parse().ok().map(Self::Signal),
            None => text.parse().ok().map(Self::Code),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A run that somebody wants to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// What it is to be known by. `None`: a new id.
    pub id: Option<RunId>,
    /// Of which task.
    pub task: TaskName,
    /// When it is due.
    pub due: WallTime,
    /// It does not begin before.
    pub not_before: WallTime,
    /// What it is given.
    pub input: Option<Record>,
    /// What happens when an earlier run waits or works.
    pub overlap: minder_core::agenda::Overlap,
}

/// What came of an [`Ask`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Offered {
    /// It waits.
    Waits(RunId),
    /// It was left out, and that is remembered under this id. Why.
    Skipped(RunId, String),
    /// The backlog is full, and who asks is to wait: nothing was changed.
    Full,
}

/// What a worker says of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Where it stands now.
    pub verdict: Verdict,
    /// How its process ended, if there was one of its own.
    pub exit: Option<Exit>,
    /// How long it took.
    pub duration: Duration,
    /// The end of what it printed.
    pub tail: String,
    /// Why it did not do well.
    pub reason: Option<String>,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Well, with this output.
    Done(Option<Record>),
    /// Badly.
    Failed,
    /// It took too long.
    TimedOut,
    /// Somebody wanted it to stop.
    Cancelled,
    /// It has not ended: its worker does, and another one is to do it.
    GivenBack,
}

/// What follows from the end of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Aftermath {
    /// The next attempt does not begin before.
    pub retry: Option<WallTime>,
    /// What was offered to the tasks that follow.
    pub followers: Vec<(TaskName, Offered)>,
}

#[cfg(test)]
mod tests {
    use super::{Exit, Record, RunId, RunState};
    use minder_core::time::WallTime;

    #[test]
    fn a_later_run_has_a_greater_id() {
        let ids: Vec<RunId> =
            (0..50).map(|at| RunId::new(WallTime(1_800_000_000_000_000 + at * 1000))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        let id = ids[0].as_str();
        assert_eq!((id.len(), &id[14..15]), (36, "7"));
        assert_eq!(ids[0].short().len(), 8);
    }

    #[test]
    fn words_and_texts_are_read_as_they_are_written() {
        for state in RunState::ALL {
            assert_eq!(RunState::of_word(state.word()), Some(state));
        }
        for exit in [Exit::Code(0), Exit::Code(255), Exit::Signal(9)] {
            assert_eq!(Exit::of_text(&exit.to_string()), Some(exit));
        }
        assert_eq!(Exit::of_text("signal x"), None);
    }

    #[test]
    fn a_record_is_one_value_on_one_line() {
        let record = Record::parse(b"{\n  \"a\": [1,\n 2.5]\n}\n").expect("JSON").expect("a record");
        assert_eq!(record.as_str(), r#"{"a":[1,2.5]}"#);
        assert_eq!(Record::parse(b" null ").expect("JSON"), None);
        assert_eq!(Record::parse(b"\n").expect("nothing"), None);
        assert!(Record::parse(b"{} {}").is_err());
        assert!(Record::parse(&[b' '; 3]).expect("nothing").is_none());
        assert!(Record::parse(&vec![b'1'; super::RECORD_BYTES_MAX + 1]).is_err());
    }
}

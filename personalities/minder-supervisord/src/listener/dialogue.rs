//! What one listener says on its standard output, as a state machine.
//!
//! ```text
//!  Acknowledged ──"READY⏎"──▶ Ready ──an event is sent──▶ Busy ──"RESULT n⏎" and n bytes──▶ Acknowledged
//!        └───── anything else ───┴──────── a bad line ──────┴──▶ Unknown, until the process is a new one
//! ```
//!
//! Words may come in pieces, or several at once. What is kept of an unfinished word is bounded.

use crate::conf::python;

const READY: &[u8] = b"READY\n";
/// The length of `RESULT `; which bytes these are is not looked at, as in the original.
const RESULT_SKIPPED: usize = 7;
/// The only answer that accepts an event.
const ACCEPTED: &[u8] = b"OK";
/// How long a result line may be. The original has no limit; whoever says so much means something else.
pub(super) const RESULT_LINE_BYTES_MAX: usize = 4096;

/// Where the conversation stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// It has not said yet that it is ready.
    Acknowledged,
    /// It waits for an event.
    Ready,
    /// It has an event.
    Busy,
    /// It broke the protocol and gets no more.
    Unknown,
}

impl Stage {
    /// The name in the main log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Stage::Acknowledged => "ACKNOWLEDGED",
            Stage::Ready => "READY",
            Stage::Busy => "BUSY",
            Stage::Unknown => "UNKNOWN",
        }
    }
}

/// An answer of which the length is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// How many bytes are still to come.
    pub(super) left: u64,
    /// Its beginning: enough to tell whether it accepts.
    pub(super) head: Vec<u8>,
}

/// The conversation with one process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Dialogue {
    pub(super) stage: Stage,
    /// An unfinished word; at most [`RESULT_LINE_BYTES_MAX`] bytes.
    pub(super) partial: Vec<u8>,
    /// Set while an answer's bytes are gathered.
    pub(super) answer: Option<Answer>,
}

/// Something that was said to the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// `READY`.
    Ready,
    /// The event was processed.
    Accepted,
    /// The event was refused.
    Rejected,
    /// A line that should have been a result.
    BadResult(Vec<u8>),
    /// Something out of turn, in this stage.
    Nonsense(Stage),
}

impl Dialogue {
    /// With a process that has just been started.
    pub(super) const fn new() -> Self {
        Self { stage: Stage::Acknowledged, partial: Vec::new(), answer: None }
    }

    /// An event was sent.
    pub(super) fn sent(&mut self) {
        self.stage = Stage::Busy;
    }

    /// The event could not be sent after all.
    pub(super) fn not_sent(&mut self) {
        *self = Self { stage: Stage::Ready, ..Self::new() };
    }

    /// Takes what it wrote. Each thing said is handed to `told` at once.
    pub(super) fn hear(&mut self, mut bytes: &[u8], told: &mut Vec<Said>) {
        while !bytes.is_empty() {
            match self.stage {
                Stage::Unknown => return,
                Stage::Acknowledged => bytes = self.hear_ready(bytes, told),
                Stage::Ready => self.broken(Said::Nonsense(Stage::Ready), told),
                Stage::Busy if self.answer.is_some() => bytes = self.hear_answer(bytes, told),
                Stage::Busy => bytes = self.hear_result_line(bytes, told),
            }
        }
    }

    /// Nothing is decided before there are as many bytes as `READY⏎` has.
    fn hear_ready<'a>(&mut self, bytes: &'a [u8], told: &mut Vec<Said>) -> &'a [u8] {
        let rest = self.gather(bytes, READY.len());
        if self.partial == READY {
            self.partial.clear();
            self.stage = Stage::Ready;
            told.push(Said::Ready);
        } else if self.partial.len() == READY.len() {
            self.broken(Said::Nonsense(Stage::Acknowledged), told);
        }
        rest
    }

    fn hear_result_line<'a>(&mut self, bytes: &'a [u8], told: &mut Vec<Said>) -> &'a [u8] {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let piece = end.map_or(bytes, |end| &bytes[..end]);
        let unfit = self.gather(piece, RESULT_LINE_BYTES_MAX);
        let Some(end) = end.filter(|_| unfit.is_empty()) else {
            if !unfit.is_empty() {
                let line = std::mem::take(&mut self.partial);
                self.broken(Said::BadResult(line), told);
            }
            return &[];
        };
        let line = std::mem::take(&mut self.partial);
        match result_length(&line) {
            Some(left) => {
                self.answer = Some(Answer { left, head: Vec::new() });
                // The original waits for another byte before it sees that an empty answer is complete.
                self.finish_answer(told);
            }
            None => self.broken(Said::BadResult(line), told),
        }
        &bytes[end + 1..]
    }

    fn hear_answer<'a>(&mut self, bytes: &'a [u8], told: &mut Vec<Said>) -> &'a [u8] {
        let Some(answer) = &mut self.answer else { return bytes };
        let taken = usize::try_from(answer.left).unwrap_or(usize::MAX).min(bytes.len());
        let (mine, rest) = bytes.split_at(taken);
        let room = (ACCEPTED.len() + 1).saturating_sub(answer.head.len());
        answer.head.extend_from_slice(&mine[..room.min(mine.len())]);
        answer.left -= taken as u64;
        self.finish_answer(told);
        rest
    }

    fn finish_answer(&mut self, told: &mut Vec<Said>) {
        let Some(answer) = self.answer.take_if(|answer| answer.left == 0) else { return };
        self.stage = Stage::Acknowledged;
        told.push(if answer.head == ACCEPTED { Said::Accepted } else { Said::Rejected });
    }

    /// Adds to the unfinished word up to a length; returns what is too much.
    fn gather<'a>(&mut self, bytes: &'a [u8], length: usize) -> &'a [u8] {
        let room = length.saturating_sub(self.partial.len()).min(bytes.len());
        let (mine, rest) = bytes.split_at(room);
        self.partial.extend_from_slice(mine);
        rest
    }

    fn broken(&mut self, said: Said, told: &mut Vec<Said>) {
        *self = Self { stage: Stage::Unknown, ..Self::new() };
        told.push(said);
    }
}

/// The length that a result line announces.
fn result_length(line: &[u8]) -> Option<u64> {
    let number = line.get(RESULT_SKIPPED..).filter(|number| number.is_ascii())?;
    let number = python::decimal(std::str::from_utf8(number).ok()?).ok()?;
    // Of a negative length the original makes something that never ends; it is as bad as no number.
    u64::try_from(number).ok()
}

//! A record's bytes: a version, a length, a checksum, then the fields in their order, little-endian.

use minder_core::ids::{ByteString, CoreDump, Errno, ExitStatus, Pid, Signal};
use minder_core::instance::{Facts, Phase, Rest, StopPending, Trouble, UnbornStep};
use minder_core::program::CommandProblem;
use minder_core::time::{Instant, Now, WallTime};

use super::Record;
use crate::birthmark::Birthmark;
use crate::mark::Mark;
use crate::memo::checksum;
use crate::owed::{Owed, reach_numbers, reach_of};

/// To be raised with every change of what follows.
const VERSION: u8 = 4;
const HEADER: usize = 1 + 2 + 8;

/// The bytes of a record.
pub(super) fn encode(record: &Record) -> Vec<u8> {
    let mut body = Writer(Vec::with_capacity(256));
    body.u32(record.child);
    body.facts(&record.facts);
    body.option(record.birthmark, Writer::birthmark);
    body.option(record.mark, |w, mark| w.u64(mark.0));
    body.option(record.owed, Writer::owed);
    body.option(record.stdout_log.as_ref(), |w, path| w.bytes(path.as_bytes()));
    body.option(record.stderr_log.as_ref(), |w, path| w.bytes(path.as_bytes()));
    sealed(body.0)
}

/// A body behind its header.
pub(super) fn sealed(body: Vec<u8>) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend(checksum(&body).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// The record, or `None` if the bytes are not one.
pub(super) fn decode(bytes: &[u8]) -> Option<Record> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let length = u16::from_le_bytes(header[1..3].try_into().ok()?);
    let body = rest.get(..usize::from(length))?;
    if header[0] != VERSION || u64::from_le_bytes(header[3..].try_into().ok()?) != checksum(body) {
        return None;
    }
    let mut reader = Reader(body);
    Some(Record {
        child: reader.u32()?,
        facts: reader.facts()?,
        birthmark: reader.option(Reader::birthmark)?,
        mark: reader.option(|r| r.u64().map(Mark))?,
        owed: reader.option(Reader::owed)?,
        stdout_log: reader.option(|r| r.bytes().map(ByteString::from))?,
        stderr_log: reader.option(|r| r.bytes().map(ByteString::from))?,
    })
}

const UNBORN: [UnbornStep; 6] = [
    UnbornStep::Lead,
    UnbornStep::Descriptors,
    UnbornStep::Limits,
    UnbornStep::Identity,
    UnbornStep::Directory,
    UnbornStep::Exec,
];

fn unborn_number(step: UnbornStep) -> u8 {
    match step {
        UnbornStep::Lead => 0,
        UnbornStep::Descriptors => 1,
        UnbornStep::Limits => 2,
        UnbornStep::Identity => 3,
        UnbornStep::Directory => 4,
        UnbornStep::Exec => 5,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.0.extend(value);
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn owed(&mut self, owed: Owed) {
        let (reach, pid) = reach_numbers(owed.reach);
        self.u8(owed.signal.0);
        self.u8(reach);
        self.u32(pid);
        self.u32(owed.after);
    }

    fn birthmark(&mut self, mark: Birthmark) {
        self.u32(mark.pid);
        self.u64(mark.birth);
        mark.pipes.into_iter().for_each(|pipe| self.u64(pipe));
    }

    fn facts(&mut self, facts: &Facts) {
        self.phase(facts.phase);
        self.u32(facts.failures);
        self.option(facts.started, |w, at| {
            w.u64(at.monotonic.0);
            w.i64(at.wall.0);
        });
        self.option(facts.stopped, |w, at| w.i64(at.0));
        self.option(facts.last_exit, Self::exit);
        self.option(facts.trouble.as_ref(), Self::trouble);
        self.u8(match facts.stop_pending {
            StopPending::No => 0,
            StopPending::Yes => 1,
        });
    }

    fn phase(&mut self, phase: Phase) {
        match phase {
            Phase::Down(rest) => {
                self.u8(0);
                self.u8(match rest {
                    Rest::Fresh => 0,
                    Rest::Asked => 1,
                    Rest::Ended => 2,
                    Rest::GaveUp => 3,
                });
            }
            Phase::Spawning => self.u8(1),
            Phase::Starting { pid, ready_at } => self.timed(2, pid, ready_at),
            Phase::Up { pid } => self.timed(3, pid, Instant(0)),
            Phase::Stopping { pid, kill_at } => self.timed(4, pid, kill_at),
            Phase::Waiting { until } => {
                self.u8(5);
                self.u64(until.0);
            }
            Phase::Lost { pid } => self.timed(6, pid, Instant(0)),
        }
    }

    fn timed(&mut self, tag: u8, pid: Pid, at: Instant) {
        self.u8(tag);
        self.u32(pid.get());
        self.u64(at.0);
    }

    fn exit(&mut self, status: ExitStatus) {
        let (tag, value) = match status {
            ExitStatus::Code(code) => (0, code),
            ExitStatus::Signal { signal, core: CoreDump::None } => (1, signal.0),
            ExitStatus::Signal { signal, core: CoreDump::Written } => (2, signal.0),
            ExitStatus::Unknown => (3, 0),
        };
        self.u8(tag);
        self.u8(value);
    }

    fn trouble(&mut self, trouble: &Trouble) {
        match trouble {
            Trouble::Command(problem) => {
                self.u8(0);
                self.command_problem(problem);
            }
            Trouble::Pipes(errno) => self.errno(1, *errno),
            Trouble::Fork(errno) => self.errno(2, *errno),
            Trouble::Socket(errno) => self.errno(3, *errno),
            Trouble::DiedYoung => self.u8(4),
            Trouble::BadExit(status) => {
                self.u8(5);
                self.exit(*status);
            }
            Trouble::Unborn(step, errno) => {
                self.errno(6, *errno);
                self.u8(unborn_number(*step));
            }
        }
    }

    fn errno(&mut self, tag: u8, errno: Errno) {
        self.u8(tag);
        self.i64(i64::from(errno.0));
    }

    fn command_problem(&mut self, problem: &CommandProblem) {
        let (tag, text): (u8, &[u8]) = match problem {
            CommandProblem::Unsplittable(reason) => (0, reason.as_bytes()),
            CommandProblem::Empty => (1, b""),
            CommandProblem::NotFound(word) => (2, word.as_bytes()),
            CommandProblem::IsDirectory(path) => (3, path.as_bytes()),
            CommandProblem::NotExecutable(path) => (4, path.as_bytes()),
            CommandProblem::NotPermitted(path) => (5, path.as_bytes()),
        };
        self.u8(tag);
        // A record has bounded room; of an absurdly long word the beginning tells enough.
        self.bytes(&text[..text.len().min(1024)]);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take(8)?.try_into().ok().map(i64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.take(length)
    }

    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            _ => read(self).map(Some),
        }
    }

    fn owed(&mut self) -> Option<Owed> {
        let signal = Signal(self.u8()?);
        let reach = reach_of((self.u8()?, self.u32()?))?;
        Some(Owed { signal, reach, after: self.u32()? })
    }

    fn birthmark(&mut self) -> Option<Birthmark> {
        let (pid, birth) = (self.u32()?, self.u64()?);
        Some(Birthmark { pid, birth, pipes: [self.u64()?, self.u64()?, self.u64()?] })
    }

    fn facts(&mut self) -> Option<Facts> {
        Some(Facts {
            phase: self.phase()?,
            failures: self.u32()?,
            started: self.option(|r| Some(Now { monotonic: Instant(r.u64()?), wall: WallTime(r.i64()?) }))?,
            stopped: self.option(|r| r.i64().map(WallTime))?,
            last_exit: self.option(Self::exit)?,
            trouble: self.option(Self::trouble)?,
            stop_pending: if self.u8()? == 0 { StopPending::No } else { StopPending::Yes },
        })
    }

    fn phase(&mut self) -> Option<Phase> {
        Some(match self.u8()? {
            0 => Phase::Down(match self.u8()? {
                0 => Rest::Fresh,
                1 => Rest::Asked,
                2 => Rest::Ended,
                _ => Rest::GaveUp,
            }),
            1 => Phase::Spawning,
            2 => {
                let (pid, ready_at) = self.timed()?;
                Phase::Starting { pid, ready_at }
            }
            3 => Phase::Up { pid: self.timed()?.0 },
            4 => {
                let (pid, kill_at) = self.timed()?;
                Phase::Stopping { pid, kill_at }
            }
            5 => Phase::Waiting { until: Instant(self.u64()?) },
            6 => Phase::Lost { pid: self.timed()?.0 },
            _ => return None,
        })
    }

    fn timed(&mut self) -> Option<(Pid, Instant)> {
        Some((Pid::new(self.u32()?)?, Instant(self.u64()?)))
    }

    fn exit(&mut self) -> Option<ExitStatus> {
        let (tag, value) = (self.u8()?, self.u8()?);
        let signal = Signal(value);
        Some(match tag {
            0 => ExitStatus::Code(value),
            1 => ExitStatus::Signal { signal, core: CoreDump::None },
            2 => ExitStatus::Signal { signal, core: CoreDump::Written },
            3 => ExitStatus::Unknown,
            _ => return None,
        })
    }

    fn trouble(&mut self) -> Option<Trouble> {
        Some(match self.u8()? {
            0 => Trouble::Command(self.command_problem()?),
            1 => Trouble::Pipes(self.errno()?),
            2 => Trouble::Fork(self.errno()?),
            3 => Trouble::Socket(self.errno()?),
            4 => Trouble::DiedYoung,
            5 => Trouble::BadExit(self.exit()?),
            6 => {
                let errno = self.errno()?;
                let number = self.u8()?;
                Trouble::Unborn(UNBORN.into_iter().find(|step| unborn_number(*step) == number)?, errno)
            }
            _ => return None,
        })
    }

    fn errno(&mut self) -> Option<Errno> {
        self.i64()?.try_into().ok().map(Errno)
    }

    fn command_problem(&mut self) -> Option<CommandProblem> {
        let tag = self.u8()?;
        let text = self.bytes()?;
        Some(match tag {
            0 => CommandProblem::Unsplittable(String::from_utf8_lossy(text).into()),
            1 => CommandProblem::Empty,
            2 => CommandProblem::NotFound(text.into()),
            3 => CommandProblem::IsDirectory(text.into()),
            4 => CommandProblem::NotExecutable(text.into()),
            5 => CommandProblem::NotPermitted(text.into()),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phases() -> impl Strategy<Value = Phase> {
        (1u32.., any::<u64>(), 0..10u8).prop_map(|(pid, at, kind)| {
            let pid = Pid::new(pid).unwrap();
            let at = Instant(at);
            match kind {
                0 => Phase::Down(Rest::Fresh),
                1 => Phase::Down(Rest::Asked),
                2 => Phase::Down(Rest::Ended),
                3 => Phase::Down(Rest::GaveUp),
                4 => Phase::Spawning,
                5 => Phase::Starting { pid, ready_at: at },
                6 => Phase::Up { pid },
                7 => Phase::Stopping { pid, kill_at: at },
                8 => Phase::Waiting { until: at },
                _ => Phase::Lost { pid },
            }
        })
    }

    fn exits() -> impl Strategy<Value = ExitStatus> {
        (any::<u8>(), 0..4u8).prop_map(|(value, kind)| match kind {
            0 => ExitStatus::Code(value),
            1 => ExitStatus::Signal { signal: Signal(value), core: CoreDump::None },
            2 => ExitStatus::Signal { signal: Signal(value), core: CoreDump::Written },
            _ => ExitStatus::Unknown,
        })
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_was(
            mark: Option<(u32, u64, [u64; 3])>,
            phase in phases(), failures: u32, started: Option<(u64, i64)>, stopped: Option<i64>,
            last_exit in proptest::option::of(exits()), trouble in 0..12u8, errno: i32, word: Vec<u8>,
            pending: bool, child: u32, log: Option<Vec<u8>>,
        ) {
            let word = ByteString::from(word);
            let trouble = match trouble {
                0 => Some(Trouble::Command(CommandProblem::Unsplittable("why".into()))),
                1 => Some(Trouble::Command(CommandProblem::Empty)),
                2 => Some(Trouble::Command(CommandProblem::NotFound(word))),
                3 => Some(Trouble::Command(CommandProblem::IsDirectory(word))),
                4 => Some(Trouble::Command(CommandProblem::NotExecutable(word))),
                5 => Some(Trouble::Command(CommandProblem::NotPermitted(word))),
                6 => Some(Trouble::Pipes(Errno(errno))),
                7 => Some(Trouble::Fork(Errno(errno))),
                8 => Some(Trouble::Socket(Errno(errno))),
                9 => Some(Trouble::DiedYoung),
                10 => last_exit.map(Trouble::BadExit),
                _ => None,
            };
            let facts = Facts {
                phase, failures,
                started: started.map(|(m, w)| Now { monotonic: Instant(m), wall: WallTime(w) }),
                stopped: stopped.map(WallTime), last_exit, trouble,
                stop_pending: if pending { StopPending::Yes } else { StopPending::No },
            };
            let birthmark = mark.map(|(pid, birth, pipes)| Birthmark { pid, birth, pipes });
            let mark = mark.map(|(_, mark, _)| Mark(mark));
            let owed = mark.map(|mark| Owed { signal: Signal::TERM, reach: minder_core::stop::Reach::Tree, after: u32::try_from(mark.0 % 1000).unwrap_or(0) });
            let record = Record { facts, child, birthmark, mark, owed, stdout_log: log.clone().map(Into::into), stderr_log: log.map(Into::into) };
            prop_assert_eq!(decode(&encode(&record)), Some(record));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}

//! The mind as the keeper sees it: a process to start, to wait for and to start again.

use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::boot::mind_environment;
use crate::held::Held;
use crate::origin::Origin;
use crate::spawn::Cloner;
use crate::wire::{ErrorTo, Leader, Limit, OutputTo, Port, SpawnRequest, StdinFrom};

/// A mind that lived shorter than this died young, unless it worked and somebody killed it.
const YOUNG: Duration = Duration::from_secs(1);
/// How long the second mind in a row that died young is waited with; each further one twice as long.
const BACKOFF_FIRST: Duration = Duration::from_millis(10);
/// The longest such wait.
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// How often the mind is started again that was killed before it was ever ready.
const STILLBORN_MAX: u32 = 3;
/// The number of the mind's port in the mind.
const PORT_FD: i32 = 3;

/// How the mind is started: normally this executable with the keeper's own arguments, so that `ps` shows the line
/// that the user knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MindCommand {
    /// Path of the program.
    pub program: Vec<u8>,
    /// The arguments, the name of the program included.
    pub argv: Vec<Vec<u8>>,
}

impl MindCommand {
    /// This executable, with this process's arguments.
    #[must_use]
    pub fn own() -> Self {
        let argv = std::env::args_os().map(OsStringExt::into_vec).collect();
        Self { program: b"/proc/self/exe".to_vec(), argv }
    }

    fn request(&self) -> SpawnRequest {
        // A mind has as many descriptors as a keeper, so it keeps the keeper's raised limit.
        let nofile = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        SpawnRequest {
            program: self.program.clone(),
            argv: self.argv.clone(),
            environment: mind_environment(PORT_FD),
            directory: None,
            credentials: None,
            umask: None,
            limits: vec![Limit { resource: libc::RLIMIT_NOFILE.cast_signed(), soft: nofile, hard: nofile }],
            // Of its own, so that a terminal's Ctrl-C reaches the keeper alone.
            leader: Leader::Group,
            stdin: StdinFrom::Null,
            stdout: OutputTo::Inherit,
            stderr: ErrorTo::Inherit,
            inherited: vec![(b"port".to_vec(), PORT_FD)],
            pid_variable: None,
        }
    }
}

/// A running mind.
#[derive(Debug)]
pub(crate) struct Mind {
    pub(crate) pid: u32,
    pub(crate) port: Port,
    /// Whether it still has its end of the port.
    pub(crate) line: Line,
    pub(crate) born: Instant,
    /// Whether it said that it is ready.
    pub(crate) ready: bool,
    /// When it last said something.
    heard: Instant,
    /// Since when it owes an answer.
    owes_since: Option<Instant>,
}

/// The state of the mind's end of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// There is room.
    Open,
    /// It has to read before there is room again.
    Full,
    /// The kernel had no memory or descriptors for a message just then.
    Starved,
    /// Closed.
    Dead,
}

impl Mind {
    /// Starts one. `None` when that was not possible just now.
    pub(crate) fn start(
        command: &MindCommand,
        cloner: &Cloner,
        origin: &Origin,
        now: Instant,
    ) -> Option<Self> {
        let (port, theirs) = Port::pair().ok()?;
        let mut held = Held::default();
        held.hold(b"port".to_vec(), theirs.into());
        let born = cloner.spawn(command.request(), &held, origin, None).ok()?;
        Some(Self {
            pid: born.pid,
            port,
            line: Line::Open,
            born: now,
            ready: false,
            heard: now,
            owes_since: None,
        })
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// When it has owed an answer for too long, if it owes one.
    pub(crate) fn overdue_at(&mut self, debt: Debt, patience: Duration, now: Instant) -> Option<Instant> {
        match debt {
            Debt::None => {
                self.owes_since = None;
                None
            }
            Debt::Answer => Some((*self.owes_since.get_or_insert(now)).max(self.heard) + patience),
        }
    }
}

/// Whether the mind owes us an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Debt {
    /// It may be silent for ever.
    None,
    /// It should read, acknowledge or exit.
    Answer,
}

/// What the minds so far teach about the next one.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    /// How many there were.
    pub(crate) count: u32,
    /// Whether one of them was ever ready.
    pub(crate) ever_ready: bool,
    stillborn: u32,
    young_deaths: u32,
}

/// How a mind ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MindEnd {
    /// There was none: it could not be started.
    NotStarted,
    /// By itself, with this status.
    Exit(i32),
    /// By a fault of its own, or before it was ready.
    Crash,
    /// It worked, and somebody killed it.
    Killed,
}

/// Whether anybody depends on there being a mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Household {
    /// There are no children.
    Empty,
    /// There are.
    Children,
}

/// What follows the end of a mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another one, after this long.
    Start(Duration),
    /// The end of the keeper, with this status.
    Exit(i32),
}

impl Lives {
    /// Of a keeper that goes on where another one had to end, after so many minds.
    pub(crate) fn continued(count: u32) -> Self {
        Self { count, ever_ready: true, ..Self::default() }
    }

    /// One more has ended, after so long.
    pub(crate) fn another_ended(&mut self, lived: Duration, end: MindEnd, household: Household) -> Next {
        self.count += 1;
        if !self.ever_ready && household == Household::Empty {
            if let MindEnd::Exit(status) = end {
                return Next::Exit(status);
            }
            self.stillborn += 1;
            if self.stillborn > STILLBORN_MAX {
                return Next::Exit(1);
            }
        }
        let young = lived < YOUNG && end != MindEnd::Killed;
        self.young_deaths = if young { self.young_deaths.saturating_add(1) } else { 0 };
        Next::Start(match self.young_deaths {
            0 | 1 => Duration::ZERO,
            again => BACKOFF_FIRST.saturating_mul(1 << (again - 2).min(16)).min(BACKOFF_MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(3);

    #[test]
    fn a_mind_that_dies_young_again_and_again_is_waited_with_longer_each_time() {
        let mut lives = Lives { ever_ready: true, ..Lives::default() };
        let waits =
            (0..10).map(|_| match lives.another_ended(MOMENT, MindEnd::Exit(0), Household::Children) {
                Next::Start(wait) => wait.as_millis(),
                Next::Exit(status) => panic!("exit {status}"),
            });
        assert_eq!(waits.collect::<Vec<_>>(), [0, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(
            lives.another_ended(YOUNG, MindEnd::Crash, Household::Children),
            Next::Start(Duration::ZERO)
        );
    }

    #[test]
    fn a_mind_that_worked_and_was_killed_is_followed_at_once() {
        let mut lives = Lives { ever_ready: true, ..Lives::default() };
        for _ in 0..10 {
            let next = lives.another_ended(MOMENT, MindEnd::Killed, Household::Children);
            assert_eq!(next, Next::Start(Duration::ZERO));
        }
    }

    #[test]
    fn a_mind_that_gives_up_before_it_was_ready_ends_the_keeper_with_its_status() {
        assert_eq!(Lives::default().another_ended(MOMENT, MindEnd::Exit(2), Household::Empty), Next::Exit(2));
    }

    #[test]
    fn a_mind_that_is_killed_before_it_was_ready_gets_three_more_chances() {
        let mut lives = Lives::default();
        for _ in 0..3 {
            assert!(matches!(lives.another_ended(MOMENT, MindEnd::Crash, Household::Empty), Next::Start(_)));
        }
        assert_eq!(lives.another_ended(MOMENT, MindEnd::Crash, Household::Empty), Next::Exit(1));
    }
}

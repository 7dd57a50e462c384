//! The daemon's log: lines of time, pid, level and text.

use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minder_core::control::{Control, Request};
use minder_core::time::Now;

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What went wrong, and goes on.
    Warning,
    /// What went wrong.
    Error,
    /// What nothing goes on after.
    Critical,
}

impl Level {
    /// Its name in a line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// The level of this name, in lower case.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warning, Self::Error, Self::Critical]
            .into_iter()
            .find(|level| level.word().eq_ignore_ascii_case(word))
    }
}

/// How lines are made.
#[derive(Clone, Debug)]
pub struct Log {
    /// What is less than this is not said.
    pub least: Level,
    /// The pid in each line: the daemon's.
    pub pid: u32,
    /// Whose time of day.
    pub zone: TimeZone,
}

impl Log {
    /// One line, or nothing if it matters too little.
    pub fn line(&self, now: Now, level: Level, text: &str) -> Option<Vec<u8>> {
        if level < self.least {
            return None;
        }
        let at = Timestamp::from_microsecond(now.wall.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
        Some(format!("{at} circus[{}] [{}] {text}\n", self.pid, level.word()).into_bytes())
    }

    /// Writes a line from outside the mind's loop.
    pub(super) fn say(&self, control: &Rc<dyn Control>, now: Now, level: Level, text: &str) {
        if let Some(line) = self.line(now, level, text) {
            // Nobody waits for it, and nothing follows from it.
            tokio::task::spawn_local(control.ask(Request::Journal(line)));
        }
    }
}

//! A daemon under measurement: minder or the original that it takes the place of. It and all that it runs end with the value.

use super::beacons::Moment;
use super::processes;
use crate::step::Problem;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whose figures they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Original,
    Minder,
}

/// Both, the one that is measured against first.
pub(super) const SIDES: [Side; 2] = [Side::Original, Side::Minder];

impl Side {
    /// What it is called in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Original => "the original",
            Self::Minder => "minder",
        }
    }
}

/// What minder takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Original {
    Supervisor,
    Circus,
}

impl Original {
    /// What it is called in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Supervisor => "Supervisor",
            Self::Circus => "Circus",
        }
    }

    /// The name of its program, which minder answers to as well.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisord",
            Self::Circus => "circusd",
        }
    }
}

/// A running daemon with a folder of its own.
#[derive(Debug)]
pub(super) struct Daemon {
    side: Side,
    process: Child,
    home: PathBuf,
    /// The moment before it was started.
    pub(super) begun: Moment,
}

/// How long one may take to answer for the first time.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end.
const END: Duration = Duration::from_secs(60);
/// Between two looks at something that tells nobody when it happens.
const LOOK: Duration = Duration::from_millis(5);

impl Daemon {
    /// Starts one in its folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(side: Side, home: &Path, command: &mut Command) -> Result<Self, Problem> {
        command.current_dir(home).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let begun = Moment::now();
        let process = command.spawn().map_err(|error| Problem::NotStarted(side.name().into(), error))?;
        Ok(Self { side, process, home: home.to_owned(), begun })
    }

    /// Asks for the first time, again and again until there is an answer.
    ///
    /// # Errors
    /// When it ends, or does not answer in time.
    pub(super) fn first_answer<T>(
        &mut self,
        mut ask: impl FnMut() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let deadline = Instant::now() + START;
        loop {
            match ask() {
                Ok(answer) => return Ok(answer),
                Err(problem) if Instant::now() > deadline => return Err(problem),
                Err(_) => std::thread::sleep(LOOK),
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(Problem::Failed(self.side.name().into(), status.to_string()));
            }
        }
    }

    /// The process that was started: of minder, the keeper.
    pub(super) fn pid(&self) -> i32 {
        self.process.id().cast_signed()
    }

    /// All processes of the daemon itself: of minder, the keeper and its child of the same command line.
    pub(super) fn own_pids(&self) -> Vec<i32> {
        let keeper = self.pid();
        let mut pids = vec![keeper];
        if self.side == Side::Minder {
            let line = processes::command_line(keeper);
            let mut children = processes::children(keeper).into_iter();
            pids.extend(children.find(|&child| processes::command_line(child) == line));
        }
        pids
    }

    /// Asks it to end; kills it when it does not within this time.
    pub(super) fn end_within(&mut self, patience: Duration) {
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        // Before it ends, so that nobody is forgotten whom it leaves behind.
        let children = processes::children(self.pid());
        processes::signal(self.pid(), Signal::TERM);
        let deadline = Instant::now() + patience;
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                eprintln!("! {} does not end: killed", self.side.name());
                let _ = self.process.kill();
                let _ = self.process.wait();
                break;
            }
            std::thread::sleep(LOOK);
        }
        for child in children.into_iter().filter(|&child| processes::exists(child)) {
            processes::signal(child, Signal::KILL);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end_within(END);
        // Logs are large.
        let _ = fs::remove_dir_all(&self.home);
    }
}

//! A daemon under measurement, whoever made it. It and all that it runs end with the value.

use super::beacons::Moment;
use super::processes;
use crate::step::Problem;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How one is asked to end together with all that it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Term,
    Hangup,
}

/// A running daemon with a folder of its own.
#[derive(Debug)]
pub(super) struct Daemon {
    name: &'static str,
    ending: Ending,
    process: Child,
    home: PathBuf,
    /// The moment before it was started.
    pub(super) begun: Moment,
}

/// How long one may take to answer for the first time.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end.
const END: Duration = Duration::from_secs(30);
/// How long those may take to end who were told by one that has ended.
const AFTERMATH: Duration = Duration::from_secs(2);
/// The programs that are run, by the names that the kernel knows.
const PROGRAMS: [&str; 3] = ["beacon", "writer", "sleep"];
/// Between two looks at something that tells nobody when it happens.
const LOOK: Duration = Duration::from_millis(5);

impl Daemon {
    /// Starts one in its folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(
        name: &'static str,
        home: &Path,
        command: &mut Command,
        ending: Ending,
    ) -> Result<Self, Problem> {
        command.current_dir(home).stdin(Stdio::null()).stdout(Stdio::null());
        // What it says there is of no use in a table, and some say a line for every program.
        command.stderr(Stdio::null());
        let begun = Moment::now();
        let process = command.spawn().map_err(|error| Problem::NotStarted(name.into(), error))?;
        Ok(Self { name, ending, process, home: home.to_owned(), begun })
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
                return Err(Problem::Failed(self.name.into(), status.to_string()));
            }
        }
    }

    /// The process that was started: of minder, the keeper.
    pub(super) fn pid(&self) -> i32 {
        self.process.id().cast_signed()
    }

    /// All processes of the supervisor itself: what it descends to, save the programs that it runs.
    pub(super) fn own_pids(&self) -> Vec<i32> {
        let mut pids = processes::descendants(self.pid());
        pids.retain(|&pid| !PROGRAMS.contains(&processes::name(pid).as_str()));
        pids.insert(0, self.pid());
        pids
    }

    /// Asks it to end; kills it when it does not within this time.
    pub(super) fn end_within(&mut self, patience: Duration) {
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        // Before it ends, so that nobody is forgotten whom it leaves behind.
        let family = processes::descendants(self.pid());
        let signal = match self.ending {
            Ending::Term => Signal::TERM,
            Ending::Hangup => Signal::HUP,
        };
        processes::signal(self.pid(), signal);
        let deadline = Instant::now() + patience;
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                eprintln!("! {} does not end: killed", self.name);
                let _ = self.process.kill();
                let _ = self.process.wait();
                break;
            }
            std::thread::sleep(LOOK);
        }
        // Some go before those whom they told to go.
        let deadline = Instant::now() + AFTERMATH;
        while Instant::now() < deadline && family.iter().any(|&pid| processes::lives(pid)) {
            std::thread::sleep(LOOK);
        }
        // The supervisors first of all, so that they start nobody again.
        let (programs, own): (Vec<i32>, Vec<i32>) = family
            .into_iter()
            .filter(|&pid| processes::lives(pid))
            .partition(|&pid| PROGRAMS.contains(&processes::name(pid).as_str()));
        for pid in own.into_iter().chain(programs) {
            for child in processes::descendants(pid) {
                processes::signal(child, Signal::KILL);
            }
            processes::signal(pid, Signal::KILL);
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

//! Who is measured: one file each says how it is configured to run many programs, how it is asked, and what it cannot do.
//!
//! [`Peer`] begins one with some [`Work`]; [`Running`] is what can be asked of it then. [`install`] provides those that are
//! not there, when it is asked to; one that is not there is left out with a note, and is never a failure.

mod circus;
mod dinit;
mod horust;
pub(crate) mod install;
mod minder;
mod pitchfork;
mod pm2;
mod runit;
mod s6;
mod service_folders;
mod supervisor;

pub(super) use dinit::MARKS;

use super::daemon::Daemon;
use super::place::Place;
use crate::step::Problem;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is written of the programs' output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logs {
    /// Nothing.
    None,
    /// What the peer does if nobody says anything.
    Default,
    /// Standard output, into a file for each program that is rotated at so many bytes.
    Rotated(u64),
}

/// What a peer shall run: the same program many times, started again whenever it ends.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) command: Vec<String>,
    pub(super) count: usize,
    pub(super) logs: Logs,
}

impl Work {
    /// The command in one line; none of its words has a blank.
    pub(super) fn line(&self) -> String {
        self.command.join(" ")
    }
}

/// What a peer can be asked to take part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Start(usize),
    Restart,
    Idle(usize),
    Logs(usize),
    Storm,
}

/// Why somebody is not in a row.
pub(super) type Reason = &'static str;

/// A supervisor that can be measured.
pub(super) trait Peer {
    /// What it is called in the tables.
    fn name(&self) -> &'static str;

    /// What it was configured to do, in a sentence.
    fn configured(&self) -> &'static str;

    /// The programs without which it cannot be measured.
    fn needs(&self, place: &Place) -> Vec<PathBuf>;

    /// Why it cannot take part, if it cannot.
    fn refuses(&self, _subject: Subject) -> Option<Reason> {
        None
    }

    /// How long one of its programs must have lived, so that it is not made to wait when it is started again.
    fn settled(&self) -> Duration {
        Duration::from_millis(3)
    }

    /// How dear a life of it is: rounds, kills and the like are fewer for one whose lives last seconds.
    fn is_slow(&self) -> bool {
        false
    }

    /// Starts it in a folder of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start(&self, place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem>;
}

/// What an order's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// All is done.
    Done,
    /// The order is known, no more.
    Accepted,
}

/// A running peer. It and all that it runs end with this value.
pub(super) trait Running {
    /// Its processes.
    fn daemon(&mut self) -> &mut Daemon;

    /// Waits until it takes orders.
    ///
    /// # Errors
    /// When it does not in time.
    fn ready(&mut self) -> Result<(), Problem>;

    /// Stops all its programs. `None`: it only can by ending itself.
    fn stop_all(&mut self) -> Option<Result<Answer, Problem>>;

    /// Starts them again. `None`: it cannot.
    fn start_all(&mut self) -> Option<Result<(), Problem>>;

    /// Asks for the state of all; gives the bytes of the answer. `None`: nobody can ask.
    fn states(&mut self) -> Option<Result<usize, Problem>>;

    /// Asks for the state of one. `None`: as above, or there is no such question.
    fn state_of_one(&mut self) -> Option<Result<usize, Problem>> {
        None
    }

    /// Waits no longer than this for an answer from now on, without waiting for one now.
    fn impatient(&mut self, _patience: Duration) {}
}

/// All, minder first.
pub(super) fn roster() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(minder::Minder),
        Box::new(minder::MinderAsCircus),
        Box::new(supervisor::Supervisor),
        Box::new(circus::Circus),
        Box::new(runit::Runit),
        Box::new(s6::S6),
        Box::new(pm2::Pm2),
        Box::new(horust::Horust),
        Box::new(pitchfork::Pitchfork),
    ]
}

/// The name that the figures of budgets are of.
pub(super) const MINDER: &str = "minder";
/// minder as a circusd.
pub(super) const MINDER_AS_CIRCUS: &str = "minder as circusd";

pub(super) use circus::station as circus_station;

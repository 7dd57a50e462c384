//! A deployment: a season of work at one place, with a begin that is checked and an end that is recorded. Plain data.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::time::Duration;

use crate::agenda::JobCommand;
use crate::ids::{BytePath, CheckName, TaskName};

/// What a deployment needs before it begins, and what is done when it ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeploymentSpec {
    /// What is there when it has begun.
    pub storages: Vec<Storage>,
    /// What must hold before it begins, in the order in which it is looked at. Names are unique.
    pub checks: Vec<CheckSpec>,
    /// What is done once more when it ends.
    pub drain: Drain,
}

/// Something that is made when it is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Storage {
    /// Where.
    pub path: BytePath,
    /// What.
    pub kind: StorageKind,
}

/// What a storage is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorageKind {
    /// A directory, with those above it.
    Directory,
    /// A file that a program makes; the directory that it is in is made.
    File,
}

/// Something that must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckSpec {
    /// Its name.
    pub name: CheckName,
    /// How it is found out.
    pub probe: Probe,
    /// What to do when it does not hold, for a person.
    pub hint: Option<Box<str>>,
    /// How long finding out may take; then it does not hold.
    pub timeout: Duration,
}

/// How it is found out whether a check holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// By a command: it ends with status 0. What it printed last is shown when it does not.
    Command(JobCommand),
    /// The file system of a path, or of the nearest directory above that is there, has this many bytes free.
    FreeSpace(BytePath, u64),
    /// A file can be made in this directory, which is made if it is not there.
    Writable(BytePath),
    /// A connection to this host and port is accepted.
    Reachable(Box<str>),
}

/// What is done once more when a deployment ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drain {
    /// These tasks, one after the other, until each has nothing left to do: a run of it says by the field `"remaining": N` of
    /// its output how much there is.
    pub tasks: Vec<TaskName>,
    /// How long it may take in all. Then the rest is left, and that is told.
    pub timeout: Duration,
    /// How often each task may be done.
    pub rounds: NonZeroU32,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            tasks: Vec::new(),
            timeout: Duration::from_secs(600),
            rounds: NonZeroU32::new(1000).unwrap_or(NonZeroU32::MIN),
        }
    }
}

//! What is known of one watcher: its options, where it stands, and its processes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use minder_core::ids::{ExitStatus, GroupName, InstanceId, Pid};
use minder_core::program::ProgramSpec;
use minder_core::time::Now;

use crate::options::WatcherOptions;

/// One watcher. Its processes are the programs of one group, each named after its `wid`.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// As it was written; looked up in lower case.
    pub name: String,
    /// What it is.
    pub options: WatcherOptions,
    /// Where its processes are looked after. Unique for as long as minder runs, unlike the name, which may be given again
    /// to another watcher while processes of this one are still there.
    pub group: GroupName,
    /// Where it stands.
    pub status: Status,
    /// Whether clients see it.
    pub listing: Listing,
    /// In the order in which they were started.
    pub processes: Vec<Process>,
    /// The slots that the group has, by `wid`.
    pub slots: BTreeMap<u32, Slot>,
    /// What the machine was short of when a process was tried last, in the kernel's words. None: nothing.
    pub short_of: Option<String>,
}

/// A place for a process.
#[derive(Clone, Debug)]
pub struct Slot {
    /// What the mind calls it.
    pub id: InstanceId,
    /// What runs in it.
    pub spec: Arc<ProgramSpec>,
}

/// Whether clients see a watcher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listing {
    /// They do.
    Listed,
    /// They do not: it was removed, and its processes are being stopped.
    Leaving,
}

/// Where a watcher stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is not to run.
    Stopped,
    /// Its processes are being started.
    Starting,
    /// It is to run.
    Active,
    /// Its processes are being stopped.
    Stopping,
}

impl Status {
    /// The word that clients see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Active => "active",
            Self::Stopping => "stopping",
        }
    }

    /// The status of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Stopped, Self::Starting, Self::Active, Self::Stopping]
            .into_iter()
            .find(|status| status.word() == word)
    }
}

/// One process of a watcher.
#[derive(Clone, Debug)]
pub struct Process {
    /// The smallest number that was free in its watcher when it began, from 1.
    pub wid: u32,
    /// Its slot.
    pub id: InstanceId,
    /// Its pid.
    pub pid: Pid,
    /// When it began.
    pub started: Now,
    /// Whether it lives.
    pub life: Life,
}

/// Whether a process lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// It does.
    Running,
    /// It does, but was asked to end.
    Stopping,
    /// It has ended, and nobody has taken notice yet.
    Ended {
        /// How.
        status: ExitStatus,
        /// How long it had lived.
        lived: Duration,
        /// Who ended it.
        by: EndedBy,
    },
}

/// Who ended a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndedBy {
    /// It did, or somebody outside.
    Itself,
    /// An order of ours.
    Order,
}

impl Process {
    /// When it began, in seconds since 1970.
    pub fn started_at(&self) -> f64 {
        super::seconds(self.started.wall)
    }

    /// Whether it has not ended.
    pub fn is_alive(&self) -> bool {
        !matches!(self.life, Life::Ended { .. })
    }
}

impl Watcher {
    /// One that does not run.
    pub fn new(name: &str, options: WatcherOptions, group: GroupName) -> Self {
        Self {
            name: name.to_owned(),
            options,
            group,
            status: Status::Stopped,
            listing: Listing::Listed,
            processes: Vec::new(),
            slots: BTreeMap::new(),
            short_of: None,
        }
    }

    /// What it is looked up by.
    pub fn key(&self) -> String {
        self.name.to_lowercase()
    }

    /// What it is called in the topics of events.
    pub fn resource_name(&self) -> String {
        self.key().replace(' ', "_")
    }

    /// How many processes it should have.
    pub fn wanted(&self) -> usize {
        usize::try_from(self.options.wanted()).unwrap_or(usize::MAX)
    }

    /// How many it lacks.
    pub fn missing(&self) -> usize {
        self.wanted().saturating_sub(self.processes.len())
    }

    /// The living processes.
    pub fn alive(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|process| process.is_alive())
    }

    /// The pids of all processes, sorted.
    pub fn pids(&self) -> BTreeSet<u32> {
        self.processes.iter().map(|process| process.pid.get()).collect()
    }

    /// The process of this pid.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        self.processes.iter().find(|process| process.pid.get() == pid)
    }

    /// The number of the next process. There are at most twice as many as are wanted, which is as many as a reload needs.
    pub fn next_wid(&self) -> Option<u32> {
        let most = self.wanted().saturating_mul(2);
        // Of one number more than there are processes one is free.
        let mut used = vec![false; self.processes.len() + 1];
        for process in &self.processes {
            let number = usize::try_from(process.wid).ok().and_then(|wid| used.get_mut(wid.checked_sub(1)?));
            if let Some(used) = number {
                *used = true;
            }
        }
        let free = used.iter().position(|used| !used)? + 1;
        u32::try_from(free).ok().filter(|_| free <= most)
    }
}

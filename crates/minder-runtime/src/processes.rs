//! What another keeper would have to know of each process. The present one knows it too; this is for the case that it is
//! killed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;

use minder_keeper::wire::{ChildFds, ChildId, StageFailure};

use crate::birthmark::Birthmark;
use crate::kinship::Standing;
use crate::leftovers::{Heir, Trail};
use crate::mark::Mark;

/// One process.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its pid.
    pub(crate) pid: u32,
    /// Where it gave up on its way to the program, if it did.
    pub(crate) failure: Option<StageFailure>,
    /// The process itself, whoever has its number later. Absent only on kernels before 5.2.
    pub(crate) pidfd: Option<OwnedFd>,
    /// By what it is known again when everything else is gone.
    birthmark: Option<Birthmark>,
    /// Who inherits what it leaves.
    heir: Heir,
}

/// All of them, by the keeper's names.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    known: BTreeMap<ChildId, Process>,
    /// Their numbers.
    pids: BTreeSet<u32>,
    /// Those that have told of themselves, while the keeper has not yet.
    announced: BTreeMap<ChildId, (u32, ChildFds)>,
}

impl Processes {
    /// A process tells of itself.
    pub(crate) fn announced(&mut self, child: ChildId, pid: u32, fds: ChildFds) {
        self.announced.insert(child, (pid, fds));
    }

    /// What came with its own words, now that the keeper tells of it.
    pub(crate) fn take_announced(&mut self, child: ChildId) -> Option<ChildFds> {
        self.announced.remove(&child).map(|(_, fds)| fds)
    }

    /// Those of whom the keeper has told nothing and will tell nothing any more.
    pub(crate) fn take_all_announced(&mut self) -> BTreeMap<ChildId, (u32, ChildFds)> {
        std::mem::take(&mut self.announced)
    }

    /// A process has begun. Takes its pidfd, which nobody else needs.
    pub(crate) fn began(
        &mut self,
        child: ChildId,
        pid: u32,
        failure: Option<StageFailure>,
        fds: &mut ChildFds,
    ) {
        let birthmark = Birthmark::of(pid, fds);
        let heir = Heir::Keeper;
        self.known.insert(child, Process { pid, failure, pidfd: fds.pidfd.take(), birthmark, heir });
        self.pids.insert(pid);
    }

    /// A process may be that of a keeper that was killed, so what it leaves goes to whoever is its parent now.
    pub(crate) fn found(&mut self, child: ChildId, keeper: u32) {
        if let Some(process) = self.known.get_mut(&child) {
            let parent = Standing::of(process.pid).map(|standing| standing.parent);
            process.heir = if parent == Some(keeper) { Heir::Keeper } else { Heir::Ancestor };
        }
    }

    /// The numbers of those that have not ended.
    pub(crate) fn pids(&self) -> &BTreeSet<u32> {
        &self.pids
    }

    /// By what is known whatever a process leaves.
    pub(crate) fn trail(&self, child: ChildId, mark: Option<Mark>) -> Option<Trail<'_>> {
        let process = self.known.get(&child)?;
        let Process { pid, birthmark, heir, .. } = *process;
        Some(Trail { pid, pidfd: process.pidfd.as_ref(), mark, birthmark, heir })
    }

    /// By what a process is known again, if it has not ended.
    pub(crate) fn birthmark(&self, child: ChildId) -> Option<Birthmark> {
        self.known.get(&child)?.birthmark
    }

    /// Its end has been seen.
    pub(crate) fn ended(&mut self, child: ChildId) {
        self.take(child);
    }

    /// One that has not ended.
    pub(crate) fn take(&mut self, child: ChildId) -> Option<Process> {
        let process = self.known.remove(&child)?;
        self.pids.remove(&process.pid);
        Some(process)
    }
}

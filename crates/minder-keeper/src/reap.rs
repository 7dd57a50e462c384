//! All children that the mind has not acknowledged, and the exits of every process that is ours to bury.
//!
//! The table is also the memory of what the mind was told: a child's news can be composed at any time, so none is
//! ever lost, whoever could not read just then.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::process::{WaitOptions, WaitStatus};

use crate::spawn::Born;
use crate::wire::{ChildId, ChildState, FromKeeper, Pipes};

/// A message with what goes beside it.
pub(crate) type Parcel<'a> = (FromKeeper, Vec<BorrowedFd<'a>>);

/// How much of a child's life this mind knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Birth,
    Exit,
}

#[derive(Debug)]
struct Child {
    born: Born,
    state: ChildState,
    told: Told,
}

/// The children, by the mind's ids.
#[derive(Debug, Default)]
pub(crate) struct Children {
    by_id: BTreeMap<ChildId, Child>,
    /// The living ones only: another pid may be anybody's.
    by_pid: BTreeMap<u32, ChildId>,
}

impl Children {
    pub(crate) fn add(&mut self, id: ChildId, born: Born) {
        self.by_pid.insert(born.pid, id);
        self.by_id.insert(id, Child { born, state: ChildState::Alive, told: Told::Nothing });
    }

    pub(crate) fn has(&self, id: ChildId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ChildId> {
        self.by_id.keys().copied()
    }

    /// Its pid, if it lives; only then is it certainly still its pid.
    pub(crate) fn living_pid(&self, id: ChildId) -> Option<u32> {
        let child = self.by_id.get(&id)?;
        (child.state == ChildState::Alive).then_some(child.born.pid)
    }

    /// How many have exited and were not acknowledged.
    pub(crate) fn exited(&self) -> usize {
        self.by_id.len() - self.by_pid.len()
    }

    /// Notes an exit. `None` when the process was no child of the mind's.
    pub(crate) fn bury(&mut self, pid: u32, status: i32) -> Option<ChildId> {
        let id = self.by_pid.remove(&pid)?;
        self.by_id.get_mut(&id)?.state = ChildState::Exited(status);
        Some(id)
    }

    /// Forgets a child and closes its descriptors, if it has exited.
    pub(crate) fn acknowledge(&mut self, id: ChildId) {
        if self.living_pid(id).is_none() {
            self.by_id.remove(&id);
        }
    }

    /// A new mind knows nothing.
    pub(crate) fn forget_told(&mut self) {
        self.by_id.values_mut().for_each(|child| child.told = Told::Nothing);
    }

    /// The hello's message about a child, if there is such a child.
    pub(crate) fn introduce(&self, id: ChildId) -> Option<Parcel<'_>> {
        let Child { born, state, .. } = self.by_id.get(&id)?;
        let (pipes, fds) = born.parcel();
        let (pid, failure) = (born.pid, born.failure);
        Some((FromKeeper::Child { child: id, pid, state: *state, failure, pipes }, fds))
    }

    /// The next thing that the mind does not know about a child, if there is one.
    pub(crate) fn news(&self, id: ChildId) -> Option<Parcel<'_>> {
        let Child { born, state, told } = self.by_id.get(&id)?;
        match (told, *state) {
            (Told::Nothing, _) => {
                let (pipes, fds) = born.parcel();
                let (pid, failure) = (born.pid, born.failure);
                Some((FromKeeper::Spawned { child: id, pid, failure, pipes }, fds))
            }
            (Told::Birth, ChildState::Exited(status)) => {
                Some((FromKeeper::Exited { child: id, status }, Vec::new()))
            }
            (Told::Birth, ChildState::Alive) | (Told::Exit, _) => None,
        }
    }

    /// Notes that the mind was sent this.
    pub(crate) fn told(&mut self, message: &FromKeeper) {
        let (id, told) = match message {
            FromKeeper::Child { child, state: ChildState::Exited(_), .. }
            | FromKeeper::Exited { child, .. } => (child, Told::Exit),
            FromKeeper::Child { child, state: ChildState::Alive, .. } | FromKeeper::Spawned { child, .. } => {
                (child, Told::Birth)
            }
            FromKeeper::Hello { .. }
            | FromKeeper::Held { .. }
            | FromKeeper::HelloEnd
            | FromKeeper::NotSpawned { .. }
            | FromKeeper::Reaped { .. }
            | FromKeeper::SignalFailed { .. }
            | FromKeeper::Asked { .. } => return,
        };
        if let Some(child) = self.by_id.get_mut(id) {
            child.told = told;
        }
    }
}

impl Born {
    fn parcel(&self) -> (Pipes, Vec<BorrowedFd<'_>>) {
        let fds = &self.fds;
        let all = [
            (Pipes::PIDFD, &fds.pidfd),
            (Pipes::STDIN, &fds.stdin),
            (Pipes::STDOUT, &fds.stdout),
            (Pipes::STDERR, &fds.stderr),
        ];
        let there = || all.iter().filter_map(|(which, fd)| Some((*which, fd.as_ref()?.as_fd())));
        (there().fold(Pipes::NONE, |all, (which, _)| all.with(which)), there().map(|(_, fd)| fd).collect())
    }
}

/// The next process that has ended, a child or an orphan that was left to us: its pid and how.
pub(crate) fn reap() -> Option<(u32, WaitStatus)> {
    // It fails only when there is no process at all to wait for.
    let (pid, status) = rustix::process::wait(WaitOptions::NOHANG).ok().flatten()?;
    Some((pid.as_raw_nonzero().get().cast_unsigned(), status))
}

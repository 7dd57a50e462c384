//! All children that the mind has not acknowledged, and the exits of every process that is ours to bury. Children of an
//! earlier keeper are in the table too; who buries those is told by `adopted`.
//!
//! The table is also the memory of what the mind was told: a child's news can be composed at any time, so none is
//! ever lost, whoever could not read just then.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::process::{WaitOptions, WaitStatus};

use crate::adopted::{self, Adopted};
use crate::announce::Announced;
use crate::boot::KeptChild;
use crate::signals;
use crate::spawn::Born;
use crate::wire::{ChildId, ChildState, FromKeeper, Pipes, Reach};

/// A message with what goes beside it.
pub(crate) type Parcel<'a> = (FromKeeper, Vec<BorrowedFd<'a>>);

/// How much of a child's life this mind knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// By the child itself, with its descriptors.
    Descriptors,
    Birth,
    Exit,
}

#[derive(Debug)]
struct Child {
    born: Born,
    state: ChildState,
    told: Told,
    parent: Parent,
    /// How many signals the mind had sent to it.
    signals: u32,
}

/// Who reaps a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parent {
    /// This keeper.
    Us,
    /// Somebody else, because it is the child of an earlier keeper.
    Another,
}

/// The children, by the mind's ids.
#[derive(Debug, Default)]
pub(crate) struct Children {
    by_id: BTreeMap<ChildId, Child>,
    /// The living ones only: another pid may be anybody's.
    by_pid: BTreeMap<u32, ChildId>,
    /// Those whose exit this mind has seen, and is not done with.
    noted: BTreeSet<ChildId>,
    adopted: Adopted,
}

impl Children {
    pub(crate) fn add(&mut self, id: ChildId, born: Born) {
        self.by_pid.insert(born.pid, id);
        let told = match born.announced {
            Announced::ByItself => Told::Descriptors,
            Announced::Not => Told::Nothing,
        };
        self.by_id.insert(id, Child { born, state: ChildState::Alive, told, parent: Parent::Us, signals: 0 });
    }

    /// Takes over a child that an earlier keeper had.
    ///
    /// # Errors
    /// When it cannot be watched; its end is not heard of then.
    pub(crate) fn take_over(&mut self, kept: KeptChild) -> io::Result<()> {
        let KeptChild { child: id, pid, state, failure, signals, fds } = kept;
        let mut parent = Parent::Us;
        let mut watched = Ok(());
        if state == ChildState::Alive {
            self.by_pid.insert(pid, id);
            if let Some(pidfd) = fds.pidfd.as_ref().map(AsFd::as_fd).filter(|pidfd| !adopted::is_ours(*pidfd))
            {
                parent = Parent::Another;
                watched = self.adopted.watch(id, pidfd);
            }
        }
        let born = Born { pid, failure, fds, announced: Announced::Not };
        self.by_id.insert(id, Child { born, state, told: Told::Nothing, parent, signals });
        watched
    }

    /// Gives all away, as [`Children::take_over`] takes them.
    pub(crate) fn bequeath(&mut self) -> Vec<KeptChild> {
        self.by_pid.clear();
        self.noted.clear();
        let all = std::mem::take(&mut self.by_id);
        all.into_iter()
            .map(|(child, Child { born: Born { pid, failure, fds, .. }, state, signals, .. })| KeptChild {
                child,
                pid,
                state,
                failure,
                signals,
                fds,
            })
            .collect()
    }

    /// Readable when a child of an earlier keeper has ended.
    pub(crate) fn adopted_fd(&self) -> Option<BorrowedFd<'_>> {
        self.adopted.fd()
    }

    /// Buries some of the children of an earlier keeper that have ended.
    pub(crate) fn bury_adopted(&mut self) -> Vec<ChildId> {
        let ended = self.adopted.ended();
        for id in &ended {
            let Some(child) = self.by_id.get_mut(id) else { continue };
            let Some(pidfd) = &child.born.fds.pidfd else { continue };
            child.state = ChildState::Exited(adopted::status(pidfd.as_fd(), child.born.pid));
            self.adopted.forget(pidfd.as_fd());
            self.by_pid.remove(&child.born.pid);
        }
        ended
    }

    /// Sends a signal to a child that lives, or to its group.
    pub(crate) fn signal(&mut self, id: ChildId, signal: i32, reach: Reach) -> Result<(), i32> {
        let child =
            self.by_id.get_mut(&id).filter(|child| child.state == ChildState::Alive).ok_or(libc::ESRCH)?;
        child.signals = child.signals.saturating_add(1);
        let pid = child.born.pid;
        match (child.parent, &child.born.fds.pidfd, reach) {
            // It may be reaped behind our back, and its number be a stranger's.
            (Parent::Another, Some(pidfd), _) => adopted::signal(pidfd.as_fd(), pid, signal, reach),
            (_, _, Reach::Process) => signals::send(pid.cast_signed(), signal),
            (_, _, Reach::Group) => signals::send(-pid.cast_signed(), signal),
        }
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

    fn lives(&self, id: ChildId) -> bool {
        self.by_id.get(&id).is_some_and(|child| child.state == ChildState::Alive)
    }

    /// How many have exited of which the mind has said nothing yet.
    pub(crate) fn unseen(&self) -> usize {
        self.by_id.len() - self.by_pid.len() - self.noted.len()
    }

    /// Notes an exit. `None` when the process was no child of the mind's.
    pub(crate) fn bury(&mut self, pid: u32, status: i32) -> Option<ChildId> {
        let ours = |id: &ChildId| self.by_id.get(id).is_some_and(|child| child.parent == Parent::Us);
        let id = self.by_pid.get(&pid).copied().filter(ours)?;
        self.by_pid.remove(&pid);
        self.by_id.get_mut(&id)?.state = ChildState::Exited(status);
        Some(id)
    }

    /// The mind has seen the exit of a child, and is not done with it.
    pub(crate) fn note(&mut self, id: ChildId) {
        if self.has(id) && !self.lives(id) {
            self.noted.insert(id);
        }
    }

    /// Forgets a child and closes its descriptors, if it has exited.
    pub(crate) fn acknowledge(&mut self, id: ChildId) {
        if !self.lives(id) {
            self.by_id.remove(&id);
            self.noted.remove(&id);
        }
    }

    /// A new mind knows nothing.
    pub(crate) fn forget_told(&mut self) {
        self.by_id.values_mut().for_each(|child| child.told = Told::Nothing);
        self.noted.clear();
    }

    /// The hello's message about a child, if there is such a child.
    pub(crate) fn introduce(&self, id: ChildId) -> Option<Parcel<'_>> {
        let &Child { ref born, state, signals, .. } = self.by_id.get(&id)?;
        let (pipes, fds) = born.fds.parcel();
        let (pid, failure) = (born.pid, born.failure);
        Some((FromKeeper::Child { child: id, pid, state, failure, signals, pipes }, fds))
    }

    /// The next thing that the mind does not know about a child, if there is one.
    pub(crate) fn news(&self, id: ChildId) -> Option<Parcel<'_>> {
        let Child { born, state, told, .. } = self.by_id.get(&id)?;
        let (pid, failure) = (born.pid, born.failure);
        match (told, *state) {
            (Told::Nothing, _) => {
                let (pipes, fds) = born.fds.parcel();
                Some((FromKeeper::Spawned { child: id, pid, failure, pipes }, fds))
            }
            (Told::Descriptors, _) => {
                Some((FromKeeper::Spawned { child: id, pid, failure, pipes: Pipes::NONE }, Vec::new()))
            }
            (Told::Birth, ChildState::Exited(status)) => {
                Some((FromKeeper::Exited { child: id, status }, Vec::new()))
            }
            (Told::Birth, ChildState::Alive) | (Told::Exit, _) => None,
        }
    }

    /// Notes that the mind was sent this.
    pub(crate) fn told(&mut self, message: &FromKeeper) {
        if let Some((id, told)) = news_of(message)
            && let Some(child) = self.by_id.get_mut(&id)
        {
            child.told = told;
        }
    }
}

/// Whether both tell of the life of one child.
pub(crate) fn same_child(one: &FromKeeper, other: &FromKeeper) -> bool {
    news_of(one).zip(news_of(other)).is_some_and(|((one, _), (other, _))| one == other)
}

/// Whose life a message tells of, and how much of it the mind knows then.
fn news_of(message: &FromKeeper) -> Option<(ChildId, Told)> {
    match *message {
        FromKeeper::Child { child, state: ChildState::Exited(_), .. } | FromKeeper::Exited { child, .. } => {
            Some((child, Told::Exit))
        }
        FromKeeper::Child { child, state: ChildState::Alive, .. } | FromKeeper::Spawned { child, .. } => {
            Some((child, Told::Birth))
        }
        FromKeeper::Hello { .. }
        | FromKeeper::Held { .. }
        | FromKeeper::HelloEnd
        | FromKeeper::Cloned { .. }
        | FromKeeper::NotSpawned { .. }
        | FromKeeper::Reaped { .. }
        | FromKeeper::SignalFailed { .. }
        | FromKeeper::Asked { .. } => None,
    }
}

/// The next process that has ended, a child or an orphan that was left to us: its pid and how.
pub(crate) fn reap() -> Option<(u32, WaitStatus)> {
    // It fails only when there is no process at all to wait for.
    let (pid, status) = rustix::process::wait(WaitOptions::NOHANG).ok().flatten()?;
    Some((pid.as_raw_nonzero().get().cast_unsigned(), status))
}

//! What a process has left that has ended: the living ones among all that descend from it.
//!
//! ```text
//!  roots: who was left to the keeper ─▶ of this process?  its mark · its group · its pipes ─▶ they and their descendants
//! ```
//!
//! The kernel gives a process whose parent has ended to the keeper, so every family that a dead process has left hangs at
//! a child of the keeper's that the keeper did not make. Whose it is, one of three signs must tell. What shows none of them
//! is left alone: better to leave one than to touch a stranger. So is somebody's login, with all that is in it: whoever has
//! logged in through a program and restarts it is not to be thrown out in the midst of that.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::birthmark::Birthmark;
use crate::kinship::{self, Relative};
use crate::mark::Mark;

/// What is known of a process that has ended.
#[derive(Debug)]
pub(crate) struct Trail<'a> {
    /// Its number, which may be a stranger's by now.
    pub(crate) pid: u32,
    /// The process itself.
    pub(crate) pidfd: Option<&'a OwnedFd>,
    /// With what it was marked.
    pub(crate) mark: Option<Mark>,
    /// Its pipes.
    pub(crate) birthmark: Option<Birthmark>,
    /// To whom the kernel gave what it left.
    pub(crate) heir: Heir,
}

/// To whom the kernel gives what a process leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Heir {
    /// The keeper.
    Keeper,
    /// An ancestor of a keeper that was killed; it may have any number of other children.
    Ancestor,
}

/// The children of the keeper that it has not made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots(Vec<u32>);

impl Roots {
    /// As they are now. `made` are the ones that the keeper made itself. `None`: the keeper has been killed, and whoever
    /// hung at it hangs elsewhere.
    pub(crate) fn of_keeper(keeper: u32, made: &BTreeSet<u32>) -> Option<Self> {
        let mut roots = kinship::children(keeper);
        // This process is its child, too, and would have been taken from it together with the others.
        let parent = rustix::process::getppid()?.as_raw_nonzero().get();
        if parent.cast_unsigned() != keeper {
            return None;
        }
        let mind = std::process::id();
        roots.retain(|pid| *pid != mind && !made.contains(pid));
        Some(Self(roots))
    }

    /// Whether all of them lived a moment later. The kernel's list is read piece by piece, and while those at its head are buried
    /// some at its end are passed over.
    pub(crate) fn is_steady(&self) -> bool {
        self.0.iter().all(|pid| kinship::Standing::of(*pid).is_some_and(|standing| !standing.is_dead()))
    }

    /// Everybody but these.
    pub(crate) fn everybody(keeper: u32, made: &BTreeSet<u32>) -> Self {
        let mut roots = kinship::everybody();
        let mind = std::process::id();
        roots.retain(|pid| *pid != mind && *pid != keeper && !made.contains(pid));
        Self(roots)
    }
}

/// The living processes that one has left, by number, parents before their children. `roots` were looked up after its end.
pub(crate) fn find(
    trail: &Trail<'_>,
    roots: &Roots,
    keeper: u32,
    made: &BTreeSet<u32>,
) -> BTreeMap<u32, Relative> {
    if trail.heir == Heir::Keeper && roots.0.is_empty() {
        // A group cannot live on without one of it hanging at the keeper.
        return BTreeMap::new();
    }
    let group = trail.group();
    let everybody;
    let roots = match trail.heir {
        Heir::Keeper => roots,
        Heir::Ancestor => {
            everybody = Roots::everybody(keeper, made);
            &everybody
        }
    };
    let mut found = BTreeMap::new();
    let mut open = Vec::new();
    for &pid in &roots.0 {
        if let Some(relative) = Relative::hold_if(pid, || trail.has_left(pid, group)) {
            found.insert(pid, relative);
            open.push(pid);
        }
    }
    while let Some(parent) = open.pop() {
        for pid in kinship::children(parent) {
            if !found.contains_key(&pid)
                && !made.contains(&pid)
                && !is_login(pid)
                && let Some(relative) = Relative::hold_living(pid, parent)
            {
                found.insert(pid, relative);
                open.push(pid);
            }
        }
    }
    found
}

/// Whether a process group is known to be that of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Group {
    /// Somebody is in it, so nobody else can have its number.
    Inhabited,
    /// Nobody is in it, or the kernel does not tell.
    Unknown,
}

impl Trail<'_> {
    fn group(&self) -> Group {
        let inhabited = self.pidfd.is_some_and(|pidfd| kinship::is_group_inhabited(pidfd.as_fd()));
        if inhabited { Group::Inhabited } else { Group::Unknown }
    }

    /// Whether a living process shows a sign of being one of those that this one has left. Among everybody a pipe is none:
    /// whoever looks into `/proc` can open it.
    fn has_left(&self, pid: u32, group: Group) -> bool {
        let Some(kin) = kinship::Standing::of(pid) else { return false };
        if kin.is_dead() || is_login(pid) {
            return false;
        }
        (group == Group::Inhabited && kin.group == self.pid)
            || self.mark.is_some_and(|mark| Mark::read(pid) == Some(mark))
            || (self.heir == Heir::Keeper && self.has_its_pipe(pid))
    }

    fn has_its_pipe(&self, pid: u32) -> bool {
        let Some(mark) = &self.birthmark else { return false };
        let pipes: Vec<String> =
            mark.pipes.iter().filter(|inode| **inode != 0).map(|inode| format!("pipe:[{inode}]")).collect();
        (0..=2).any(|number| {
            std::fs::read_link(format!("/proc/{pid}/fd/{number}"))
                .is_ok_and(|target| pipes.iter().any(|pipe| target.as_os_str() == pipe.as_str()))
        })
    }
}

/// Whether a process serves somebody's login, as sshd says of itself: the one that only listens says so.
fn is_login(pid: u32) -> bool {
    let title = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let listens = || title.windows(LISTENER.len()).any(|part| part == LISTENER);
    LOGINS.iter().any(|login| title.starts_with(login)) && !listens()
}

/// How the title of a login's process begins.
const LOGINS: [&[u8]; 2] = [b"sshd: ", b"sshd-session: "];
/// What is in the title of the process that waits for logins.
const LISTENER: &[u8] = b"[listener]";

/// Whether a process, held by its descriptor, still lives.
pub(crate) fn lives(pidfd: BorrowedFd<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::from_borrowed_fd(pidfd, PollFlags::IN)], Some(&at_once)) == Ok(0)
}

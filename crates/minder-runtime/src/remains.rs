//! What a keeper and a mind have left that were killed both: processes that live on, and what is known of them.
//!
//! ```text
//!  Shelf ─▶ roster, ledger ─▶ birthmarks ─▶ the same process still? ─▶ pidfd, pipes through /proc/PID/fd ─▶ Succession
//! ```
//!
//! A process is taken over only if it is the very one that was started: a pid alone may be a stranger's by now. Of those
//! that have ended nobody knows how.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use minder_keeper::wire::{ChildFds, ChildId, ChildState, STATUS_UNKNOWN};
use minder_keeper::{KeptChild, Succession, births};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::birthmark::{Birthmark, birth, pipe_inode};
use crate::kept_sockets;
use crate::ledger::{self, Ledger};
use crate::memo;
use crate::roster::{self, Roster};
use crate::shelf::{self, Claim, Shelf};

/// What the register of births is called on the shelf.
pub const REGISTER: &str = "births";
/// What the lines on it are called among the descriptors that the keeper holds.
pub const REMARKS: &str = "remarks";

/// What was found.
#[derive(Debug)]
pub struct Remains {
    /// The memory files, by the names under which the keeper is to hold them.
    pub held: Vec<(String, OwnedFd)>,
    /// The processes.
    pub succession: Succession,
    /// Sockets that programs have still, by the names under which the keeper is to hold them.
    pub sockets: Vec<(String, OwnedFd)>,
    /// Lines for the log.
    pub remarks: Vec<String>,
}

/// What a daemon of this kind and file that was killed as a whole has left. To be asked before anything is opened that it
/// may have had open.
pub fn of(kind: &str, file: &[u8]) -> Option<Remains> {
    match shelf::claim(kind, file) {
        // The lock is let go again: whoever asks claims it for good when it becomes the keeper.
        Claim::Left(shelf, _lock) => Remains::find(&shelf).ok().flatten(),
        Claim::Empty(..) | Claim::None => None,
    }
}

impl Remains {
    /// Looks through what lies on a shelf. `None`: no process lives that is known there.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn find(shelf: &Shelf) -> io::Result<Option<Self>> {
        let held = shelf.files()?;
        let file = |name: &str| held.iter().find(|(known, _)| known == name).map(|(_, fd)| fd.try_clone());
        let (Some(roster), Some(ledger)) = (file(roster::NAME).transpose()?, file(ledger::NAME).transpose()?)
        else {
            return Ok(None);
        };
        let (_, Some(kept)) = Roster::recalled(roster, BTreeSet::new())? else { return Ok(None) };
        let ledger = Ledger::recalled(ledger);
        let register = file(REGISTER).transpose()?;
        let list = file(kept_sockets::NAME).map(|list| memo::contents(list?.as_fd())).transpose()?;
        let mut wanted = kept_sockets::read(&list.unwrap_or_default());
        let mut sockets = Vec::new();
        let (mut children, mut remarks, mut living) = (Vec::new(), Vec::new(), 0);
        for id in kept.groups.iter().flat_map(|(_, _, ids)| ids) {
            let Some(record) = ledger.read(*id) else { continue };
            let child = ChildId(record.child);
            // Perhaps it was born just then, and nobody had the time to note it but itself.
            let mark = match (record.birthmark, &register) {
                (None, Some(register)) => {
                    births::find(register.as_fd(), child)?.as_ref().and_then(Birthmark::of_birth)
                }
                (mark, _) => mark,
            };
            let Some(mark) = mark else { continue };
            let (state, fds) = match find_again(&mark) {
                Some(pidfd) => {
                    living += 1;
                    sockets.extend(kept_sockets::take_from(mark.pid, pidfd.as_fd(), &mut wanted));
                    (ChildState::Alive, reopen(&mark, pidfd, &mut remarks))
                }
                None => (ChildState::Exited(STATUS_UNKNOWN), ChildFds::default()),
            };
            // Whether the last one was sent, only the keeper knew.
            let signals = record.owed.map_or(0, |owed| owed.after.saturating_add(1));
            children.push(KeptChild { child, pid: mark.pid, state, failure: None, signals, fds });
        }
        if living == 0 {
            return Ok(None);
        }
        let ended = children.len() - living;
        remarks.insert(
            0,
            format!(
                "the minder before this one was killed as a whole; {living} of its processes live and are taken over, \
                 {ended} have ended, nobody knows how"
            ),
        );
        Ok(Some(Self { held, succession: Succession { lives: 1, children }, sockets, remarks }))
    }
}

/// The very process, if it still lives.
fn find_again(mark: &Birthmark) -> Option<OwnedFd> {
    let pid = Pid::from_raw(i32::try_from(mark.pid).ok()?)?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    if birth(mark.pid, pidfd.as_fd()) != Some(mark.birth) {
        return None;
    }
    // A zombie is dead.
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&at_once));
    (ended == Ok(0)).then_some(pidfd)
}

/// Our ends of its pipes, made anew of its own ends, where it still has those that it was given.
fn reopen(mark: &Birthmark, pidfd: OwnedFd, remarks: &mut Vec<String>) -> ChildFds {
    let mut end = |number: usize, access: OFlags| {
        let inode = mark.pipes.get(number).copied().filter(|inode| *inode != 0)?;
        let path = format!("/proc/{}/fd/{number}", mark.pid);
        let opened = rustix::fs::open(path, access | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).ok();
        let pipe = opened.filter(|fd| pipe_inode(fd.as_fd()) == Some(inode));
        if pipe.is_none() {
            let stream = ["standard input", "standard output", "standard error"]
                .get(number)
                .copied()
                .unwrap_or_default();
            remarks.push(format!(
                "the {stream} of process {} cannot be reached any more; what goes there is lost",
                mark.pid
            ));
        }
        pipe
    };
    ChildFds {
        stdin: end(0, OFlags::WRONLY),
        stdout: end(1, OFlags::RDONLY),
        stderr: end(2, OFlags::RDONLY),
        pidfd: Some(pidfd),
    }
}

//! Processes that descend from a program's, and signals to them.
//!
//! The keeper can signal what it has cloned. What those have made in turn only the kernel knows, by `/proc`. Between the
//! look and the signal a pid may become a stranger's, so the process is held by a pidfd first and looked at again.

#![allow(unsafe_code, reason = "a flag of a system call that has no safe form")]

use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use minder_core::ids::{Pid, Signal};
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

/// Which relatives are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kin {
    /// Those that the process itself has made.
    Children,
    /// Those, and theirs, and so on.
    Descendants,
    /// This one, if it is among the children.
    One(Pid),
}

/// A process that cannot become another while this is held.
#[derive(Debug)]
pub(crate) struct Relative {
    pid: Pid,
    pidfd: OwnedFd,
}

/// The living relatives of a process, parents before their children.
pub(crate) fn relatives(of: Pid, kin: Kin) -> Vec<Relative> {
    let parents = parents();
    let mut found = Vec::new();
    let mut open = vec![of.get()];
    while let Some(parent) = open.pop() {
        for (&pid, _) in parents.iter().filter(|&(_, of)| *of == parent) {
            if matches!(kin, Kin::Descendants) {
                open.push(pid);
            }
            if !matches!(kin, Kin::One(one) if one.get() != pid) {
                found.extend(Relative::hold(pid, parent));
            }
        }
    }
    found
}

impl Relative {
    /// Holds a process if it is still the child of `parent`.
    fn hold(pid: u32, parent: u32) -> Option<Self> {
        Self::hold_if(pid, || Standing::of(pid).is_some_and(|standing| standing.parent == parent))
    }

    /// Holds a process if it is still the living child of `parent`.
    pub(crate) fn hold_living(pid: u32, parent: u32) -> Option<Self> {
        Self::hold_if(pid, || {
            Standing::of(pid).is_some_and(|standing| standing.parent == parent && !standing.is_dead())
        })
    }

    /// Holds a process if that is so once it is held: then it is so of this process and no other.
    pub(crate) fn hold_if(pid: u32, so: impl FnOnce() -> bool) -> Option<Self> {
        let pid = Pid::new(pid)?;
        let raw = rustix::process::Pid::from_raw(i32::try_from(pid.get()).ok()?)?;
        let pidfd = pidfd_open(raw, PidfdFlags::empty()).ok()?;
        so().then_some(Self { pid, pidfd })
    }

    /// Its number.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it has not ended.
    pub(crate) fn lives(&self) -> bool {
        crate::leftovers::lives(self.pidfd.as_fd())
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The kernel's: `ESRCH` when it has ended, `EPERM` when it may not be signalled.
    pub(crate) fn send(&self, signal: Signal) -> Result<(), rustix::io::Errno> {
        let Some(signal) = rustix::process::Signal::from_named_raw(i32::from(signal.0)) else {
            return Ok(());
        };
        pidfd_send_signal(&self.pidfd, signal)
    }

    /// Sends a signal; gives the process if it was still there.
    pub(crate) fn signal(&self, signal: Signal) -> Option<Pid> {
        let sent = match signal.0 {
            0 => return Some(self.pid),
            number => {
                let signal = rustix::process::Signal::from_named_raw(i32::from(number))?;
                pidfd_send_signal(&self.pidfd, signal)
            }
        };
        sent.ok().map(|()| self.pid)
    }
}

impl AsFd for Relative {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Whether a process is in the group of the one whose descriptor this is, though that one may have ended and been reaped.
/// `false` also where the kernel cannot be asked, before Linux 6.9.
pub(crate) fn is_group_inhabited(pidfd: BorrowedFd<'_>) -> bool {
    /// `PIDFD_SIGNAL_PROCESS_GROUP`.
    const TO_GROUP: u32 = 1 << 2;
    // SAFETY: a descriptor that is open, and numbers; signal zero only asks.
    let asked = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), 0, std::ptr::null::<u8>(), TO_GROUP)
    };
    asked == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Every process and its parent.
fn parents() -> BTreeMap<u32, u32> {
    everybody().into_iter().filter_map(|pid| Some((pid, Standing::of(pid)?.parent))).collect()
}

/// Every process there is.
pub(crate) fn everybody() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).collect()
}

/// The processes whose parent is this one. Kernels can be built without the list; then everybody is looked at.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let Some(threads) = std::fs::read_dir(format!("/proc/{of}/task")).ok() else { return Vec::new() };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        match std::fs::read_to_string(thread.path().join("children")) {
            Ok(list) => found.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok())),
            // A thread may end between the two looks. The first one stays.
            Err(_) if thread.file_name().to_str() == Some(of.to_string().as_str()) => {
                return parents()
                    .into_iter()
                    .filter(|&(_, parent)| parent == of)
                    .map(|(pid, _)| pid)
                    .collect();
            }
            Err(_) => {}
        }
    }
    found
}

/// Where a process stands among the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    state: u8,
    /// Its parent.
    pub(crate) parent: u32,
    /// Its process group.
    pub(crate) group: u32,
}

impl Standing {
    /// The first fields behind the name in `stat`; the name is in parentheses and may hold anything.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let behind = stat.iter().rposition(|byte| *byte == b')')? + 1;
        let mut fields = std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        Some(Self { state, parent: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
    }

    /// Whether it has ended, and only its parent has not asked how.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

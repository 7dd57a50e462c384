//! Processes that descend from a program's, and signals to them.
//!
//! The keeper can signal what it has cloned. What those have made in turn only the kernel knows, by `/proc`. Between the
//! look and the signal a pid may become a stranger's, so the process is held by a pidfd first and looked at again.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

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
        let pid = Pid::new(pid)?;
        let raw = rustix::process::Pid::from_raw(i32::try_from(pid.get()).ok()?)?;
        let pidfd = pidfd_open(raw, PidfdFlags::empty()).ok()?;
        (parent_of(pid.get()) == Some(parent)).then_some(Self { pid, pidfd })
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

/// Every process and its parent.
fn parents() -> BTreeMap<u32, u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, parent_of(pid)?))).collect()
}

/// The second field behind the name in `stat`; the name is in parentheses and may hold anything.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.iter().rposition(|byte| *byte == b')')? + 1;
    std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

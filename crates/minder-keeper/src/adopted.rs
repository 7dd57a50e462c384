//! Children of an earlier keeper: `waitpid` does not know them, so each is watched by its pidfd.
//!
//! When a keeper is killed the kernel gives its children to the nearest ancestor that reaps, never to whoever comes after.
//! How such a child has ended is told by its pidfd once somebody has reaped it (Linux 6.15), and until then by `/proc`.

#![allow(unsafe_code, reason = "an ioctl without a safe form; signals by pidfd to groups")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::Timespec;
use rustix::event::epoll;
use rustix::process::{WaitId, WaitIdOptions};

use crate::wire::{ChildId, Reach, STATUS_UNKNOWN};

/// How many ends are noted in one turn.
const ENDED_MAX: usize = 64;

/// The children that somebody else will reap.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    /// Made for the first of them.
    epoll: Option<OwnedFd>,
}

impl Adopted {
    /// Watches one.
    pub(crate) fn watch(&mut self, child: ChildId, pidfd: BorrowedFd<'_>) -> io::Result<()> {
        let epoll = match &mut self.epoll {
            Some(epoll) => epoll,
            none => none.insert(epoll::create(epoll::CreateFlags::CLOEXEC)?),
        };
        let token = epoll::EventData::new_u64(child.0.into());
        Ok(epoll::add(&*epoll, pidfd, token, epoll::EventFlags::IN)?)
    }

    /// One that has ended does not have to be watched any more.
    pub(crate) fn forget(&self, pidfd: BorrowedFd<'_>) {
        if let Some(epoll) = &self.epoll {
            // One that was never watched is not there.
            let _ = epoll::delete(epoll, pidfd);
        }
    }

    /// Readable when one has ended. `None` while there never was one.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.epoll.as_ref().map(AsFd::as_fd)
    }

    /// Some of those that have ended, again until they are forgotten.
    pub(crate) fn ended(&self) -> Vec<ChildId> {
        let Some(epoll) = &self.epoll else { return Vec::new() };
        let mut events = Vec::with_capacity(ENDED_MAX);
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        // It fails only when a signal came: the next turn asks again.
        let _ = epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), Some(&at_once));
        events.iter().filter_map(|event| u32::try_from(event.data.u64()).ok().map(ChildId)).collect()
    }
}

/// Whether a process is a child of this one, living or not yet reaped.
pub(crate) fn is_ours(pidfd: BorrowedFd<'_>) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    rustix::process::waitid(WaitId::PidFd(pidfd), look).is_ok()
}

/// Sends a signal to somebody else's child or to its group.
pub(crate) fn signal(pidfd: BorrowedFd<'_>, pid: u32, signal: i32, reach: Reach) -> Result<(), i32> {
    /// `PIDFD_SIGNAL_PROCESS_GROUP`, since Linux 6.9.
    const TO_GROUP: u32 = 1 << 2;
    let flags = match reach {
        Reach::Process => 0,
        Reach::Group => TO_GROUP,
    };
    // SAFETY: a descriptor that is open, and numbers.
    let send = |flags: u32| match unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, 0_usize, flags)
    } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL)),
    };
    match send(flags) {
        Err(libc::EINVAL) if flags == TO_GROUP => {
            // An older kernel. While the process lives its number is nobody else's, nor is its group's.
            send(0).and_then(|()| crate::signals::send(-pid.cast_signed(), signal))
        }
        sent => sent,
    }
}

/// How a process ended that is not ours to wait for, as `waitpid` would have it, or [`STATUS_UNKNOWN`].
pub(crate) fn status(pidfd: BorrowedFd<'_>, pid: u32) -> i32 {
    // Between the first question and the second its parent may reap it; then the first has an answer.
    told_by_pidfd(pidfd)
        .or_else(|| told_by_zombie(pid))
        .or_else(|| told_by_pidfd(pidfd))
        .unwrap_or(STATUS_UNKNOWN)
}

/// The beginning of `struct pidfd_info`, as far as it was when exits came into it.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

fn told_by_pidfd(pidfd: BorrowedFd<'_>) -> Option<i32> {
    /// `PIDFD_INFO_EXIT`, since Linux 6.15.
    const EXIT: u64 = 1 << 3;
    /// `_IOWR(0xFF, 11, struct pidfd_info)` with the structure's first size, which every later kernel takes.
    const GET_INFO: u32 = (3 << 30) | (INFO_BYTES << 16) | (0xff << 8) | 11;
    const INFO_BYTES: u32 = 64;
    const { assert!(size_of::<PidfdInfo>() == INFO_BYTES as usize) };
    let mut info = PidfdInfo { mask: EXIT, ..PidfdInfo::default() };
    // SAFETY: the kernel writes no more than the size in the request says, which is that of `info`.
    let done = unsafe { libc::ioctl(pidfd.as_raw_fd(), GET_INFO as _, &raw mut info) };
    (done == 0 && info.mask & EXIT != 0).then_some(info.exit_code)
}

/// The last field of `stat`, if the process is a zombie: nobody else has its number as long as it is one.
fn told_by_zombie(pid: u32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace();
    if fields.next()? != "Z" {
        return None;
    }
    fields.last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_end_of_a_process_is_told_by_its_pidfd_and_by_its_zombie() {
        let mut child = Command::new("/bin/sh").args(["-c", "exit 42"]).spawn().unwrap();
        let raw = rustix::process::Pid::from_child(&child);
        let pidfd = rustix::process::pidfd_open(raw, rustix::process::PidfdFlags::empty()).unwrap();
        assert!(is_ours(pidfd.as_fd()));
        let mut fds = [rustix::event::PollFd::new(&pidfd, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut fds, None).unwrap();
        assert_eq!(status(pidfd.as_fd(), child.id()), 42 << 8);
        child.wait().unwrap();
        assert!(!is_ours(pidfd.as_fd()));
        // Only newer kernels remember.
        assert!([42 << 8, STATUS_UNKNOWN].contains(&status(pidfd.as_fd(), child.id())));
        assert_eq!(signal(pidfd.as_fd(), child.id(), libc::SIGTERM, Reach::Process), Err(libc::ESRCH));
    }
}

//! By what a process and its pipes are known again when the descriptors are gone: numbers that the kernel gives to nothing
//! else for as long as the machine runs.

use std::os::fd::{AsFd, BorrowedFd};

use minder_keeper::births::Birth;
use minder_keeper::wire::ChildFds;
use rustix::fs::FileType;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// `PIDFS_MAGIC`: pidfds have inodes of their own since Linux 6.9.
const PIDFS_MAGIC: i64 = 0x5049_4446;

/// A process and what it was given, to be known again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Birthmark {
    /// Its pid.
    pub pid: u32,
    /// The inode of its pidfd, or on older kernels when it was started, in the kernel's ticks.
    pub birth: u64,
    /// The inodes of the pipes of its standard input, output and error. Zero: there is none of ours.
    pub pipes: [u64; 3],
}

impl Birthmark {
    /// Of a living process with its descriptors. `None`: it has ended, or the kernel does not tell.
    pub fn of(pid: u32, fds: &ChildFds) -> Option<Self> {
        let pipe = |fd: &Option<_>| fd.as_ref().and_then(|fd| pipe_inode(AsFd::as_fd(fd))).unwrap_or(0);
        let birth = birth(pid, fds.pidfd.as_ref()?.as_fd())?;
        Some(Self { pid, birth, pipes: [pipe(&fds.stdin), pipe(&fds.stdout), pipe(&fds.stderr)] })
    }
}

impl Birthmark {
    /// Of a process that has entered itself in the register. `None` where pidfds have no inodes of their own.
    pub fn of_birth(birth: &Birth) -> Option<Self> {
        // On older kernels all pidfds have the same one, which is that of no process.
        let own = pidfd_open(Pid::from_raw(birth.pid.cast_signed())?, PidfdFlags::empty()).ok()?;
        is_of_its_own(own.as_fd()).then_some(Self { pid: birth.pid, birth: birth.inode, pipes: birth.pipes })
    }
}

/// By what a process is known from all others that ever had its pid.
pub fn birth(pid: u32, pidfd: BorrowedFd<'_>) -> Option<u64> {
    if is_of_its_own(pidfd) { rustix::fs::fstat(pidfd).ok().map(|found| found.st_ino) } else { started(pid) }
}

/// Whether a pidfd has an inode that no other process's has.
fn is_of_its_own(pidfd: BorrowedFd<'_>) -> bool {
    #[allow(clippy::useless_conversion, reason = "the width of the field differs between machines")]
    rustix::fs::fstatfs(pidfd).is_ok_and(|found| i64::from(found.f_type) == PIDFS_MAGIC)
}

/// Field 22 of `stat`.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.iter().rposition(|byte| *byte == b')')? + 1;
    std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The number of a pipe, if it is one.
pub fn pipe_inode(fd: BorrowedFd<'_>) -> Option<u64> {
    let found = rustix::fs::fstat(fd).ok()?;
    (FileType::from_raw_mode(found.st_mode) == FileType::Fifo).then_some(found.st_ino)
}

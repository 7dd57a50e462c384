//! The first thing that a new process does: it tells the mind of itself, with its descriptors, and enters itself in the
//! register.
//!
//! The keeper could tell it, a moment later. But in that moment it can be killed, and then a process would run of which
//! nobody knows: its program would be started a second time. The new process has a copy of the keeper's line until it
//! becomes its program, so the mind hears this before it hears that the keeper is gone.

#![allow(unsafe_code, reason = "between clone and exec there are only system calls")]

use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::births;
use crate::wire::{ChildFds, ChildId, FromKeeper, Message, Pipes, port};

/// The most descriptors of a child: its pidfd and three pipes.
const FDS_MAX: usize = 4;
/// Room for their control message, generously.
const CONTROL_WORDS: usize = 8;
/// The kind of packet, the variant, the child, the pid, the pipes.
const BYTES: usize = 1 + 1 + 4 + 4 + 1;
/// Where the pid stands in it.
const PID_AT: usize = 1 + 1 + 4;

/// Whether a process has told of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// It has; its descriptors are with the mind.
    ByItself,
    /// It could not, or had not been asked to.
    Not,
}

/// Whom a new process tells of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Audience<'a> {
    /// As whom.
    pub(crate) child: ChildId,
    /// The mind, if it listens.
    pub(crate) line: Option<BorrowedFd<'a>>,
    /// The register, if there is one.
    pub(crate) register: Option<BorrowedFd<'a>>,
}

/// A packet and an entry that lack only what their sender alone knows.
#[derive(Debug)]
pub(crate) struct Announcement {
    line: Option<RawFd>,
    register: Option<RawFd>,
    place: u64,
    entry: [u64; births::WORDS],
    bytes: [u8; BYTES],
    /// The pidfd first, as [`Pipes`] has it.
    fds: [RawFd; FDS_MAX],
    fd_count: usize,
    pub(crate) made: Announced,
}

impl Announcement {
    /// For a child that will have these descriptors.
    pub(crate) fn new(audience: &Audience<'_>, fds: &ChildFds) -> Self {
        let &Audience { child, line, register } = audience;
        let (pipes, rest) = fds.parcel();
        let inode = |fd: &Option<OwnedFd>| {
            let fd = fd.as_ref().filter(|_| register.is_some());
            fd.and_then(|fd| Some(rustix::fs::fstat(fd).ok()?.st_ino)).unwrap_or(0)
        };
        let message = FromKeeper::Cloned { child, pid: 0, pipes: pipes.with(Pipes::PIDFD) };
        let mut announcement = Self {
            line: line.map(|line| line.as_raw_fd()),
            register: register.map(|register| register.as_raw_fd()),
            place: births::place(child),
            entry: births::blank(child, [inode(&fds.stdin), inode(&fds.stdout), inode(&fds.stderr)]),
            bytes: [port::INLINE; BYTES],
            fds: [-1; FDS_MAX],
            fd_count: 1 + rest.len().min(FDS_MAX - 1),
            made: Announced::Not,
        };
        announcement.bytes[1..].copy_from_slice(&message.encode());
        for (place, fd) in announcement.fds[1..].iter_mut().zip(rest) {
            *place = fd.as_raw_fd();
        }
        announcement
    }

    /// Sends it, in the new process: system calls only, nothing is allocated.
    pub(crate) fn make(&mut self) {
        // SAFETY: numbers; the kernel makes a new descriptor, which is closed on exec.
        let (pid, pidfd) = unsafe {
            let pid = libc::getpid();
            (pid, libc::syscall(libc::SYS_pidfd_open, pid, 0))
        };
        let Ok(pidfd @ 0..) = RawFd::try_from(pidfd) else { return };
        if let Some(register) = self.register {
            self.enter(register, pid, pidfd);
        }
        let Some(line) = self.line else { return };
        self.fds[0] = pidfd;
        self.bytes[PID_AT..PID_AT + 4].copy_from_slice(&pid.to_le_bytes());
        let mut control = [0_u64; CONTROL_WORDS];
        let mut part = libc::iovec { iov_base: self.bytes.as_mut_ptr().cast(), iov_len: BYTES };
        // SAFETY: all zeroes is an empty header.
        let mut header = unsafe { mem::zeroed::<libc::msghdr>() };
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        #[allow(clippy::cast_possible_truncation, reason = "four descriptors at most")]
        let length = (self.fd_count * size_of::<RawFd>()) as u32;
        // SAFETY: `control` is aligned as a header of control messages and longer than four descriptors need; the packet
        // and all it points to live until the call is over.
        let sent = unsafe {
            header.msg_controllen = libc::CMSG_SPACE(length) as _;
            let rights = libc::CMSG_FIRSTHDR(&raw const header);
            (*rights).cmsg_level = libc::SOL_SOCKET;
            (*rights).cmsg_type = libc::SCM_RIGHTS;
            (*rights).cmsg_len = libc::CMSG_LEN(length) as _;
            libc::CMSG_DATA(rights).copy_from(self.fds.as_ptr().cast(), length as usize);
            libc::sendmsg(line, &raw const header, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
        };
        if sent >= 0 {
            self.made = Announced::ByItself;
        }
    }

    fn enter(&mut self, register: RawFd, pid: libc::pid_t, pidfd: RawFd) {
        let mut found = mem::MaybeUninit::<libc::stat>::uninit();
        // SAFETY: the kernel fills the structure or says that it did not; the entry is as long as is said.
        unsafe {
            if libc::fstat(pidfd, found.as_mut_ptr()) != 0 {
                return;
            }
            #[allow(clippy::useless_conversion, reason = "the width of the field differs between machines")]
            let inode = u64::from(found.assume_init().st_ino);
            births::complete(&mut self.entry, pid.cast_unsigned(), inode);
            #[allow(clippy::cast_possible_wrap, reason = "within the ring")]
            let place = self.place as libc::off_t;
            libc::pwrite(register, self.entry.as_ptr().cast(), size_of_val(&self.entry), place);
        }
    }
}

//! The keeper's signals, as a descriptor to wait on, and as a set to give a new process its defaults back.

#![allow(unsafe_code, reason = "libc's signal calls")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use rustix::io::Errno;

/// What is passed on to the mind.
const ASKED: [i32; 6] =
    [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2];
/// The highest signal number of Linux.
const SIGNAL_MAX: i32 = 64;
/// The size of `signalfd_siginfo`, which begins with the signal's number.
const RECORD_BYTES: usize = 128;

/// A set of signals, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SignalSet(u64);

impl SignalSet {
    pub(crate) fn add(&mut self, signal: i32) {
        self.0 |= Self::bit(signal);
    }

    pub(crate) fn remove(&mut self, signal: i32) {
        self.0 &= !Self::bit(signal);
    }

    pub(crate) fn has(self, signal: i32) -> bool {
        self.0 & Self::bit(signal) != 0
    }

    /// All of both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the other.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The lowest.
    pub(crate) fn first(self) -> Option<i32> {
        (1..=SIGNAL_MAX).find(|signal| self.has(*signal))
    }

    fn bit(signal: i32) -> u64 {
        1_u64.checked_shl(signal.wrapping_sub(1).cast_unsigned()).unwrap_or(0)
    }

    /// Gives these signals their default action. Calls the kernel only: it is used between clone and exec.
    pub(crate) fn reset_all(self) {
        for signal in 1..=SIGNAL_MAX {
            if self.has(signal) {
                act(signal, libc::SIG_DFL);
            }
        }
    }

    /// Lets all signals through. Calls the kernel only: it is used between clone and exec.
    pub(crate) fn unblock_all() {
        // SAFETY: all zeroes is an empty set, to Linux and to its C libraries.
        let none = unsafe { MaybeUninit::<libc::sigset_t>::zeroed().assume_init() };
        set_mask(&none);
    }
}

/// The signals that the keeper waits for.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: OwnedFd,
    /// Those that do not have their default action in this process.
    pub(crate) changed: SignalSet,
}

impl Signals {
    /// From now on the signals of interest arrive here, and the real-time ones, which end a process that does not
    /// expect them, are ignored.
    pub(crate) fn take() -> io::Result<Self> {
        for signal in 34..=SIGNAL_MAX {
            act(signal, libc::SIG_IGN);
        }
        let mut changed = SignalSet::default();
        (1..=SIGNAL_MAX).filter(|signal| !has_default(*signal)).for_each(|signal| changed.add(signal));
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the set is made by `sigemptyset` before it is used; the new descriptor has no other owner.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in ASKED.into_iter().chain([libc::SIGCHLD]) {
                libc::sigaddset(set.as_mut_ptr(), signal);
            }
            set_mask(set.assume_init_ref());
            match libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(Self { fd: OwnedFd::from_raw_fd(fd), changed }),
            }
        }
    }

    /// All that have arrived since the last call.
    pub(crate) fn drain(&self) -> SignalSet {
        let mut arrived = SignalSet::default();
        let mut records = [0; RECORD_BYTES * 8];
        loop {
            match rustix::io::read(&self.fd, &mut records) {
                Ok(length) if length > 0 => {
                    for record in records[..length].chunks_exact(RECORD_BYTES) {
                        arrived.add(i32::from_ne_bytes([record[0], record[1], record[2], record[3]]));
                    }
                }
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return arrived,
            }
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        debug_assert!(self.fd.as_raw_fd() > 2, "std opens 0 to 2 before main");
        self.fd.as_fd()
    }
}

/// Holds back the signals that the mind is told of until a keeper takes them: from here on none of them ends the
/// process, and none is lost. To be called once others may know the process's id.
pub fn hold_signals() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is made by `sigemptyset` before it is used. These calls are also safe between fork and exec.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in ASKED {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut());
    }
}

/// Runs `work` with every signal blocked.
pub(crate) fn all_blocked<T>(work: impl FnOnce() -> T) -> T {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `all` is made by `sigfillset` and `before` by `sigprocmask`, before either is used.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        let result = work();
        set_mask(before.assume_init_ref());
        result
    }
}

/// Sends a signal to a process that is ours and not yet reaped, or to its group.
pub(crate) fn send(target: i32, signal: i32) -> Result<(), i32> {
    // SAFETY: numbers; whatever they are, the kernel decides.
    match unsafe { libc::kill(target, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL)),
    }
}

fn set_mask(set: &libc::sigset_t) {
    // SAFETY: a set that is there; it fails only for an unknown first argument.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, set, ptr::null_mut()) };
}

/// As the kernel reads and writes it: the action comes first, then flags and a mask, with room to spare. libc's own
/// calls refuse the two signals that it keeps for itself, and those can come ignored from whoever started us.
type KernelAction = [libc::sighandler_t; 8];
/// The size of the kernel's signal mask.
const MASK_BYTES: usize = 8;

fn act(signal: i32, action: libc::sighandler_t) {
    let what: KernelAction = [action, 0, 0, 0, 0, 0, 0, 0];
    let none = ptr::null_mut::<KernelAction>();
    // SAFETY: it names no handler, so no code of ours will run, and the kernel reads less than is there. It fails
    // for the few signals that have no settable action.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const what, none, MASK_BYTES) };
}

fn has_default(signal: i32) -> bool {
    let mut now: KernelAction = [libc::SIG_DFL; 8];
    let none = ptr::null::<KernelAction>();
    // SAFETY: the kernel writes less than there is room for, or fails and leaves the default.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, none, &raw mut now, MASK_BYTES) };
    now[0] == libc::SIG_DFL
}

//! What a new process does between clone and exec.
//!
//! ```text
//!   announcement ▶ signals ▶ group ▶ descriptors ▶ oom score ▶ limits ▶ credentials ▶ directory ▶ umask ▶ exec
//! ```
//!
//! It runs in the keeper's memory, on a stack of its own, while the keeper stands still. So: system calls only, no
//! allocation, no panic, nothing that keeps state in libc. All that is needed was made before, in a [`Script`].
//! A process that becomes another user while it still shares our memory cannot be traced by that user: changing
//! the uid makes the shared memory undumpable, and it stays so for the keeper, which loses its core dumps by that.

#![allow(unsafe_code, reason = "between clone and exec there are only system calls")]

use std::cell::Cell;
use std::convert::Infallible;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::fd::RawFd;

use crate::announce::Announcement;
use crate::signals::SignalSet;
use crate::wire::{CredentialCall, Leader, Stage, StageFailure};

/// Room for a pid's digits and a zero.
pub(crate) const NUMBER_BYTES: usize = 11;

/// All that the new process does, as the system calls want it.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    pub(crate) program: &'a CStr,
    /// Ends with a null pointer, like `environment`.
    pub(crate) argv: &'a [*const c_char],
    pub(crate) environment: &'a [*const c_char],
    /// Where the process writes its own pid, in [`NUMBER_BYTES`] bytes of the environment; null: nowhere.
    pub(crate) pid_text: *mut c_char,
    pub(crate) directory: Option<&'a CStr>,
    pub(crate) credentials: Option<Identity<'a>>,
    pub(crate) umask: Option<libc::mode_t>,
    pub(crate) limits: &'a [(c_int, libc::rlimit64)],
    pub(crate) leader: Leader,
    /// What becomes descriptors 0, 1 and 2, in this order.
    pub(crate) stdio: [Source; 3],
    /// Source and target. No source is a target or below 3.
    pub(crate) inherited: &'a [(RawFd, RawFd)],
    /// What to write as the oom score adjustment, if anything.
    pub(crate) oom_score_adj: Option<&'a [u8]>,
    /// The signals that do not have their default action in the keeper.
    pub(crate) changed_signals: SignalSet,
    /// What the process says of itself before anything else; null: nothing.
    pub(crate) announcement: *mut Announcement,
    /// How it ended, when it did not end in the program.
    pub(crate) failure: Cell<Option<StageFailure>>,
}

/// Whom to become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: &'a [u32],
}

/// Where one of the descriptors 0 to 2 comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// It stays as it is in the keeper.
    Own,
    /// This one, which is 3 or more.
    Fd(RawFd),
    /// The new process's descriptor 1.
    Stdout,
}

// The uid calls without a suffix take 16 bits on the oldest architectures.
#[cfg(not(any(target_arch = "arm", target_arch = "x86")))]
use libc::{SYS_setgid as SETGID, SYS_setgroups as SETGROUPS, SYS_setuid as SETUID};
#[cfg(any(target_arch = "arm", target_arch = "x86"))]
use libc::{SYS_setgid32 as SETGID, SYS_setgroups32 as SETGROUPS, SYS_setuid32 as SETUID};

/// The new process's first function. `script` is a pointer to a [`Script`] that lives until the exec.
pub(crate) extern "C" fn enter(script: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes a `Script` that it keeps, untouched, until this process has executed or ended.
    let script = unsafe { &*script.cast::<Script<'_>>() };
    let Err(failure) = script.walk();
    script.failure.set(Some(failure));
    // SAFETY: ends this process at once, and with it this borrowed stack; nothing of the keeper's is torn down.
    unsafe { libc::_exit(127) }
}

// SAFETY (of this block as a whole): each call gets numbers, or pointers into the `Script`, all of which outlive
// the call; none of them touches memory of the keeper but through the `Script` and errno.
impl Script<'_> {
    fn walk(&self) -> Result<Infallible, StageFailure> {
        // SAFETY: see above; the keeper looks at it again only when this process has left its memory.
        if let Some(announcement) = unsafe { self.announcement.as_mut() } {
            announcement.make();
        }
        self.changed_signals.reset_all();
        SignalSet::unblock_all();
        // SAFETY: see above.
        check(Stage::Group, unsafe {
            match self.leader {
                Leader::Group => libc::setpgid(0, 0),
                Leader::Session => libc::setsid(),
            }
        })?;
        self.place_descriptors()?;
        if let Some(value) = self.oom_score_adj {
            set_oom_score_adj(value);
        }
        for (resource, limit) in self.limits {
            let null = std::ptr::null_mut::<libc::rlimit64>();
            // SAFETY: see above. The call itself, because its libc wrappers disagree on the resource's type.
            let result =
                unsafe { libc::syscall(libc::SYS_prlimit64, 0, *resource, std::ptr::from_ref(limit), null) };
            check(Stage::Limits, result)?;
        }
        if let Some(identity) = self.credentials {
            identity.assume()?;
        }
        if let Some(directory) = self.directory {
            // SAFETY: see above.
            check(Stage::Directory, unsafe { libc::chdir(directory.as_ptr()) })?;
        }
        if let Some(umask) = self.umask {
            // SAFETY: see above.
            unsafe { libc::umask(umask) };
        }
        self.tell_pid();
        // SAFETY: see above; both lists end with a null pointer.
        unsafe { libc::execve(self.program.as_ptr(), self.argv.as_ptr(), self.environment.as_ptr()) };
        Err(failed(Stage::Exec))
    }

    /// Digits only: nothing of libc's formatting may run here.
    fn tell_pid(&self) {
        if self.pid_text.is_null() {
            return;
        }
        // SAFETY: see above.
        let mut rest = unsafe { libc::getpid() }.unsigned_abs();
        let mut digits = 1;
        while 10_u32.pow(digits) <= rest {
            digits += 1;
        }
        for place in (0..digits as usize).rev() {
            let digit = b'0' + (rest % 10) as u8;
            // SAFETY: a pid has ten digits at most, and there is room for them and the zero that is there already.
            unsafe { self.pid_text.add(place).write(digit.cast_signed() as c_char) };
            rest /= 10;
        }
    }

    fn place_descriptors(&self) -> Result<(), StageFailure> {
        for (target, source) in (0..).zip(self.stdio) {
            let source = match source {
                Source::Own => continue,
                Source::Fd(source) => source,
                Source::Stdout => 1,
            };
            // SAFETY: see above.
            check(Stage::Descriptors, unsafe { libc::dup2(source, target) })?;
        }
        // What the keeper opens is closed on exec anyway; this is for what it was itself born with. Kernels before
        // 5.11 do not know the call, and then such a descriptor leaks as it would without a keeper.
        // SAFETY: see above.
        unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        for (source, target) in self.inherited {
            // SAFETY: see above. The copy is not closed on exec.
            check(Stage::Descriptors, unsafe { libc::dup2(*source, *target) })?;
        }
        Ok(())
    }
}

impl Identity<'_> {
    /// The calls themselves: libc's wrappers would try to bring the other threads along.
    fn assume(self) -> Result<(), StageFailure> {
        // SAFETY: `groups` has that many entries.
        let result = unsafe { libc::syscall(SETGROUPS, self.groups.len(), self.groups.as_ptr()) };
        check(Stage::Credentials(CredentialCall::Groups), result)?;
        // SAFETY: a number.
        check(Stage::Credentials(CredentialCall::Group), unsafe { libc::syscall(SETGID, self.gid) })?;
        // SAFETY: a number.
        check(Stage::Credentials(CredentialCall::User), unsafe { libc::syscall(SETUID, self.uid) })
    }
}

/// The keeper's own value, low as it is, would be inherited. No failure: a program is better run than not.
fn set_oom_score_adj(value: &[u8]) {
    // SAFETY: a constant string, a buffer with its length, a descriptor that is open when it is used.
    unsafe {
        let fd = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd >= 0 {
            libc::write(fd, value.as_ptr().cast(), value.len());
            libc::close(fd);
        }
    }
}

fn check(stage: Stage, result: impl Into<i64>) -> Result<(), StageFailure> {
    if result.into() < 0 { Err(failed(stage)) } else { Ok(()) }
}

fn failed(stage: Stage) -> StageFailure {
    // SAFETY: errno is the keeper's own here, whose only thread stands still.
    StageFailure { stage, errno: unsafe { *libc::__errno_location() } }
}

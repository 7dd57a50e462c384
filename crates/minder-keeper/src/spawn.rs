//! From a request to a running process: everything is made ready here, and then cloned.
//!
//! The clone shares our memory and stops us until the new process has executed its program or given up, as glibc's
//! `posix_spawn` does it: the cost does not grow with the keeper, and a failure is simply there afterwards. A
//! program on a file system that does not answer therefore stops the keeper too; its children go on meanwhile.

#![allow(unsafe_code, reason = "clone")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::{cell::Cell, io, ptr};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use rustix::pipe::PipeFlags;
use rustix::process::{Resource, getrlimit};

use crate::announce::{Announced, Announcement, Audience};
use crate::held::Held;
use crate::origin::Origin;
use crate::signals::{self, SignalSet};
use crate::stage::{self, Identity, Script, Source};
use crate::wire::{ChildFds, ErrorTo, Limit, OutputTo, SpawnRequest, SpawnStep, StageFailure, StdinFrom};

/// Room for the system calls of `stage`, generously.
const STACK_BYTES: usize = 64 * 1024;
/// Below the stack, so that an overflow is a crash and not a surprise. A multiple of every page size of Linux.
const GUARD_BYTES: usize = 64 * 1024;

/// How many descriptors are left for what is not a child: another mind, what it has held, long messages.
const FDS_LEFT: u64 = 24;

/// Whether there are descriptors enough for another child, so that no child takes the last ones from the next mind.
/// `open` is any descriptor.
pub(crate) fn has_room(open: impl AsFd) -> bool {
    // The lowest number that is free is how many are open, or a little less.
    let Ok(lowest) = rustix::io::fcntl_dupfd_cloexec(open, 0) else { return false };
    let used = u64::try_from(lowest.as_raw_fd()).unwrap_or(0);
    getrlimit(Resource::Nofile).current.is_none_or(|limit| used + FDS_LEFT <= limit)
}

/// A process that was cloned, whether or not it came as far as its program.
#[derive(Debug)]
pub(crate) struct Born {
    pub(crate) pid: u32,
    pub(crate) failure: Option<StageFailure>,
    pub(crate) announced: Announced,
    pub(crate) fds: ChildFds,
}

/// Why there is no process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) step: SpawnStep,
    pub(crate) errno: i32,
}

/// Makes processes, all of them on the one stack, as only one can be between clone and exec.
#[derive(Debug)]
pub(crate) struct Cloner {
    stack: *mut c_void,
    changed_signals: SignalSet,
}

impl Cloner {
    /// `changed_signals` are those that do not have their default action in the keeper.
    pub(crate) fn new(changed_signals: SignalSet) -> io::Result<Self> {
        let (size, access) = (GUARD_BYTES + STACK_BYTES, ProtFlags::READ | ProtFlags::WRITE);
        // SAFETY: a new mapping, at an address of the kernel's choice, whose lower part nobody uses yet.
        let stack = unsafe {
            let stack = rustix::mm::mmap_anonymous(ptr::null_mut(), size, access, MapFlags::PRIVATE)?;
            rustix::mm::mprotect(stack, GUARD_BYTES, MprotectFlags::empty())?;
            stack
        };
        Ok(Self { stack, changed_signals })
    }

    /// Makes a process of a request. It announces itself to these, if there are any.
    pub(crate) fn spawn(
        &self,
        request: SpawnRequest,
        held: &Held,
        origin: &Origin,
        audience: Option<Audience<'_>>,
    ) -> Result<Born, Refusal> {
        let plumbing = Plumbing::lay(&request, held)?;
        let mut announcement = audience.map(|audience| Announcement::new(&audience, &plumbing.ours));
        let limits = limits(&request.limits, origin);
        let groups = request.credentials.as_ref().map_or(&[][..], |who| &who.groups);
        let credentials =
            request.credentials.as_ref().map(|who| Identity { uid: who.uid, gid: who.gid, groups });
        let program = string(request.program)?;
        let (argv, mut environment) = (Strings::new(request.argv)?, Strings::new(request.environment)?);
        let pid_text = request.pid_variable.map(|name| environment.add_number(&name)).transpose()?;
        let directory = request.directory.map(string).transpose()?;
        let script = Script {
            program: &program,
            argv: &argv.pointers,
            environment: &environment.pointers,
            pid_text: pid_text.unwrap_or(ptr::null_mut()),
            directory: directory.as_deref(),
            credentials,
            umask: request.umask,
            limits: &limits,
            leader: request.leader,
            stdio: plumbing.stdio,
            inherited: &plumbing.inherited,
            oom_score_adj: origin.oom_score_adj.as_deref(),
            changed_signals: self.changed_signals,
            announcement: announcement.as_mut().map_or(ptr::null_mut(), ptr::from_mut),
            failure: Cell::new(None),
        };
        let (pid, pidfd) = self.clone(&script)?;
        let failure = script.failure.get();
        let announced = announcement.map_or(Announced::Not, |announcement| announcement.made);
        Ok(Born { pid, failure, announced, fds: ChildFds { pidfd, ..plumbing.ours } })
    }

    fn clone(&self, script: &Script<'_>) -> Result<(u32, Option<OwnedFd>), Refusal> {
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let argument = ptr::from_ref(script).cast_mut().cast::<c_void>();
        let mut pidfd: c_int = -1;
        // A signal in the new process must not find a handler of ours, nor one in us a half-made child.
        let pid = signals::all_blocked(|| {
            // SAFETY: the top of our own mapping, which nobody else uses, as this process has one thread and that
            // thread stands still until the new process has left the stack; `script` and all that it points to
            // stay where they are for that time; the kernel writes the pidfd into the fifth argument.
            unsafe {
                let top = self.stack.byte_add(GUARD_BYTES + STACK_BYTES);
                libc::clone(stage::enter, top, flags, argument, &raw mut pidfd)
            }
        });
        let Ok(pid @ 1..) = u32::try_from(pid) else {
            let errno = io::Error::last_os_error().raw_os_error().unwrap_or(libc::EAGAIN);
            return Err(Refusal { step: SpawnStep::Clone, errno });
        };
        // SAFETY: the kernel has just made it for us; kernels before 5.2 leave the -1.
        let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
        Ok((pid, pidfd))
    }
}

impl Drop for Cloner {
    fn drop(&mut self) {
        // SAFETY: our own mapping, whole; a new process is never on it while the keeper runs.
        let _ = unsafe { rustix::mm::munmap(self.stack, GUARD_BYTES + STACK_BYTES) };
    }
}

/// A process's descriptors before there is a process.
#[derive(Debug)]
struct Plumbing {
    stdio: [Source; 3],
    inherited: Vec<(RawFd, RawFd)>,
    ours: ChildFds,
    /// The process's ends, open until it has its own copies.
    theirs: Vec<OwnedFd>,
    /// Above all targets: no descriptor below is ever a source, so putting one in its place destroys no other.
    lowest_source: RawFd,
}

impl Plumbing {
    fn lay(request: &SpawnRequest, held: &Held) -> Result<Self, Refusal> {
        let mut plumbing = Self {
            stdio: [Source::Own; 3],
            inherited: Vec::new(),
            ours: ChildFds::default(),
            theirs: Vec::new(),
            lowest_source: lowest_source(&request.inherited)?,
        };
        let find = |name: &[u8]| held.get(name).ok_or(invalid(libc::ENOENT));
        for (name, target) in &request.inherited {
            let source = plumbing.source(find(name)?)?;
            plumbing.inherited.push((source, *target));
        }
        plumbing.stdio[0] = match &request.stdin {
            StdinFrom::Pipe => {
                let (read, write) = pipe()?;
                plumbing.ours.stdin = Some(unblocked(write)?);
                plumbing.give(lasting(read))?
            }
            StdinFrom::Null => plumbing.give(null()?)?,
            StdinFrom::Inherit => Source::Own,
            StdinFrom::Held(name) => Source::Fd(plumbing.source(find(name)?)?),
        };
        plumbing.stdio[1] = match request.stdout {
            OutputTo::Pipe => plumbing.output(|ours| &mut ours.stdout)?,
            OutputTo::Null => plumbing.give(null()?)?,
            OutputTo::Inherit => Source::Own,
        };
        plumbing.stdio[2] = match request.stderr {
            ErrorTo::Pipe => plumbing.output(|ours| &mut ours.stderr)?,
            ErrorTo::Null => plumbing.give(null()?)?,
            ErrorTo::Inherit => Source::Own,
            ErrorTo::Stdout => Source::Stdout,
        };
        Ok(plumbing)
    }

    fn output(
        &mut self,
        place: impl FnOnce(&mut ChildFds) -> &mut Option<OwnedFd>,
    ) -> Result<Source, Refusal> {
        let (read, write) = pipe()?;
        *place(&mut self.ours) = Some(unblocked(read)?);
        self.give(lasting(write))
    }

    fn give(&mut self, fd: OwnedFd) -> Result<Source, Refusal> {
        let source = self.source(fd.as_fd())?;
        self.theirs.push(fd);
        Ok(Source::Fd(source))
    }

    /// This descriptor, or a copy of it high enough.
    fn source(&mut self, fd: BorrowedFd<'_>) -> Result<RawFd, Refusal> {
        if fd.as_raw_fd() >= self.lowest_source {
            return Ok(fd.as_raw_fd());
        }
        let copy = rustix::io::fcntl_dupfd_cloexec(fd, self.lowest_source).map_err(unplumbed)?;
        let number = copy.as_raw_fd();
        self.theirs.push(copy);
        Ok(number)
    }
}

fn lowest_source(inherited: &[(Vec<u8>, RawFd)]) -> Result<RawFd, Refusal> {
    let mut targets = inherited.iter().map(|(_, target)| *target).collect::<Vec<_>>();
    targets.sort_unstable();
    let distinct = targets.windows(2).all(|pair| pair[0] != pair[1]);
    if !distinct || targets.first().is_some_and(|lowest| *lowest < 3) {
        return Err(invalid(libc::EINVAL));
    }
    targets.last().unwrap_or(&2).checked_add(1).ok_or(invalid(libc::EINVAL))
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Refusal> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(unplumbed)
}

/// A process's end of a pipe that is also the other one. So the pipe does not break when keeper and mind are killed both: what
/// it writes waits, and what it reads does not end, until somebody takes it over. Without `/proc` it is the end it was.
fn lasting(end: OwnedFd) -> OwnedFd {
    let path = format!("/proc/self/fd/{}", end.as_raw_fd());
    rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap_or(end)
}

/// Only our end: the flag belongs to one end of a pipe, and programs do not expect it on theirs.
fn unblocked(end: OwnedFd) -> Result<OwnedFd, Refusal> {
    rustix::io::ioctl_fionbio(&end, true).map_err(unplumbed)?;
    Ok(end)
}

fn null() -> Result<OwnedFd, Refusal> {
    rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(unplumbed)
}

/// The request's limits, and the keeper's original one of open files unless the request has another.
fn limits(asked: &[Limit], origin: &Origin) -> Vec<(c_int, libc::rlimit64)> {
    let nofile = libc::RLIMIT_NOFILE.cast_signed();
    let infinite = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
    let original = Limit {
        resource: nofile,
        soft: infinite(origin.nofile.current),
        hard: infinite(origin.nofile.maximum),
    };
    let original = (!asked.iter().any(|limit| limit.resource == nofile)).then_some(original);
    let all = original.iter().chain(asked);
    all.map(|limit| (limit.resource, libc::rlimit64 { rlim_cur: limit.soft, rlim_max: limit.hard })).collect()
}

/// Strings as `execve` takes them.
#[derive(Debug)]
struct Strings {
    _owned: Vec<CString>,
    _number: Vec<u8>,
    /// One for each, and a null pointer.
    pointers: Vec<*const c_char>,
}

impl Strings {
    fn new(strings: Vec<Vec<u8>>) -> Result<Self, Refusal> {
        let owned = strings.into_iter().map(string).collect::<Result<Vec<_>, _>>()?;
        let pointers = owned.iter().map(|string| CStr::as_ptr(string)).chain([ptr::null()]).collect();
        Ok(Self { _owned: owned, pointers, _number: Vec::new() })
    }

    /// Adds `name=` and room for a number, whose place it gives.
    fn add_number(&mut self, name: &[u8]) -> Result<*mut c_char, Refusal> {
        let begin = string([name, b"="].concat())?.into_bytes();
        self._number = [&begin[..], &[0; stage::NUMBER_BYTES]].concat();
        let whole = self._number.as_mut_ptr();
        self.pointers.insert(0, whole.cast_const().cast());
        // SAFETY: the room for the number begins there, inside the same allocation.
        Ok(unsafe { whole.add(begin.len()) }.cast())
    }
}

fn string(bytes: Vec<u8>) -> Result<CString, Refusal> {
    CString::new(bytes).map_err(|_| invalid(libc::EINVAL))
}

fn invalid(errno: i32) -> Refusal {
    Refusal { step: SpawnStep::Request, errno }
}

fn unplumbed(errno: Errno) -> Refusal {
    Refusal { step: SpawnStep::Pipes, errno: errno.raw_os_error() }
}

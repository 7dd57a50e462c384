//! Which of the three processes this is, and what the front hands over when it becomes the keeper.
//!
//! ```text
//!   front ──┐
//!   mind  ──┼─Boot::exec: table of descriptors in a memfd──▶ keeper ──socket──▶ mind
//!   keeper ─┘
//! ```
//!
//! Whoever becomes a keeper does it in this way: a front, first of all; a mind whose keeper was killed; a keeper that
//! becomes a newer program; and a front that finds what a keeper and a mind have left which were killed both. All but the
//! first hand over children as well.
//!
//! All three are one executable. What it is this time stands in [`ROLE_VARIABLE`], beside the number of the
//! descriptor that carries the rest. A program that minder runs may have got that variable by accident, so nothing
//! is believed before the descriptor was looked at.

#![allow(
    unsafe_code,
    reason = "descriptors that came through exec are only known by number; a hook before exec"
)]

use std::collections::BTreeSet;
use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, io};

use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::signals::hold_signals;
use crate::wire::{ChildFds, ChildId, ChildState, Pipes, Port, StageFailure, codec, port};

/// The environment variable that tells a process its role. No program that minder runs should see it.
pub const ROLE_VARIABLE: &str = "MINDER_ROLE";
/// Set to `1` in a front that replaced a keeper after [`Again`](crate::wire::ToKeeper::Again).
pub const RESTART_VARIABLE: &str = "MINDER_RESTART";

const SELF: &str = "/proc/self/exe";
const TABLE_NAME: &str = "minder-boot";
/// To be raised with every change of the table. A program can become a keeper only by a table of its own version.
pub const TABLE_VERSION: u32 = 3;

/// What a process of this executable is.
#[derive(Debug)]
pub enum Role {
    /// The one that the user started: it reads command line and configuration, then becomes the keeper.
    Front,
    /// The keeper: call [`run`](crate::run).
    Keeper(Boot),
    /// The mind, and its line to the keeper.
    Mind(Port),
}

impl Role {
    /// Finds out the role. To be called once, first thing in `main`: it takes possession of descriptors, and gives
    /// the process the name of `argv[0]` again, which executing `/proc/self/exe` had made "exe".
    ///
    /// # Errors
    /// [`RoleError`] when [`ROLE_VARIABLE`] is there, but what it says is not so.
    pub fn take() -> Result<Self, RoleError> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Err(RoleError::Taken);
        }
        let role = std::env::var_os(ROLE_VARIABLE);
        if role.is_some() || std::env::var_os(RESTART_VARIABLE).is_some() {
            restore_name();
        }
        let Some(role) = role else { return Ok(Self::Front) };
        let malformed = || RoleError::Malformed(role.clone());
        let (kind, fd) = role.to_str().and_then(|role| role.split_once(':')).ok_or_else(malformed)?;
        let fd = fd.parse().ok().filter(|fd| *fd > 2).ok_or_else(malformed)?;
        match kind {
            "keeper" => Boot::take(fd).map(Self::Keeper).ok_or(RoleError::NoTable(fd)),
            "mind" => take_port(fd).map(Self::Mind).ok_or(RoleError::NoKeeper(fd)),
            _ => Err(malformed()),
        }
    }
}

/// Why a role was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleError {
    /// The variable's value is of no known form.
    Malformed(OsString),
    /// This descriptor is no table of a front, or the table does not fit the descriptors that are open.
    NoTable(RawFd),
    /// This descriptor is no line to the parent process.
    NoKeeper(RawFd),
    /// The role was taken before.
    Taken,
}

impl fmt::Display for RoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(value) => {
                write!(f, "{ROLE_VARIABLE}: found {value:?}, expected `keeper:FD` or `mind:FD`; unset it")
            }
            Self::NoTable(fd) => {
                write!(f, "{ROLE_VARIABLE}: descriptor {fd} holds no table for a keeper; unset it")
            }
            Self::NoKeeper(fd) => {
                write!(f, "{ROLE_VARIABLE}: descriptor {fd} does not lead to a keeper; unset it")
            }
            Self::Taken => f.write_str("the role of this process was already taken"),
        }
    }
}

impl std::error::Error for RoleError {}

/// What a keeper starts with.
#[derive(Debug, Default)]
pub struct Boot {
    /// Descriptors to hold, with their names: the configuration's snapshot, listening sockets.
    pub held: Vec<(Vec<u8>, OwnedFd)>,
    /// What an earlier keeper had begun; a first one has nothing.
    pub succession: Option<Succession>,
}

/// What a keeper goes on with.
#[derive(Debug, Default)]
pub struct Succession {
    /// How many minds there were so far.
    pub lives: u32,
    /// The children that were not acknowledged.
    pub children: Vec<KeptChild>,
}

/// A child as it goes from one keeper to the next.
#[derive(Debug)]
pub struct KeptChild {
    /// The mind's name for it.
    pub child: ChildId,
    /// Its pid, a stranger's perhaps once it has ended.
    pub pid: u32,
    /// Whether it lives, as far as anybody knows.
    pub state: ChildState,
    /// Why it never came to run its program, if it did not.
    pub failure: Option<StageFailure>,
    /// How many signals of the mind's were sent to it.
    pub signals: u32,
    /// What is held of it.
    pub fds: ChildFds,
}

/// A [`KeptChild`] as it stands in the table, its descriptors by number.
#[derive(Debug)]
pub(crate) struct Bequest {
    pub(crate) child: ChildId,
    pub(crate) pid: u32,
    pub(crate) state: ChildState,
    pub(crate) failure: Option<StageFailure>,
    pub(crate) signals: u32,
    pub(crate) pipes: Pipes,
    pub(crate) fds: Vec<RawFd>,
}

/// The table: its version, the held descriptors, and of a succession the lives and the children.
type Table = ((u32, Vec<(Vec<u8>, RawFd)>), Option<(u32, Vec<Bequest>)>);

impl Boot {
    /// Turns this process into the keeper: same pid, these arguments (by which users know the process) and this
    /// environment. Returns only when that failed.
    #[must_use]
    pub fn exec(self, argv: &[OsString], envs: &[(OsString, OsString)]) -> io::Error {
        self.exec_program(Path::new(SELF), argv, envs)
    }

    /// The same with another program, which must know [`TABLE_VERSION`]. When it fails nothing has changed but that the
    /// descriptors are not closed on exec any more.
    pub(crate) fn exec_program(
        &self,
        program: &Path,
        argv: &[OsString],
        envs: &[(OsString, OsString)],
    ) -> io::Error {
        let memfd = match port::sealed_memfd(TABLE_NAME, &codec::encode(&self.table())) {
            Ok(memfd) => memfd,
            Err(error) => return error,
        };
        for fd in self.fds().chain([memfd.as_fd()]) {
            if let Err(error) = rustix::io::fcntl_setfd(fd, FdFlags::empty()) {
                return error.into();
            }
        }
        let role = OsString::from(format!("keeper:{}", memfd.as_raw_fd()));
        exec(program, argv, envs, (ROLE_VARIABLE.into(), role))
    }

    /// What is handed over, the descriptors of children included.
    fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let children = self.succession.iter().flat_map(|succession| &succession.children);
        self.held.iter().map(|(_, fd)| fd.as_fd()).chain(children.flat_map(|child| child.fds.parcel().1))
    }

    /// Undoes what an exec that failed has done to the descriptors.
    pub(crate) fn close_on_exec(&self) {
        for fd in self.fds() {
            // It fails only for what is no descriptor.
            let _ = rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC);
        }
    }

    fn table(&self) -> Table {
        let held = self.held.iter().map(|(name, fd)| (name.clone(), fd.as_raw_fd())).collect();
        let succession = self.succession.as_ref().map(|succession| {
            let children = succession.children.iter().map(|kept| {
                let (pipes, fds) = kept.fds.parcel();
                let &KeptChild { child, pid, state, failure, signals, .. } = kept;
                Bequest {
                    child,
                    pid,
                    state,
                    failure,
                    signals,
                    pipes,
                    fds: fds.iter().map(AsRawFd::as_raw_fd).collect(),
                }
            });
            (succession.lives, children.collect())
        });
        ((TABLE_VERSION, held), succession)
    }

    fn take(memfd: RawFd) -> Option<Self> {
        let memfd = adopt(memfd)?;
        let bytes = port::read_sealed(memfd.as_fd()).ok()?;
        // Alone first: of another version nothing else is known.
        if bytes.get(..4)? != TABLE_VERSION.to_le_bytes() {
            return None;
        }
        let ((_, held), succession): Table = codec::decode(&bytes).ok()?;
        let mut seen = BTreeSet::from([memfd.as_raw_fd(), 0, 1, 2]);
        let mut once = |fd| if seen.insert(fd) { adopt(fd) } else { None };
        let held = held.into_iter().map(|(name, fd)| Some((name, once(fd)?))).collect::<Option<_>>()?;
        let mut kept = |bequest: Bequest| {
            let Bequest { child, pid, state, failure, signals, pipes, fds } = bequest;
            let fds = fds.into_iter().map(&mut once).collect::<Option<Vec<_>>>()?;
            Some(KeptChild { child, pid, state, failure, signals, fds: pipes.unpack(fds).ok()? })
        };
        let succession = match succession {
            Some((lives, children)) => {
                let children = children.into_iter().map(&mut kept).collect::<Option<_>>()?;
                Some(Succession { lives, children })
            }
            None => None,
        };
        Some(Self { held, succession })
    }
}

/// Executes this program afresh, as a front that knows of the restart. Returns only when that failed.
pub(crate) fn exec_front() -> io::Error {
    let argv = std::env::args_os().collect::<Vec<_>>();
    let envs = std::env::vars_os().collect::<Vec<_>>();
    exec(Path::new(SELF), &argv, &envs, (RESTART_VARIABLE.into(), "1".into()))
}

/// `std` empties the signal mask and resets SIGPIPE on the way. What is asked of a daemon by signal meanwhile must
/// neither end it nor be lost, so those are held back again.
fn exec(
    program: &Path,
    argv: &[OsString],
    envs: &[(OsString, OsString)],
    role: (OsString, OsString),
) -> io::Error {
    let own = [ROLE_VARIABLE, RESTART_VARIABLE];
    let (argv0, arguments) =
        argv.split_first().map_or((SELF.as_ref(), argv), |(first, rest)| (&**first, rest));
    let mut command = Command::new(program);
    command.arg0(argv0).args(arguments).env_clear();
    command.envs(envs.iter().filter(|(name, _)| !own.iter().any(|own| name == own)).cloned()).envs([role]);
    // SAFETY: it runs in this very process, right before the exec, and calls the kernel only.
    unsafe {
        command.pre_exec(|| {
            hold_signals();
            Ok(())
        });
    }
    command.exec()
}

/// The mind's environment: the keeper's own, with another role.
pub(crate) fn mind_environment(port: RawFd) -> Vec<Vec<u8>> {
    let own = std::env::vars_os().filter(|(name, _)| name != ROLE_VARIABLE);
    let own = own.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
    own.chain([format!("{ROLE_VARIABLE}=mind:{port}").into_bytes()]).collect()
}

/// A port whose other end belongs to the process's parent.
fn take_port(fd: RawFd) -> Option<Port> {
    let socket = adopt(fd)?;
    let unix = sockopt::socket_domain(&socket).ok()? == AddressFamily::UNIX;
    let packets = sockopt::socket_type(&socket).ok()? == SocketType::SEQPACKET;
    let peer = sockopt::socket_peercred(&socket).ok()?.pid;
    (unix && packets && Some(peer) == rustix::process::getppid()).then(|| Port::from(socket))
}

/// Takes possession of a descriptor that came through exec, if it is open, and closes it on the next one.
fn adopt(fd: RawFd) -> Option<OwnedFd> {
    if fd < 0 {
        return None;
    }
    // SAFETY: only used to ask whether it is open, which is harmless for any number but -1.
    let probe = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::io::fcntl_setfd(probe, FdFlags::CLOEXEC).ok()?;
    // SAFETY: it is open, and it is ours: `Role::take` runs once, before `main` has opened anything, and each
    // number is adopted once.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn restore_name() {
    let name = std::env::args_os().next().unwrap_or_default().into_vec();
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if let Ok(name) = CString::new(name) {
        // Nothing depends on it but what `ps -o comm` shows.
        let _ = rustix::thread::set_name(&name);
    }
}

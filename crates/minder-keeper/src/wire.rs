//! What keeper and mind say to each other, over one `SOCK_SEQPACKET` pair.
//!
//! ```text
//!   mind ──ToKeeper──▶ keeper      Spawn · Signal · Noted · Acknowledge · Hold · Release · Ready · Obeyed · Finish · Again · Become
//!   mind ◀─FromKeeper─ keeper      Hello Child* Held* HelloEnd, then Spawned · NotSpawned · Exited · …
//! ```
//!
//! Every mind, the first one too, begins with the keeper's `Hello … HelloEnd`. All that a mind has sent is done,
//! even when it died right after sending. Descriptors travel beside their message, in the order its doc names.
//!
//! Reading order: the messages here, their bytes in `codec`, their journey in `port`.

pub(crate) mod codec;
pub(crate) mod port;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

pub use codec::{Garbled, Message};
pub use port::{Bundle, Delivery, Port, Room};

/// Version of this protocol, told in [`FromKeeper::Hello`]. Both ends are the same executable, except for the
/// moment of an upgrade.
pub const VERSION: u32 = if cfg!(feature = "other-wire") { 1006 } else { 6 };

/// The mind's name for one process of its choosing; not used again while the keeper still knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u32);

/// What the mind asks of the keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToKeeper {
    /// Clone a process. Answered by [`FromKeeper::Spawned`] or [`FromKeeper::NotSpawned`].
    Spawn {
        /// How both sides will call it.
        child: ChildId,
        /// All that there is to know about it.
        request: Box<SpawnRequest>,
    },
    /// Send a signal. Answered only when it fails, by [`FromKeeper::SignalFailed`].
    Signal {
        /// Whom to signal; one that has exited gives `ESRCH`, because its pid may be a stranger's by now.
        child: ChildId,
        /// The signal's number.
        signal: i32,
        /// The process alone or all of its group.
        reach: Reach,
    },
    /// The exit was seen, but something that the child has left is to end first. It is kept and told to the next mind, and
    /// this one owes nothing for it until it acknowledges. Ignored while the child lives.
    Noted {
        /// The child that has ended.
        child: ChildId,
    },
    /// The exit was seen: forget the child and close its descriptors. Ignored while the child lives.
    Acknowledge {
        /// The child to forget.
        child: ChildId,
    },
    /// Keep the one descriptor that comes with this message; it replaces one of the same name.
    Hold {
        /// Its name, at most [`NAME_BYTES_MAX`] bytes.
        name: Vec<u8>,
    },
    /// Close a held descriptor. Nothing happens when there is none of that name.
    Release {
        /// Its name.
        name: Vec<u8>,
    },
    /// The mind is up; sent again when the storm of a start is over, and each time the keeper gives back memory that
    /// it does not need any more. Until the first one a mind that exits with a status ends the keeper with that status.
    Ready,
    /// What [`FromKeeper::Asked`] asked for has been done, or noted where the next mind finds it. Until then the
    /// mind owes an answer, and the next one is asked again.
    Obeyed {
        /// The signal's number.
        signal: i32,
    },
    /// The mind will exit now, for good; the keeper waits for that and exits with `status`.
    Finish {
        /// The keeper's exit status.
        status: u8,
    },
    /// The mind will exit now; the keeper then executes the program afresh, in the same process, with its original
    /// arguments and `MINDER_RESTART=1` in its environment.
    Again,
    /// The mind will exit now; the keeper then becomes the program of which a descriptor comes along, in the same process,
    /// with all children and all that is held, and starts a mind of that program. The program must know
    /// [`TABLE_VERSION`](crate::TABLE_VERSION); where it cannot be executed, the keeper goes on as it was.
    Become,
}

/// The longest name of a held descriptor, in bytes; a longer one is not held.
pub const NAME_BYTES_MAX: usize = 4096;

/// Whom a signal reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The child alone.
    Process,
    /// Every process of the child's process group.
    Group,
}

/// A process to start, with nothing left to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnRequest {
    /// Path of the program; `PATH` is not searched.
    pub program: Vec<u8>,
    /// The arguments, the name of the program included.
    pub argv: Vec<Vec<u8>>,
    /// The whole environment, `NAME=value` each; nothing of the keeper's is added.
    pub environment: Vec<Vec<u8>>,
    /// Where to start; the keeper's own directory when absent.
    pub directory: Option<Vec<u8>>,
    /// Who to be; the keeper's own user when absent.
    pub credentials: Option<Credentials>,
    /// The file mode mask; the keeper's own when absent.
    pub umask: Option<u32>,
    /// Resource limits, set in this order before the credentials are given up.
    pub limits: Vec<Limit>,
    /// What the process becomes the leader of.
    pub leader: Leader,
    /// Descriptor 0.
    pub stdin: StdinFrom,
    /// Descriptor 1.
    pub stdout: OutputTo,
    /// Descriptor 2.
    pub stderr: ErrorTo,
    /// Held descriptors that the process gets besides, each with its number there: 3 or more, each number once.
    pub inherited: Vec<(Vec<u8>, i32)>,
    /// The variable in which the process finds its own pid, which nobody knows before it is there.
    pub pid_variable: Option<Vec<u8>>,
}

/// Whom a process runs as: set by `setgroups`, `setgid` and `setuid`, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Supplementary groups, all of them.
    pub groups: Vec<u32>,
}

/// One resource limit, in the kernel's own unit for that resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// `RLIMIT_…`.
    pub resource: i32,
    /// What is enforced; `u64::MAX` is no limit.
    pub soft: u64,
    /// How far the process itself may raise it; `u64::MAX` is no limit.
    pub hard: u64,
}

/// What a new process leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leader {
    /// A process group, in the keeper's session.
    Group,
    /// A session, and in it a process group.
    Session,
}

/// Where a process's standard input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StdinFrom {
    /// A pipe; the mind gets its write end.
    Pipe,
    /// `/dev/null`.
    Null,
    /// Where the keeper's own comes from.
    Inherit,
    /// A held descriptor, such as a listening socket.
    Held(Vec<u8>),
}

/// Where a process's standard output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputTo {
    /// A pipe; the mind gets its read end.
    Pipe,
    /// `/dev/null`.
    Null,
    /// Where the keeper's own goes.
    Inherit,
}

/// Where a process's standard error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorTo {
    /// A pipe of its own; the mind gets its read end.
    Pipe,
    /// `/dev/null`.
    Null,
    /// Where the keeper's own goes.
    Inherit,
    /// Where the process's standard output goes.
    Stdout,
}

/// What the keeper tells the mind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromKeeper {
    /// The first message to every mind. A `Child` for each child and a `Held` for each held descriptor follow.
    Hello {
        /// The keeper's [`VERSION`].
        version: u32,
        /// The keeper's pid: the one in the pidfile.
        keeper: u32,
        /// How many minds there were before this one.
        lives: u32,
    },
    /// Part of the hello: a child that was not acknowledged. With it come the descriptors that `pipes` names.
    Child {
        /// Which.
        child: ChildId,
        /// Its pid, a stranger's perhaps once it has exited.
        pid: u32,
        /// Whether it lives.
        state: ChildState,
        /// Why it never came to run its program, if it did not.
        failure: Option<StageFailure>,
        /// How many of the mind's signals were sent to it, or refused by the kernel: what was ordered beyond that never
        /// arrived here.
        signals: u32,
        /// The descriptors that came along.
        pipes: Pipes,
    },
    /// Part of the hello: a held descriptor, which comes along.
    Held {
        /// Its name.
        name: Vec<u8>,
    },
    /// The end of the hello.
    HelloEnd,
    /// Told by the new process itself, before it becomes its program, with the descriptors that `pipes` names: so
    /// that it is known even if the keeper is killed at this very moment. The line is not closed before this is said,
    /// because the new process has a copy of it. What has become of it follows as [`FromKeeper::Spawned`].
    Cloned {
        /// Which.
        child: ChildId,
        /// Its pid.
        pid: u32,
        /// The descriptors that came along.
        pipes: Pipes,
    },
    /// A process was cloned. With it come the descriptors that `pipes` names, none if they came with
    /// [`FromKeeper::Cloned`]. When `failure` is there the process did not come as far as its program, and an
    /// [`FromKeeper::Exited`] with status 127 follows.
    Spawned {
        /// Which.
        child: ChildId,
        /// Its pid.
        pid: u32,
        /// Where it failed, if it did.
        failure: Option<StageFailure>,
        /// The descriptors that came along.
        pipes: Pipes,
    },
    /// No process came of a `Spawn`; the id is free again (unless `step` and `errno` say that it was taken).
    NotSpawned {
        /// Which.
        child: ChildId,
        /// What could not be done.
        step: SpawnStep,
        /// Why.
        errno: i32,
    },
    /// A child has ended. Told again to the next mind until it is acknowledged.
    Exited {
        /// Which.
        child: ChildId,
        /// The status as `waitpid` gave it, or [`STATUS_UNKNOWN`].
        status: i32,
    },
    /// A process that was not a child of ours, but left to us by its parent, has ended. Best effort.
    Reaped {
        /// Its pid.
        pid: u32,
        /// The status as `waitpid` gave it.
        status: i32,
    },
    /// A `Signal` could not be sent.
    SignalFailed {
        /// To whom.
        child: ChildId,
        /// Why; `ESRCH` also when there is no such child.
        errno: i32,
    },
    /// Somebody sent the keeper a signal: TERM, INT, QUIT, HUP, USR1 or USR2. Several of one kind may become one.
    Asked {
        /// The signal's number.
        signal: i32,
    },
}

/// The status of a process whose end nobody could be asked about: `waitpid` gives it to none that has ended. Only children
/// of an earlier keeper, on a kernel before 6.15, end with it.
pub const STATUS_UNKNOWN: i32 = 0x7f;

/// Whether a child lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// It does.
    Alive,
    /// It does not; the status as `waitpid` gave it.
    Exited(i32),
}

/// Where, between clone and exec, a process gave up, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageFailure {
    /// Where.
    pub stage: Stage,
    /// Why.
    pub errno: i32,
}

/// The steps of a new process on its way to its program, in order. The umask has none: it cannot fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `setpgid` or `setsid`.
    Group,
    /// Putting descriptors where they belong.
    Descriptors,
    /// Resource limits.
    Limits,
    /// Becoming the user: which call.
    Credentials(CredentialCall),
    /// `chdir`.
    Directory,
    /// `execve`.
    Exec,
}

/// One of the calls that change whom a process runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialCall {
    /// `setgroups`.
    Groups,
    /// `setgid`.
    Group,
    /// `setuid`.
    User,
}

/// What the keeper could not do for a new process before there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpawnStep {
    /// Understand the request: `EEXIST` the id is taken, `ENOENT` nothing of that name is held, `EINVAL` a zero byte
    /// inside a string or an impossible descriptor number.
    Request,
    /// Make its pipes, or open `/dev/null`.
    Pipes,
    /// Clone.
    Clone,
}

/// Which of a child's descriptors come with a message. They come in the order of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pipes(u8);

impl Pipes {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// The pidfd; absent only on kernels before 5.2.
    pub const PIDFD: Self = Self(1);
    /// The write end of its standard input.
    pub const STDIN: Self = Self(2);
    /// The read end of its standard output.
    pub const STDOUT: Self = Self(4);
    /// The read end of its standard error.
    pub const STDERR: Self = Self(8);

    /// These and those.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether all of `some` are among these.
    #[must_use]
    pub const fn has(self, some: Self) -> bool {
        self.0 & some.0 == some.0
    }

    /// Gives each descriptor that came with the message its meaning.
    ///
    /// # Errors
    /// [`Garbled`] when there are not as many as announced, for example because the receiver was at its limit of
    /// open files.
    pub fn unpack(self, fds: Vec<OwnedFd>) -> Result<ChildFds, Garbled> {
        if fds.len() != self.0.count_ones() as usize {
            return Err(Garbled);
        }
        let mut fds = fds.into_iter();
        let mut take = |which| if self.has(which) { fds.next() } else { None };
        Ok(ChildFds {
            pidfd: take(Self::PIDFD),
            stdin: take(Self::STDIN),
            stdout: take(Self::STDOUT),
            stderr: take(Self::STDERR),
        })
    }
}

impl ChildFds {
    /// Which there are, and they themselves in the order of [`Pipes`]' constants.
    pub(crate) fn parcel(&self) -> (Pipes, Vec<BorrowedFd<'_>>) {
        let all = [
            (Pipes::PIDFD, &self.pidfd),
            (Pipes::STDIN, &self.stdin),
            (Pipes::STDOUT, &self.stdout),
            (Pipes::STDERR, &self.stderr),
        ];
        let there = || all.iter().filter_map(|(which, fd)| Some((*which, fd.as_ref()?.as_fd())));
        (there().fold(Pipes::NONE, |all, (which, _)| all.with(which)), there().map(|(_, fd)| fd).collect())
    }
}

/// A child's descriptors as both sides keep them. The pipe ends do not block; the child's ends do.
#[derive(Debug, Default)]
pub struct ChildFds {
    /// Becomes readable when the child ends.
    pub pidfd: Option<OwnedFd>,
    /// Write end.
    pub stdin: Option<OwnedFd>,
    /// Read end.
    pub stdout: Option<OwnedFd>,
    /// Read end.
    pub stderr: Option<OwnedFd>,
}

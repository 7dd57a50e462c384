//! Names and numbers that mean one thing each.

use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroU32;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes any text: which characters a name may have is for the configuration dialect to say.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name! {
    /// The name of a group; unique in a [`Plan`](crate::plan::Plan).
    GroupName
}
name! {
    /// The name of a program; unique in its group.
    ProgramName
}
name! {
    /// The name of a socket; unique among all [`SocketSpec`](crate::socket::SocketSpec)s.
    SocketName
}
name! {
    /// The name of a task; unique in an [`Agenda`](crate::agenda::Agenda).
    TaskName
}
name! {
    /// The name of a worker; unique in an [`Agenda`](crate::agenda::Agenda).
    WorkerName
}
name! {
    /// The name of a resident; unique in an [`Agenda`](crate::agenda::Agenda).
    ResidentName
}
name! {
    /// The name of a check; unique in a [`DeploymentSpec`](crate::deployment::DeploymentSpec).
    CheckName
}

/// Where a program stands: its group and its own name. Unique in a plan.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UnitName {
    /// The enclosing group.
    pub group: GroupName,
    /// The program in it.
    pub program: ProgramName,
}

/// One slot of the supervision: at most one process lives in it at a time. The number of one that is gone
/// is given again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceId(pub u32);

/// A process id, greater than zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pid(NonZeroU32);

impl Pid {
    /// `None` for zero, which names no process.
    pub const fn new(pid: u32) -> Option<Self> {
        match NonZeroU32::new(pid) {
            Some(pid) => Some(Self(pid)),
            None => None,
        }
    }

    /// The number the kernel knows it by.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A signal number, 0 to 64. Zero only asks whether the process is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Signal(pub u8);

impl Signal {
    /// Cannot be caught: the last word of every stop.
    pub const KILL: Self = Self(9);
    /// The polite request to end.
    pub const TERM: Self = Self(15);
}

/// The number of a failed system call's reason, as in `errno.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Errno(pub i32);

impl Errno {
    /// Whether it says that the machine, or what we may have of it, was used up at the moment: EAGAIN, ENOMEM, ENFILE, EMFILE,
    /// ENOBUFS.
    pub fn is_shortage(self) -> bool {
        matches!(self.0, 11 | 12 | 23 | 24 | 105)
    }
}

/// A string of bytes that the kernel takes as it is: a path, an argument, a value of the environment. A copy shares
/// the bytes, since a thousand programs say much the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteString(Arc<[u8]>);

/// A [`ByteString`] that names a file.
pub type BytePath = ByteString;

impl ByteString {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<Arc<[u8]>>> From<T> for ByteString {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExitStatus {
    /// It called `exit` with this code, 0 to 255.
    Code(u8),
    /// A signal ended it.
    Signal {
        /// Which one.
        signal: Signal,
        /// Whether a core image was written.
        core: CoreDump,
    },
    /// It ended where nobody could read how.
    Unknown,
}

/// Whether a process that a signal ended left a core image.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CoreDump {
    /// It did.
    Written,
    /// It did not.
    None,
}

//! What can go wrong with a log.

use std::fmt;
use std::io;

use minder_core::ids::{BytePath, Errno};

/// A log that cannot be what it should be: which file, what was tried, and the kernel's reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogError {
    /// It cannot be opened, or not be made.
    Open(BytePath, Errno),
    /// No file with an automatic name can be made in this directory.
    Create(BytePath, Errno),
    /// It cannot be written. Until it can, bytes are dropped, so that the program goes on.
    Write(BytePath, Errno),
    /// It was removed, and cannot be made again. Until it can, bytes are dropped.
    Gone(BytePath, Errno),
    /// It cannot be replaced by a new one, and grows beyond its size.
    Rotate(BytePath, Errno),
    /// It cannot be removed.
    Remove(BytePath, Errno),
    /// The directory cannot be read.
    List(BytePath, Errno),
}

impl LogError {
    /// The file or directory.
    pub fn path(&self) -> &BytePath {
        self.parts().1
    }

    /// The kernel's reason.
    pub fn errno(&self) -> Errno {
        self.parts().2
    }

    fn parts(&self) -> (&'static str, &BytePath, Errno) {
        match self {
            Self::Open(path, errno) => ("cannot open the log", path, *errno),
            Self::Create(path, errno) => ("cannot make a log file in", path, *errno),
            Self::Write(path, errno) => ("cannot write to the log", path, *errno),
            Self::Gone(path, errno) => ("the log was removed, and cannot be made again:", path, *errno),
            Self::Rotate(path, errno) => ("cannot replace the log", path, *errno),
            Self::Remove(path, errno) => ("cannot remove the log", path, *errno),
            Self::List(path, errno) => ("cannot list the logs in", path, *errno),
        }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, path, errno) = self.parts();
        let reason = io::Error::from_raw_os_error(errno.0);
        write!(f, "{what} `{}`: {reason}", String::from_utf8_lossy(path.as_bytes()))?;
        match self {
            Self::Write(..) | Self::Gone(..) => f.write_str(
                "; programs go on, and what is written is dropped and counted until it can be kept again",
            ),
            Self::Open(..) | Self::Create(..) | Self::Rotate(..) | Self::Remove(..) | Self::List(..) => {
                Ok(())
            }
        }
    }
}

impl std::error::Error for LogError {}

/// The kernel's reason, as the core knows it.
pub(super) fn reason(errno: rustix::io::Errno) -> Errno {
    Errno(errno.raw_os_error())
}

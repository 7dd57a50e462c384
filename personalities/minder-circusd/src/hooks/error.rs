//! Why a hook has no result.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a hook has no result.
#[derive(Debug)]
pub enum HookError {
    /// It raised an exception, or could not be imported.
    Raised {
        /// The exception's class.
        kind: String,
        /// `str` of the exception.
        text: String,
        /// Where it happened, as Python prints it; lines that end in a newline.
        trace: String,
    },
    /// Its process ended in the middle of it. `None`: nobody knows how.
    Died(Option<ExitStatus>),
    /// It took longer than that and was killed.
    TooLong(Duration),
    /// There is no python3 in the daemon's `PATH`.
    NoPython,
    /// Its process gave an answer that is none, or one that is too long.
    Garbled,
    /// The system refused something.
    System(io::Error),
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raised { text, .. } => f.write_str(text),
            Self::Died(Some(status)) => write!(f, "the hook ended its process ({status})"),
            Self::Died(None) => f.write_str("the hook ended its process"),
            Self::TooLong(bound) => write!(f, "the hook was killed after {} s", bound.as_secs_f64()),
            Self::NoPython => f.write_str(
                "a hook in Python needs python3, which is not in PATH; install it, or use a `shell:` hook",
            ),
            Self::Garbled => f.write_str("the process of the hook gave no answer that can be read"),
            Self::System(error) => write!(f, "the hook could not be called: {error}"),
        }
    }
}

impl std::error::Error for HookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            Self::Raised { .. } | Self::Died(_) | Self::TooLong(_) | Self::NoPython | Self::Garbled => None,
        }
    }
}

impl From<io::Error> for HookError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

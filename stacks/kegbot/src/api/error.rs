//! Why the server gave no good answer.

use std::fmt;

use serde_json::Value;
use ureq::Timeout;

/// Why the server gave no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// It was not reached, so that it knows of nothing.
    Unreachable(String),
    /// It may have heard, and no answer came.
    NoAnswer(String),
    /// The answer is no JSON: its status, and how it begins.
    NotJson {
        /// The status of HTTP.
        status: u16,
        /// The first of it.
        begin: String,
    },
    /// The answer has another shape.
    Shape {
        /// The status of HTTP.
        status: u16,
        /// What it should have been.
        expected: &'static str,
    },
    /// It says no.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The server's word for the reason, such as `NotFoundError`.
        code: String,
        /// The reason.
        message: String,
    },
}

/// What an error means for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server does not know of it.
    NotDone,
    /// It may have done it.
    Unknown,
    /// It will not do it, however often it is asked.
    Never,
    /// It did not do it this time.
    Failed,
}

impl ApiError {
    pub(super) fn of(error: ureq::Error) -> Self {
        use std::io::ErrorKind::{
            AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable,
        };
        let text = error.to_string();
        match error {
            ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::BadUri(_)
            | ureq::Error::Http(_)
            | ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => Self::Unreachable(text),
            ureq::Error::Io(error) => match error.kind() {
                ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable => {
                    Self::Unreachable(spoken(&error))
                }
                _ => Self::NoAnswer(spoken(&error)),
            },
            _ => Self::NoAnswer(text),
        }
    }

    pub(super) fn refused(status: u16, error: &Value) -> Self {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let code = error.get("code").map_or_else(|| "unknown".to_owned(), text);
        let message = error.get("message").map_or_else(|| text(error), text);
        Self::Refused { status, code, message }
    }

    /// Whether it says that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. } if *status == 404 || code == "NotFoundError")
    }

    /// Whether it was the network and not the server.
    #[must_use]
    pub const fn is_of_the_network(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::NoAnswer(_))
    }

    /// What has become of a drink that was told when this came back.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) => Outcome::NotDone,
            Self::NoAnswer(_) | Self::NotJson { .. } | Self::Shape { .. } => Outcome::Unknown,
            Self::Refused { .. } if self.is_not_found() => Outcome::Never,
            // A key can be put right, and then the drink is still there.
            Self::Refused { status: 401 | 403, .. } => Outcome::NotDone,
            Self::Refused { .. } => Outcome::Failed,
        }
    }
}

/// `[Errno 111] Connection refused`, as the originals have it.
fn spoken(error: &std::io::Error) -> String {
    let number = error.raw_os_error().map(|number| format!("[Errno {number}] ")).unwrap_or_default();
    format!("{number}{}", minder_kegbot_app::flags::reason(error))
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) | Self::NoAnswer(reason) => f.write_str(reason),
            Self::NotJson { status, begin } => {
                write!(f, "status {status} and no JSON, beginning with '{begin}'")
            }
            Self::Shape { status, expected } => {
                write!(f, "status {status}, and the answer is not {expected}")
            }
            Self::Refused { code, message, .. } => write!(f, "{code}: {message}"),
        }
    }
}

impl std::error::Error for ApiError {}

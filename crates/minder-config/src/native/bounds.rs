//! What whoever asks minder over HTTP and XML-RPC may take: `[limits]`.
//!
//! A supervisord takes them, too: it is asked in the same way.

use std::time::Duration;

use crate::bound::{Bound, Unit, count, seconds};

/// How many connections one socket serves.
pub static CONNECTIONS: Bound = Bound {
    name: "connections",
    unit: Unit::Count,
    least: 2,
    most: 4096,
    default: 256,
    about: "Connections that one socket serves at a time. When more come, those go that have waited longest without a whole request.",
};

/// How many logs are followed.
pub static FOLLOWERS: Bound = Bound {
    name: "followers",
    unit: Unit::Count,
    least: 0,
    most: 100,
    default: 32,
    about: "Logs that one socket sends as they grow. More are answered with HTTP 503.",
};

/// How long a request's head may be.
pub static HEAD_BYTES: Bound = Bound {
    name: "head-bytes",
    unit: Unit::Bytes,
    least: 1 << 10,
    most: 1 << 20,
    default: 32 << 10,
    about: "The line and the headers of a request together. Longer ones are answered with HTTP 431.",
};

/// How long a call's body may be.
pub static BODY_BYTES: Bound = Bound {
    name: "body-bytes",
    unit: Unit::Bytes,
    least: 64 << 10,
    most: 256 << 20,
    default: 8 << 20,
    about: "The body of an XML-RPC call. Longer ones are answered with HTTP 413. All that are on their way to one socket may have 1MB more together; the one that is too much is refused.",
};

/// How deep values may be nested.
pub static DEPTH: Bound = Bound {
    name: "depth",
    unit: Unit::Count,
    least: 4,
    most: 128,
    default: 32,
    about: "Arrays and structs within each other in an XML-RPC call. Deeper ones are answered with HTTP 400.",
};

/// How long a client may be silent.
pub static IDLE: Bound = Bound {
    name: "idle",
    unit: Unit::Seconds,
    least: 1,
    most: 604_800,
    default: 1800,
    about: "How long a connection may take from one request to the headers of the next. Then it is closed.",
};

/// All of them.
pub static ALL: [&Bound; 6] = [&CONNECTIONS, &FOLLOWERS, &HEAD_BYTES, &BODY_BYTES, &DEPTH, &IDLE];

/// What whoever asks may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServerBounds {
    /// [`CONNECTIONS`].
    pub connections: usize,
    /// [`FOLLOWERS`].
    pub followers: usize,
    /// [`HEAD_BYTES`].
    pub head_bytes: usize,
    /// [`BODY_BYTES`].
    pub body_bytes: usize,
    /// [`DEPTH`].
    pub depth: usize,
    /// [`IDLE`].
    pub idle: Duration,
}

impl ServerBounds {
    /// What `said` says, and else the default.
    pub fn of(mut said: impl FnMut(&'static Bound) -> Option<u64>) -> Self {
        let mut number = |bound: &'static Bound| said(bound).unwrap_or(bound.default);
        Self {
            connections: count(number(&CONNECTIONS)),
            followers: count(number(&FOLLOWERS)),
            head_bytes: count(number(&HEAD_BYTES)),
            body_bytes: count(number(&BODY_BYTES)),
            depth: count(number(&DEPTH)),
            idle: seconds(number(&IDLE)),
        }
    }
}

impl Default for ServerBounds {
    fn default() -> Self {
        Self::of(|_| None)
    }
}

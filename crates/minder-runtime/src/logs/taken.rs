//! What becomes of bytes that are to go into a log.

/// How a call that takes bytes from a pipe into the file went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// So many were moved.
    Some(usize),
    /// They must be copied.
    Refused,
    /// There are none at the moment.
    Empty,
    /// There will be none any more.
    Ended,
    /// There are some, but the target is full.
    Held,
    /// There are some, but it cannot be written.
    Failed,
}

/// Whether bytes can go into a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ready {
    /// They can.
    Yes,
    /// There is no file, and they are dropped on purpose.
    Nowhere,
    /// They cannot, and are dropped and counted.
    Not,
}

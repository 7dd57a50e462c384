//! What a peer can do wrong on the wire. The connection ends then, and nothing else happens.

use std::io;

/// Bytes that are not what ZMTP 3 wants, or more of them than we take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum WireError {
    /// The greeting has another signature.
    NotZmtp,
    /// The greeting is that of an older protocol.
    OldVersion(u8),
    /// The peer wants to authenticate, and we have nothing to do so with.
    Mechanism,
    /// A frame with reserved flags, or a command that says that more follows.
    Flags(u8),
    /// A message or a command of more bytes than we take.
    Long(u64),
    /// A message of more frames than we take.
    ManyFrames,
    /// A command whose inner lengths do not fit.
    Command,
    /// Something else where the handshake expects READY.
    NotReady,
    /// A peer that our kind of socket does not talk to.
    SocketType,
}

/// Why a connection is over. Nobody is told, since strangers would fill a log with it.
#[derive(Debug)]
pub(crate) enum End {
    /// The peer closed it.
    Closed,
    /// It broke.
    Broken,
    /// The peer does not speak as it should.
    Wire,
    /// The handshake took too long, or the peer was silent for longer than it said it would be.
    Silence,
    /// We shut it: the peer did not fetch what was queued for it.
    Shut,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> End {
        End::Broken
    }
}

impl From<WireError> for End {
    fn from(_: WireError) -> End {
        End::Wire
    }
}

//! Sockets that minder opens and programs inherit. They stay open while programs come and go, so that nobody who
//! connects is refused meanwhile.

use alloc::boxed::Box;

use crate::ids::{BytePath, ByteString, SocketName};

/// A socket that minder opens, and that programs may inherit. It stays open while they come and go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketSpec {
    /// Unique among all sockets.
    pub name: SocketName,
    /// Where it is bound.
    pub place: SocketPlace,
    /// How it carries bytes.
    pub kind: SocketKind,
    /// The kernel's number of the protocol. Zero: the usual one of its kind.
    pub protocol: u32,
    /// How many connections may wait; the kernel cuts it down to what it allows.
    pub backlog: u32,
    /// Whether one socket is for all, or each process has its own.
    pub sharing: Sharing,
    /// Whether calls on it wait.
    pub blocking: Blocking,
}

/// Where a socket is bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketPlace {
    /// A port.
    Port {
        /// A name or an address.
        host: Box<str>,
        /// 0 to 65535. Zero: any that is free.
        port: u16,
        /// Of which of the two kinds of address.
        family: Family,
        /// The only network device it takes packets from. `None`: all.
        device: Option<ByteString>,
    },
    /// A file.
    File {
        /// Its path.
        path: BytePath,
        /// Bits that are taken from its mode. `None`: minder's own.
        umask: Option<u32>,
        /// What happens to one that is there already.
        existing: Existing,
    },
}

/// A kind of internet address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What happens to a file in whose place a socket is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// It stays, and the socket is refused.
    Kept,
    /// It is removed.
    Replaced,
}

/// How a socket carries bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SocketKind {
    /// As a stream; it listens.
    Stream,
    /// In datagrams.
    Datagram,
    /// In packets of the network itself.
    Raw,
    /// In datagrams that arrive.
    ReliablyDelivered,
    /// In records, in their order; it listens.
    SequencedPackets,
}

/// Who has a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sharing {
    /// All processes have the same one.
    Common,
    /// Each process that names it gets one of its own on the same port, and the kernel shares out connections.
    EachItsOwn,
}

/// Whether calls on a socket wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocking {
    /// They do.
    Waits,
    /// They fail with `EAGAIN`.
    Never,
}

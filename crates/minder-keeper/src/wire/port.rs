//! One end of the socket pair: whole messages with their descriptors go in and come out.
//!
//! ```text
//!   [0] message                    beside it the message's descriptors
//!   [1]                            beside it a memfd with the message, then the message's descriptors
//!   [2] (length message)*          nothing beside it
//! ```
//!
//! Short messages without descriptors travel together, as many as there are: a thousand programs that end cost a few packets
//! and not three thousand.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

use super::{Garbled, Message};

/// The largest packet. Every receive clears a buffer of this size, so it is small; longer messages travel in a
/// memfd beside a packet of their own.
const PACKET_BYTES_MAX: usize = 16 * 1024;
/// The largest message. Linux gives no process more than 6 MiB of arguments and environment.
const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most descriptors beside one message, the memfd of a long one included.
const FDS_MAX: usize = 8;

/// The packet holds the message itself.
pub(crate) const INLINE: u8 = 0;
/// The first descriptor is a memfd with the message.
const IN_MEMFD: u8 = 1;
/// The packet holds several messages, each behind its length, and no descriptors.
const SEVERAL: u8 = 2;
/// The number in front of each of several messages.
const LENGTH_BYTES: usize = 4;

/// What came in one packet: one message with its descriptors, or several without.
#[derive(Debug)]
pub struct Delivery<M> {
    /// In the order in which they were sent.
    pub messages: Vec<M>,
    /// Those of the one message.
    pub fds: Vec<OwnedFd>,
}

/// Several messages on their way into one packet.
#[derive(Debug)]
pub struct Bundle(Vec<u8>);

impl Default for Bundle {
    fn default() -> Self {
        Self(vec![SEVERAL])
    }
}

impl Bundle {
    /// Adds a message, if there is room for it.
    pub fn add<M: Message>(&mut self, message: &M) -> Room {
        let body = message.encode();
        let whole = self.0.len() + LENGTH_BYTES + body.len();
        let Some(length) = u32::try_from(body.len()).ok().filter(|_| whole <= PACKET_BYTES_MAX) else {
            return Room::None;
        };
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(&body);
        Room::Enough
    }
}

/// Whether there was room for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It is in.
    Enough,
    /// It is not.
    None,
}

fn unbundle<M: Message>(mut rest: &[u8]) -> Result<Vec<M>, Garbled> {
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let (length, behind) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or(Garbled)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Garbled)?;
        let (body, behind) = behind.split_at_checked(length).ok_or(Garbled)?;
        messages.push(M::decode(body)?);
        rest = behind;
    }
    Ok(messages)
}

/// One end of the conversation between keeper and mind. It never blocks, whatever the mode of the socket.
#[derive(Debug)]
pub struct Port(OwnedFd);

impl Port {
    /// Two connected ports, both closed on exec.
    ///
    /// # Errors
    /// Those of `socketpair`.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        Ok((Self(one), Self(other)))
    }

    /// Sends a message with its descriptors.
    ///
    /// # Errors
    /// `WouldBlock` when the other side has to read first: nothing was sent. `InvalidInput` when the message is
    /// longer than 8 MiB. Else those of `sendmsg`; `BrokenPipe` or `ConnectionReset` when the other side is gone.
    pub fn send<M: Message>(&self, message: &M, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let body = message.encode();
        if body.len() < PACKET_BYTES_MAX {
            return self.send_packet(&[IoSlice::new(&[INLINE]), IoSlice::new(&body)], fds);
        }
        if body.len() > MESSAGE_BYTES_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let memfd = sealed_memfd("minder-message", &body)?;
        let mut all = vec![memfd.as_fd()];
        all.extend_from_slice(fds);
        self.send_packet(&[IoSlice::new(&[IN_MEMFD])], &all)
    }

    /// Sends several messages at once.
    ///
    /// # Errors
    /// As [`Port::send`]; all are sent, or none.
    pub fn send_bundle(&self, bundle: &Bundle) -> io::Result<()> {
        self.send_packet(&[IoSlice::new(&bundle.0)], &[])
    }

    /// The next packet, its descriptors closed on exec; `None` when the other side has closed.
    ///
    /// # Errors
    /// `WouldBlock` when there is none. `InvalidData` when the packet was no message: it is gone, and the next
    /// call gets the next one. Else those of `recvmsg`.
    pub fn receive<M: Message>(&self) -> io::Result<Option<Delivery<M>>> {
        let mut packet = [0; PACKET_BYTES_MAX];
        let (length, mut fds) = self.receive_packet(&mut packet)?;
        let Some((kind, body)) = packet[..length].split_first() else { return Ok(None) };
        let messages = match *kind {
            INLINE => vec![M::decode(body)?],
            IN_MEMFD if body.is_empty() && !fds.is_empty() => {
                vec![M::decode(&read_sealed(fds.remove(0).as_fd())?)?]
            }
            SEVERAL if fds.is_empty() => unbundle(body)?,
            _ => return Err(Garbled.into()),
        };
        Ok(Some(Delivery { messages, fds }))
    }

    fn send_packet(&self, parts: &[IoSlice<'_>], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        loop {
            match rustix::net::sendmsg(&self.0, parts, &mut control, flags) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn receive_packet(&self, packet: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let received = loop {
            match rustix::net::recvmsg(&self.0, &mut [IoSliceMut::new(packet)], &mut control, flags) {
                Ok(received) => break received,
                // Linux reports once that the other side closed without having read all, before it hands out what
                // that side had sent. The next call gets the packets, and at their end the close.
                Err(Errno::INTR | Errno::CONNRESET) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let mut fds = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        Ok((received.bytes, fds))
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Port {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<OwnedFd> for Port {
    /// Takes a socket at its word; `Role::take` is where it is looked at.
    fn from(socket: OwnedFd) -> Self {
        Self(socket)
    }
}

impl From<Port> for OwnedFd {
    fn from(port: Port) -> Self {
        port.0
    }
}

const SEALS: SealFlags = SealFlags::WRITE.union(SealFlags::SHRINK).union(SealFlags::GROW);

/// A memfd with these bytes, which nobody can change any more.
pub(crate) fn sealed_memfd(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let memfd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut written = 0;
    while written < bytes.len() {
        written += rustix::io::retry_on_intr(|| rustix::io::write(&memfd, &bytes[written..]))?;
    }
    rustix::fs::fcntl_add_seals(&memfd, SEALS)?;
    Ok(memfd)
}

/// All of a memfd that [`sealed_memfd`] made. Anything else is refused: reading a stranger's file could block.
pub(crate) fn read_sealed(memfd: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    if !rustix::fs::fcntl_get_seals(memfd).map_err(|_| Garbled)?.contains(SEALS) {
        return Err(Garbled.into());
    }
    let size = usize::try_from(rustix::fs::fstat(memfd)?.st_size).map_err(|_| Garbled)?;
    if size > MESSAGE_BYTES_MAX {
        return Err(Garbled.into());
    }
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        let offset = u64::try_from(filled).map_err(|_| Garbled)?;
        match rustix::io::retry_on_intr(|| rustix::io::pread(memfd, &mut bytes[filled..], offset))? {
            0 => return Err(Garbled.into()),
            more => filled += more,
        }
    }
    Ok(bytes)
}

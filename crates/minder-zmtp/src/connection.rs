//! One connection: greeting and handshake, then messages both ways, all in the one task that owns it.
//!
//! ```text
//!  stream ─fill─▶ Decoder ─▶ Incoming (messages, subscriptions) ─▶ the socket's task
//!     ▲                └──▶ PING: answered here
//!     └─drain── control (greeting, READY, subscriptions, PONG), then Outbox
//! ```
//!
//! It waits for the stream and for its outbox, and for nothing else: an idle connection wakes nobody and holds no
//! buffer.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Message;
use crate::command::{Command, Ready, put_cancel, put_pong, put_ready, put_subscribe};
use crate::decoder::{Decoder, Item, Limits};
use crate::error::{End, WireError};
use crate::frame::encode_message;
use crate::greeting::{self, GREETING, GREETING_BYTES, Version};
use crate::outbox::Outbox;
use crate::stream::Stream;

/// How long a peer may take from its connection to its READY. libzmq's default.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(30);
/// How many bytes a command may have.
pub const COMMAND_BYTES_MAX: usize = 64 << 10;

/// How many bytes are read at a time; more while a longer frame is on its way.
const READ_BYTES: usize = 8 << 10;
/// How many bytes of PONG wait for a peer that asks and does not listen. Beyond that it gets no more.
const PONG_BYTES_MAX: usize = 4 << 10;

/// Which kind of socket we are, and with whom it talks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Router,
    Dealer,
    Publisher,
    Subscriber,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Router => "ROUTER",
            Role::Dealer => "DEALER",
            Role::Publisher => "PUB",
            Role::Subscriber => "SUB",
        }
    }

    fn talks_to(self, socket_type: &[u8]) -> bool {
        let friends: &[&[u8]] = match self {
            Role::Router => &[b"REQ", b"DEALER", b"ROUTER"],
            Role::Dealer => &[b"REP", b"DEALER", b"ROUTER"],
            Role::Publisher => &[b"SUB", b"XSUB"],
            Role::Subscriber => &[b"PUB", b"XPUB"],
        };
        friends.contains(&socket_type)
    }

    fn limits(self) -> Limits {
        match self {
            Role::Router | Role::Dealer | Role::Subscriber => Limits {
                message_bytes: crate::MESSAGE_BYTES_MAX,
                frames: crate::FRAMES_MAX,
                command_bytes: COMMAND_BYTES_MAX,
            },
            // Nobody has more to say to a publisher than a topic.
            Role::Publisher => {
                Limits { message_bytes: COMMAND_BYTES_MAX, frames: 1, command_bytes: COMMAND_BYTES_MAX }
            }
        }
    }
}

/// What a peer said, deciphered.
#[derive(Debug)]
pub(crate) enum Incoming {
    Message(Message),
    Subscribe(Bytes),
    Cancel(Bytes),
}

/// A connection after its handshake.
#[derive(Debug)]
pub(crate) struct Connection {
    wire: Wire,
    decoder: Decoder,
    version: Version,
    /// What the peer calls itself; empty when it does not.
    pub(crate) identity: Bytes,
    /// Until when the peer has promised to say something.
    promised: Option<Instant>,
}

/// The stream, and our side of it.
#[derive(Debug)]
struct Wire {
    stream: Stream,
    outgoing: Outgoing,
}

/// What goes out before all messages, and whether anything can.
#[derive(Debug)]
struct Outgoing {
    control: BytesMut,
    state: OutgoingState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum OutgoingState {
    Open,
    /// The peer reads no more. What it said before it went is still read, as libzmq does: it may have sent commands
    /// and not have waited for the answers.
    Broken,
}

impl Connection {
    /// Shakes hands.
    pub(crate) async fn open(stream: Stream, role: Role, identity: &[u8]) -> Result<Connection, End> {
        match timeout(HANDSHAKE_MAX, handshake(stream, role, identity)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(End::Silence),
        }
    }

    /// The next thing that the peer says. Meanwhile sends what the outbox holds. Cancel safe.
    pub(crate) async fn next(&mut self, outbox: &Outbox) -> Result<Incoming, End> {
        loop {
            while let Some(item) = self.decoder.next_item()? {
                self.promised = None;
                if let Some(incoming) = self.decipher(item)? {
                    return Ok(incoming);
                }
            }
            self.wire.progress(&mut self.decoder.buffer, outbox, self.promised).await?;
        }
    }

    /// Hands something over to whom it concerns, as soon as there is room. Meanwhile sends what the outbox holds.
    pub(crate) async fn deliver<T>(
        &mut self,
        item: T,
        inbox: &mpsc::Sender<T>,
        outbox: &Outbox,
    ) -> Result<(), End> {
        let (permit, ended) = tokio::select! {
            biased;
            permit = inbox.reserve() => (permit, Ok(())),
            ended = self.drain(outbox) => (inbox.reserve().await, ended.map(|never| match never {})),
        };
        // Without a receiver the socket is being dropped, and this task with it.
        permit.map_err(|_| End::Shut)?.send(item);
        ended
    }

    /// Only sends what the outbox holds, for ever. Cancel safe.
    async fn drain(&mut self, outbox: &Outbox) -> Result<Infallible, End> {
        loop {
            self.wire.outgoing.write(&self.wire.stream, outbox).await?;
        }
    }

    /// Asks for messages that begin with a topic.
    pub(crate) fn subscribe(&mut self, topic: &[u8]) {
        match self.version {
            Version::V3_1 => put_subscribe(&mut self.wire.outgoing.control, topic),
            Version::V3_0 => {
                self.wire.outgoing.control.extend_from_slice(&encode_message(&[[&[1], topic].concat()]))
            }
        }
    }

    /// Asks for them no longer.
    pub(crate) fn cancel(&mut self, topic: &[u8]) {
        match self.version {
            Version::V3_1 => put_cancel(&mut self.wire.outgoing.control, topic),
            Version::V3_0 => {
                self.wire.outgoing.control.extend_from_slice(&encode_message(&[[&[0], topic].concat()]))
            }
        }
    }

    fn decipher(&mut self, item: Item) -> Result<Option<Incoming>, WireError> {
        let body = match item {
            Item::Message(message) => return Ok(Some(Incoming::Message(message))),
            Item::Command(body) => body,
        };
        Ok(match Command::parse(&body)? {
            Command::Subscribe(topic) => Some(Incoming::Subscribe(topic)),
            Command::Cancel(topic) => Some(Incoming::Cancel(topic)),
            Command::Ping { ttl, context } => {
                if self.wire.outgoing.control.len() < PONG_BYTES_MAX {
                    put_pong(&mut self.wire.outgoing.control, &context);
                }
                self.promised =
                    (ttl > 0).then(|| Instant::now() + Duration::from_millis(100) * u32::from(ttl));
                None
            }
            Command::Ready(_) | Command::Unknown => None,
        })
    }
}

async fn handshake(stream: Stream, role: Role, identity: &[u8]) -> Result<Connection, End> {
    let outgoing = Outgoing { control: BytesMut::from(&GREETING[..]), state: OutgoingState::Open };
    let mut wire = Wire { stream, outgoing };
    // Nothing but control goes out before the handshake is over.
    let silent = Outbox::default();
    let mut buffer = BytesMut::new();
    let version = loop {
        if let Some(version) = greeting::judge(&buffer[..buffer.len().min(GREETING_BYTES)])? {
            break version;
        }
        wire.progress(&mut buffer, &silent, None).await?;
    };
    buffer.advance(GREETING_BYTES);
    put_ready(&mut wire.outgoing.control, role.name(), identity);
    let mut decoder = Decoder::new(role.limits(), buffer);
    loop {
        match decoder.next_item()? {
            Some(Item::Message(_)) => return Err(WireError::NotReady.into()),
            Some(Item::Command(body)) => {
                let ready = match Command::parse(&body)? {
                    Command::Ready(ready) => ready,
                    Command::Subscribe(_) | Command::Cancel(_) | Command::Ping { .. } | Command::Unknown => {
                        return Err(WireError::NotReady.into());
                    }
                };
                return finish(wire, decoder, version, role, &ready);
            }
            None => wire.progress(&mut decoder.buffer, &silent, None).await?,
        }
    }
}

fn finish(
    wire: Wire,
    decoder: Decoder,
    version: Version,
    role: Role,
    ready: &Ready,
) -> Result<Connection, End> {
    if !role.talks_to(&ready.socket_type) {
        return Err(WireError::SocketType.into());
    }
    // The identity lives as long as the connection, the buffer that it came in need not.
    let identity = Bytes::copy_from_slice(&ready.identity);
    Ok(Connection { wire, decoder, version, identity, promised: None })
}

impl Wire {
    /// Reads something, writes something, or finds that there is something to write.
    async fn progress(
        &mut self,
        buffer: &mut BytesMut,
        outbox: &Outbox,
        promised: Option<Instant>,
    ) -> Result<(), End> {
        if buffer.is_empty() {
            // Whoever is idle holds no memory.
            *buffer = BytesMut::new();
        }
        tokio::select! {
            ready = self.stream.readable() => ready.map_err(End::from),
            written = self.outgoing.write(&self.stream, outbox) => return written,
            () = at(promised) => return Err(End::Silence),
        }?;
        // While a frame is under way the room grows with what has come of it.
        buffer.reserve(READ_BYTES.max(buffer.len() / 2));
        match self.stream.try_read(buffer) {
            Ok(0) => Err(End::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(End::from(error)),
        }
    }
}

impl Outgoing {
    /// Waits for something to write and for room, and writes some of it. Cancel safe.
    async fn write(&mut self, stream: &Stream, outbox: &Outbox) -> Result<(), End> {
        while !self.has_something(outbox)? {
            outbox.filled().await;
        }
        let outcome = match stream.writable().await {
            Ok(()) if outbox.is_shut() => return Err(End::Shut),
            Ok(()) => self.write_now(stream, outbox),
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => self.state = OutgoingState::Broken,
            Ok(()) | Err(_) => {}
        }
        Ok(())
    }

    fn has_something(&self, outbox: &Outbox) -> Result<bool, End> {
        match self.state {
            _ if outbox.is_shut() => Err(End::Shut),
            OutgoingState::Open => Ok(!self.control.is_empty() || !outbox.is_empty()),
            OutgoingState::Broken => Ok(false),
        }
    }

    fn write_now(&mut self, stream: &Stream, outbox: &Outbox) -> io::Result<()> {
        if self.control.is_empty() || !outbox.is_between_messages() {
            return outbox.write_to(stream);
        }
        let written = stream.try_write(&[IoSlice::new(&self.control)])?;
        self.control.advance(written);
        if self.control.is_empty() {
            self.control = BytesMut::new();
        }
        Ok(())
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

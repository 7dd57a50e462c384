//! One connection: greeting and handshake, then messages both ways, all in the one task that owns it.
//!
//! ```text
//!  Wire ─▶ Decoder ─▶ Incoming (messages, subscriptions) ─▶ the socket's task ─deliver─▶ its inbox
//!    ▲        └──▶ PING: answered here
//!    └── control, Outbox
//! ```
//!
//! It waits for the stream and for its outbox, and for nothing else: an idle connection wakes nobody and holds no
//! buffer.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::Message;
use crate::bounds::Bounds;
use crate::command::{Command, put_cancel, put_pong, put_ready, put_subscribe};
use crate::decoder::{Decoder, Item, Limits};
use crate::error::{End, WireError};
use crate::frame::{Kind, put_frame};
use crate::greeting::{self, GREETING_BYTES, Version};
use crate::outbox::Outbox;
use crate::pool::{Pool, Share};
use crate::stream::Stream;
use crate::wire::{Listening, Wire};

/// How many bytes a command may have.
pub const COMMAND_BYTES_MAX: usize = 64 << 10;

/// What is taken before the handshake is over: no messages, and a READY with some properties.
const HANDSHAKE: Limits = Limits { message_bytes: 0, frames: 0, command_bytes: 8 << 10 };
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

    fn limits(self, bounds: &Bounds) -> Limits {
        match self {
            Role::Router | Role::Dealer | Role::Subscriber => Limits {
                message_bytes: bounds.message_bytes,
                frames: crate::FRAMES_MAX,
                command_bytes: COMMAND_BYTES_MAX,
            },
            // Nobody has more to say to a publisher than a topic.
            Role::Publisher => Limits {
                message_bytes: COMMAND_BYTES_MAX.min(bounds.message_bytes),
                frames: crate::FRAMES_MAX,
                command_bytes: COMMAND_BYTES_MAX,
            },
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
    role: Role,
    version: Version,
    /// What the peer calls itself; empty when it does not.
    pub(crate) identity: Bytes,
    /// Until when the peer has promised to say something.
    promised: Option<Instant>,
    share: Share,
}

impl Connection {
    /// Shakes hands.
    pub(crate) async fn open(
        stream: Stream,
        role: Role,
        identity: &[u8],
        pool: &Pool,
        bounds: &Bounds,
    ) -> Result<Connection, End> {
        match timeout(bounds.handshake, handshake(stream, role, identity, pool, bounds)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(End::Silence),
        }
    }

    /// The next thing that the peer says. Meanwhile sends what the outbox holds. Cancel safe.
    pub(crate) async fn next(&mut self, outbox: &Outbox) -> Result<Incoming, End> {
        loop {
            // What has been read already waits as well: a few bytes are a question, and thousands of them one piece.
            while !matches!(self.listening(outbox), Listening::Paused)
                && let Some(item) = self.decoder.next_item()?
            {
                self.promised = None;
                if let Some(incoming) = self.decipher(item)? {
                    return Ok(incoming);
                }
            }
            // Only here, so that a message counts until it is delivered.
            self.share.hold(self.decoder.held())?;
            let listening = self.listening(outbox);
            self.wire.progress(&mut self.decoder.buffer, outbox, listening).await?;
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
            ended = self.wire.drain(outbox) => (inbox.reserve().await, ended.map(|never| match never {})),
        };
        // Without a receiver the socket is being dropped, and this task with it.
        permit.map_err(|_| End::Shut)?.send(item);
        ended
    }

    /// Asks for messages that begin with a topic.
    pub(crate) fn subscribe(&mut self, topic: &[u8]) {
        match self.version {
            Version::V3_1 => put_subscribe(&mut self.wire.control, topic),
            Version::V3_0 => put_frame(&mut self.wire.control, Kind::Last, &[&[1], topic].concat()),
        }
    }

    /// Asks for them no longer.
    pub(crate) fn cancel(&mut self, topic: &[u8]) {
        match self.version {
            Version::V3_1 => put_cancel(&mut self.wire.control, topic),
            Version::V3_0 => put_frame(&mut self.wire.control, Kind::Last, &[&[0], topic].concat()),
        }
    }

    fn listening(&self, outbox: &Outbox) -> Listening {
        match self.role {
            // Whoever asks and does not take the answers may ask no more. The others have nothing queued that grows
            // with what they hear, and two that both waited so would wait for ever.
            Role::Router if outbox.is_crowded() && self.wire.is_open() => Listening::Paused,
            Role::Router | Role::Dealer | Role::Publisher | Role::Subscriber => {
                self.promised.map_or(Listening::Always, Listening::Until)
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
                if self.wire.control.len() < PONG_BYTES_MAX {
                    put_pong(&mut self.wire.control, &context);
                }
                self.promised =
                    (ttl > 0).then(|| Instant::now() + Duration::from_millis(100) * u32::from(ttl));
                None
            }
            Command::Ready(_) | Command::Unknown => None,
        })
    }
}

async fn handshake(
    stream: Stream,
    role: Role,
    identity: &[u8],
    pool: &Pool,
    bounds: &Bounds,
) -> Result<Connection, End> {
    let mut wire = Wire::new(stream);
    // Nothing but control goes out before the handshake is over.
    let silent = Outbox::default();
    let mut buffer = BytesMut::new();
    let version = loop {
        if let Some(version) = greeting::judge(&buffer[..buffer.len().min(GREETING_BYTES)])? {
            break version;
        }
        wire.progress(&mut buffer, &silent, Listening::Always).await?;
    };
    buffer.advance(GREETING_BYTES);
    put_ready(&mut wire.control, role.name(), identity);
    let mut decoder = Decoder::new(HANDSHAKE, buffer);
    let body = loop {
        match decoder.next_item()? {
            Some(Item::Command(body)) => break body,
            Some(Item::Message(_)) => return Err(WireError::NotReady.into()),
            None => wire.progress(&mut decoder.buffer, &silent, Listening::Always).await?,
        }
    };
    let ready = match Command::parse(&body)? {
        Command::Ready(ready) => ready,
        Command::Subscribe(_) | Command::Cancel(_) | Command::Ping { .. } | Command::Unknown => {
            return Err(WireError::NotReady.into());
        }
    };
    if !role.talks_to(&ready.socket_type) {
        return Err(WireError::SocketType.into());
    }
    decoder.limits = role.limits(bounds);
    // The identity lives as long as the connection, what it came in need not.
    let identity = Bytes::copy_from_slice(&ready.identity);
    Ok(Connection { wire, decoder, role, version, identity, promised: None, share: pool.share() })
}

//! ZeroMQ's wire protocol (ZMTP 3, mechanism NULL) over sockets that somebody else opened.
//!
//! Four kinds of sockets, each as much of libzmq's as minder and its clients need: [`Router`] and [`Publisher`] serve
//! listening descriptors that are handed to them, [`Dealer`] and [`Subscriber`] connect, again and again if need be.
//! Why this is no crate of somebody else is told in `docs/decisions/0008-zmtp.md`.
//!
//! ```text
//!  Endpoint ─listen─▶ descriptor ─(held elsewhere)─▶ Listener ─accept─┐           server: Router, Publisher
//!  Endpoint ─dial─────────────────────────────────────────────────────┴▶ Stream   client: Dealer, Subscriber
//!
//!  Stream ─bytes─▶ Wire ─▶ Decoder ─▶ Connection ─messages─▶ inbox (one place) ─▶ recv
//!            ▲                           │ PING, subscriptions
//!            └── Outbox (bounded) ◀──────┴──────────────── send, publish
//! ```
//!
//! In reading order:
//!
//! - `endpoint`: `tcp://…` and `ipc://…`, parsed and displayed.
//! - `listener`, `stream`: sockets that listen, and connections, of either kind.
//! - `greeting`, `frame`, `command`, `decoder`: what the bytes mean; pure.
//! - `bounds`: what peers may take; `error`: what one can do wrong.
//! - `outbox`, `pool`: what waits for a peer, and what all peers may hold; the bounds.
//! - `wire`, `connection`: one connection, read and written by the one task that owns it.
//! - `server`, `router`, `publisher`: what is done with many connections.
//! - `client`, `dealer`, `subscriber`: what is done with one that must come back.
//!
//! All tasks are local ones: sockets are made, used and dropped on one [`LocalSet`](tokio::task::LocalSet), in a runtime
//! that has I/O and time enabled.
//!
//! Invariants:
//!
//! - It knows nothing of minder, of what the messages mean, or of any configuration.
//! - Whatever a peer sends, nothing panics, no other peer is disturbed, and what it makes us hold has a bound:
//!
//!   | what | bound | beyond it |
//!   | --- | --- | --- |
//!   | peers of a listener | [`Bounds::peers`] | the longest silent one goes; if there is none, they wait in the kernel |
//!   | time for the handshake | [`Bounds::handshake`] | cut off |
//!   | a message | [`Bounds::message_bytes`], [`FRAMES_MAX`] | cut off |
//!   | a command, a message to a publisher | [`COMMAND_BYTES_MAX`] | cut off |
//!   | unfinished messages of all peers of a socket | [`POOL_BYTES_MAX`], and 64 KiB each | whoever wants more is cut off |
//!   | messages received and not taken | one a socket, and one a peer | the peer is not read |
//!   | messages for a peer | [`Bounds::queued_messages`], [`Bounds::queued_bytes`] | lost (PUB), cut off (ROUTER), refused (DEALER) |
//!   | topics of a subscriber | [`TOPICS_MAX`], [`TOPIC_BYTES_MAX`] | cut off |
//!
//! - Sending never waits. Every future that is public may be dropped at any time, and nothing is lost by that.
//! - An idle connection has no timer and no buffer. Only a client without a server tries again, every
//!   [`RECONNECT_AFTER`].
//!
//! What libzmq does and this does not: security mechanisms, ZMTP 2 and older, other transports, names of network
//! interfaces (`tcp://eth0:5555`) and source addresses in endpoints, `ipc://*`, PINGs of our own, and the rest of its
//! sockets and options.

#![forbid(unsafe_code)]

mod bounds;
mod client;
mod command;
mod connection;
mod dealer;
mod decoder;
mod endpoint;
mod error;
mod frame;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod greeting;
mod listener;
mod outbox;
mod pool;
mod publisher;
mod router;
mod server;
mod stream;
mod subscriber;
mod wire;

pub use bounds::Bounds;
pub use bytes::Bytes;
pub use client::{ConnectError, RECONNECT_AFTER};
pub use command::IDENTITY_BYTES_MAX;
pub use connection::COMMAND_BYTES_MAX;
pub use dealer::{Dealer, QueueFull};
pub use endpoint::{Endpoint, EndpointError, Flaw, Host, IPC_PATH_BYTES_MAX};
pub use listener::{Bound, ListenError, Listener, Replacement};
pub use pool::POOL_BYTES_MAX;
pub use publisher::{Publisher, Subscriptions, TOPIC_BYTES_MAX, TOPICS_MAX};
pub use router::{Peer, Replies, Router, Sent};
pub use subscriber::Subscriber;

/// A message: its frames. There is at least one.
pub type Message = Vec<Bytes>;

/// How many frames a message from a peer may have. A peer that sends more is cut off.
pub const FRAMES_MAX: usize = 1024;

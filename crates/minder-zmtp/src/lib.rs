//! ZeroMQ's wire protocol (ZMTP 3) over sockets that somebody else opened.

#![forbid(unsafe_code)]

mod client;
mod command;
mod connection;
mod dealer;
mod decoder;
mod endpoint;
mod error;
mod frame;
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

pub use bytes::Bytes;
pub use client::{ConnectError, RECONNECT_AFTER};
pub use command::IDENTITY_BYTES_MAX;
pub use connection::{COMMAND_BYTES_MAX, HANDSHAKE_MAX};
pub use dealer::{Dealer, QueueFull};
pub use endpoint::{Endpoint, EndpointError, Flaw, Host, IPC_PATH_BYTES_MAX};
pub use listener::{Bound, ListenError, Listener};
pub use outbox::{QUEUED_BYTES_MAX, QUEUED_MESSAGES_MAX};
pub use pool::POOL_BYTES_MAX;
pub use publisher::{Publisher, Subscriptions, TOPIC_BYTES_MAX, TOPICS_MAX};
pub use router::{Peer, Replies, Router, Sent};
pub use server::PEERS_MAX;
pub use subscriber::Subscriber;

/// A message: its frames. There is at least one.
pub type Message = Vec<Bytes>;

/// How many bytes the frames of a message from a peer may have together. A peer that announces more is cut off.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// How many frames a message from a peer may have. A peer that sends more is cut off.
pub const FRAMES_MAX: usize = 1024;

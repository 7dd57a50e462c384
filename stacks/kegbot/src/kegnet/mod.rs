//! Kegnet: how the core and its daemons speak, over TCP.
//!
//! ```text
//!  Event ─▶ {"event": NAME, "data": {…}} LF LF ─▶ Event
//! ```
//!
//! Both ways alike; no greeting, no answer, no names of messages. [`Server`] is the core's side, [`Client`] everybody else's,
//! which comes back whenever the connection is lost.

mod address;
mod client;
mod event;
mod lines;
mod queue;
mod server;
pub mod time;

pub use address::{Address, AddressError};
pub use client::{Client, NoCore, Waits};
pub use event::{
    DrinkCreated, Event, FlowRequest, FlowState, FlowUpdate, Relay, Request, TokenAuth, TokenStatus,
    Unreadable,
};
pub use lines::{Lines, MESSAGE_BYTES_MAX, TooLong};
pub use queue::QUEUED_MAX;
pub use server::{Broadcast, Server, Stopper};

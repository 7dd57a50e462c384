//! supervisord: its command line, what it does before there is a mind, and what the mind is made of.
//!
//! ```text
//!  arguments ─options─▶ front: reading, privileges, limits, servers ──Prepared──▶ (assembled into the keeper)
//!  snapshot, held sockets ─▶ station: plan, reader; face: observers, log, sites ▶ (assembled into the mind)
//! ```
//!
//! Invariant: the front alone speaks to the terminal, and the mind alone to the log.

pub mod face;
pub mod front;
pub mod opening;
pub mod options;
mod privileges;
pub mod servers;
mod socket_file;
pub mod station;

/// The version of Supervisor that is spoken.
pub const VERSION: &str = crate::rpc::SUPERVISOR_VERSION;

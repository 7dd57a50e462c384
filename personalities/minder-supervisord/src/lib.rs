//! (being written)

pub mod client;
pub mod xmlrpc;

//! (being written)

pub mod xmlrpc;

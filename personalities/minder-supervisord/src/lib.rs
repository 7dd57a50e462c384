//! (being written)

pub mod client;
pub mod conf;
pub mod http;
pub mod pages;
pub mod rpc;
pub mod words;
pub mod xmlrpc;

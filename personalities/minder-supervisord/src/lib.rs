//! (being written)

pub mod client;
pub mod conf;
pub mod ctl;
pub mod daemon;
pub mod http;
pub mod pages;
pub mod reading;
pub mod rpc;
pub mod words;
pub mod xmlrpc;

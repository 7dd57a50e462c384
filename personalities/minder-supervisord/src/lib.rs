//! (being written)

pub mod client;
pub mod conf;
pub mod ctl;
pub mod daemon;
pub mod events;
pub mod http;
pub mod journal;
pub mod listener;
pub mod pages;
pub mod pidproxy;
pub mod reading;
pub mod rpc;
pub mod sample;
pub mod text;
pub mod words;
pub mod xmlrpc;

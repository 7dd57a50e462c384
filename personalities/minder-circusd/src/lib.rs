//! All of Circus: its files, its protocols, its commands, its words. And nothing else of ours.
//!
//! ```text
//!  circus.ini ─ini─▶ Settings ─lower─▶ Plan ─▶ (the mind)
//!  ZeroMQ ─commands─▶ arbiter ─Request─▶ (the mind, through `Control`) ─Event─▶ arbiter ─▶ pub/sub
//!  circusctl, circus-top, circusd-stats, circus-plugin: clients of any Circus
//! ```

pub mod arbiter;
mod chance;
pub mod client;
pub mod commands;
mod companion;
pub mod ctl;
pub mod daemon;
pub mod hooks;
pub mod ini;
pub mod lower;
pub mod options;
pub mod plugins;
pub mod python_json;
pub mod sockets;
pub mod stats;
pub mod top;

//! `supervisor.*`, a file a theme.
//!
//! Each method first passes `Rpc::gate`, which refuses while everything is being stopped;
//! `sendRemoteCommEvent` alone does not.

pub mod about;
pub mod config_info;
pub mod each;
pub mod groups;
pub mod info;
pub mod input;
pub mod main_log;
pub mod process_logs;
pub mod signal;
pub mod start;
pub mod stop;

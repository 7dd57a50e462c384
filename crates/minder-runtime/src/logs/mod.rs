//! Where the bytes that programs say are kept.
//!
//! ```text
//!            nobody looks: splice(2)
//!  pipe ──┬──────────────────────────────────────────▶ LogFile ──▶ .1 … .N
//!         │                                               ▲
//!         └─ tee(2) ─▶ scratch ─▶ capture ─▶ strip_ansi ──┼──▶ Told::Chunk, Told::Captured
//!                                                         └──▶ syslog
//! ```
//!
//! In reading order: [`ChannelLog`] is one output stream of one slot and all that is done on the way;
//! `transfer` moves or peeks at what a pipe holds; `capture` and `strip_ansi` take things out of the stream;
//! `log_file` is a file with a name, `target` what is open under it, `rotation` how it makes room; `syslog` speaks
//! to the system's log; `fresh` makes and removes files with automatic names; [`Journal`] is minder's own log;
//! `trouble` is what can go wrong.
//!
//! # Invariants
//! - No byte is ever only in our memory: it leaves the pipe in the call that puts it in the file, or after that. A
//!   `kill -9` can repeat one chunk in the file, never lose one. The exceptions: what a [`Capture`] is collecting,
//!   and the few bytes that may be the beginning of its token.
//! - Nothing here waits: neither for a full disk (bytes are dropped and counted, so that programs go on) nor for a
//!   slow reader of a pipe or terminal (bytes stay in the program's pipe, so that it waits: [`Pumped::Held`]). The
//!   system's log alone may take a tenth of a second, once.
//! - Descriptors of log files are never `O_APPEND`, which `splice` refuses. Each call goes to the end anew, so that
//!   several streams may share a file, and somebody may cut it short. Only a stranger who appends to the same file
//!   in the very same moment can be overwritten.
//! - What is kept in memory for a stream does not grow with what it says.
//!
//! [`Capture`]: minder_core::program::Capture

mod capture;
mod channel;
mod fresh;
mod journal;
mod log_file;
mod rotation;
mod strip_ansi;
mod syslog;
mod target;
mod transfer;
mod trouble;

pub use channel::{Audience, ChannelLog, Pumped, Told};
pub use fresh::{FreshNames, clean_fresh};
pub use journal::Journal;
pub use syslog::set_identity as set_syslog_identity;
pub use trouble::LogError;

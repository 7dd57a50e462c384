//! Where the bytes that programs say are kept.
//!
//! ```text
//!            nobody looks: splice(2)
//!  pipe ──┬────────────────────────────────────────────────▶ LogFile ──▶ .1 … .N, .20240229
//!         │                                                     ▲
//!         └─ tee(2) ─▶ scratch ─▶ capture ─▶ strip_ansi ─┬─▶ stamp
//!                                                        ├─▶ Told::Chunk, Told::Captured
//!                                                        └─▶ syslog
//! ```
//!
//! In reading order: [`ChannelLog`] is one output stream of one slot and all that is done on the way;
//! `transfer` moves or peeks at what a pipe holds; `capture` and `strip_ansi` take things out of the stream, `stamp`
//! puts times before its lines; `log_file` is a file with a name, `target` what is open under it, `rotation` how it makes
//! room, `periods` when a new day has a new file; `calendar` is wall time as people read it; `syslog` speaks to the
//! system's log; `fresh` makes and removes files with automatic names; [`Journal`] is minder's own log; `trouble` is
//! what can go wrong.
//!
//! An output that goes straight somewhere else ([`LogTarget::Direct`]) has no pipe, and nothing of it is seen here.
//!
//! Where files are replaced *before* a write, or lines are stamped, the stream is cut into writes of at most
//! [`WRITE_BYTES_MAX`] bytes, each as if it had been read alone. What fits into the open file still goes there by one
//! `splice`.
//!
//! # Invariants
//! - No byte is ever only in our memory: it leaves the pipe in the call that puts it in the file, or after that. A
//!   `kill -9` can repeat one chunk (what was looked at at once) in the file, never lose one. The exceptions: what a [`Capture`] is collecting,
//!   and the few bytes that may be the beginning of its token.
//! - Nothing here waits: neither for a full disk (bytes are dropped and counted, so that programs go on) nor for a
//!   slow reader of a pipe or terminal (bytes stay in the program's pipe, so that it waits: [`Pumped::Held`]). The
//!   system's log alone may take a tenth of a second, once.
//! - Descriptors of log files are never `O_APPEND`, which `splice` refuses. Each call goes to the end anew, so that
//!   several streams may share a file, and somebody may cut it short. Only a stranger who appends to the same file
//!   in the very same moment can be overwritten.
//! - What is kept in memory for a stream does not grow with what it says.
//! - What time it is is handed in with each call.
//!
//! [`Capture`]: minder_core::program::Capture
//! [`LogTarget::Direct`]: minder_core::program::LogTarget::Direct
//! [`WRITE_BYTES_MAX`]: minder_core::program::WRITE_BYTES_MAX

mod calendar;
mod capture;
mod channel;
mod fresh;
mod journal;
mod log_file;
mod periods;
mod rotation;
mod stamp;
mod strip_ansi;
mod syslog;
mod taken;
mod target;
mod transfer;
mod trouble;

pub use channel::{Audience, ChannelLog, Pumped, Told};
pub use fresh::{FreshNames, clean_fresh};
pub use journal::Journal;
pub use syslog::set_identity as set_syslog_identity;
pub use trouble::LogError;

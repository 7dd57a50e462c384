//! The proof that minder is what it replaces.
//!
//! A *scenario* is a configuration and a function that does things to a running daemon and writes what it saw into a
//! [`Transcript`]. It runs twice at the same time, once against the real supervisord (from PyPI, in a virtual
//! environment) and once against minder called as `supervisord`; the two transcripts must be equal line by line.
//!
//! ```text
//!              ┌─▶ Daemon (Original) ─▶ Transcript ─┐
//!  scenario ───┤                                    ├─ normal form ─ deviations ─ equal, or a diff
//!              └─▶ Daemon (Minder)   ─▶ Transcript ─┘
//! ```
//!
//! In reading order: [`place`] (a directory, the programs' paths, the mark by which leftovers are found), [`daemon`]
//! (start, ask, stop) with [`process`], [`http`] and [`xmlrpc`] (a client of our own, so that a mistake in minder's codec cannot hide
//! itself), [`events`] and [`trace`] (what happened to each program), [`normal`] (what may differ: pids, times, paths),
//! [`deviations`] (what differs on purpose), [`mod@compare`] (both sides), [`circus`] (the same for Circus, whose scenarios are in Python), [`fermentrack`] (a home in which Circus is at work), [`mail`] (where superlance's letters go).
//!
//! Invariants: no fixed sleep, every wait is bounded and says what it waited for; nothing outside a temporary directory
//! is written; a process is only ever ended by its pid; nothing here links minder's own code.
//!
//! `MINDER_PROOF_SUBJECT=original` puts the original on both sides, which proves the normal form itself.

pub mod browser;
pub mod circus;
pub mod compare;
pub mod daemon;
pub mod deviations;
pub mod events;
pub mod fermentrack;
pub mod http;
pub mod mail;
pub mod normal;
pub mod place;
pub mod process;
pub mod terminal;
pub mod trace;
pub mod wait;
pub mod xmlrpc;

pub use compare::{
    Side, Transcript, compare, compare_configuration, compare_deviating, compare_launched, compare_mixed,
    compare_prepared,
};
pub use daemon::{Daemon, Kind};
pub use process::{Finished, signal_pid};
pub use serde_json::{Value, json};
pub use wait::until;
pub use xmlrpc::Reply;

//! Does on Linux what the core orders, and tells the core what came of it: the mind.
//!
//! ```text
//!  Greeting ─▶ Heritage ─▶ Mind::run ◀──▶ keeper            (processes, exits, held descriptors)
//!                             ▲  │
//!         Handle (Control) ───┘  └──▶ pipes ─▶ logs         (splice, tee, rotation)
//!          faces' requests            Event ─▶ Observers    (journal, listeners)
//! ```
//!
//! In reading order: [`greeting`] and [`recovery`] are how every mind begins, the first one too; [`mind`] is the
//! loop, `effects`, `requests` and `births` what it does; `aftermath` is the end of a stop: what a process has left is
//! found by `leftovers`, by its [`mark`] above all, and ends too, in a `last_cgroup` if need be; [`slot`], [`pipes`], [`logs`] are a program's streams; [`launch`]
//! makes a spawn request; [`ledger`], [`roster`], [`memo`] are what outlives a `kill -9`, on a [`shelf`]; [`remains`] are what is found there
//! when both processes were killed, known by their [`birthmark`]s; `succession` is how a mind becomes
//! the keeper when that is killed, with what `processes` remembers; [`handle`], [`waiters`],
//! [`faces`] are those who ask and are told.
//!
//! # Invariants
//! - It knows no configuration format and no protocol: both are handed in by whoever assembles it.
//! - Nothing polls: it waits for descriptors and for the nearest deadline.
//! - A fact is in the ledger before anybody is told of it and before the keeper forgets what it came from.

mod aftermath;
pub mod birthmark;
mod births;
pub mod clock;
pub mod daemonise;
mod effects;
pub mod faces;
pub mod greeting;
pub mod group_sockets;
pub mod handle;
pub mod keeper_link;
pub mod kept_sockets;
mod kinship;
mod last_cgroup;
pub mod launch;
pub mod ledger;
mod leftovers;
pub mod listeners;
pub mod logs;
pub mod mark;
pub mod memo;
pub mod mind;
pub mod owed;
pub mod pipes;
pub mod process;
mod processes;
pub mod recovery;
pub mod remains;
mod requests;
pub mod roster;
pub mod shelf;
pub mod slot;
pub mod status;
mod succession;
pub mod waiters;

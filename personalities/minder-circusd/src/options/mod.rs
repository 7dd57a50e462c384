//! What a watcher is, whether it came from a file or from a client.
//!
//! ```text
//!  [watcher:x] ─ini─▶ keywords ─┐                         ┌─ command, environment, identity ─▶ one process
//!  `add`: JSON ─validate──────▶ construct ─▶ WatcherOptions ─ options, get ─▶ replies
//!  [plugin:x] ──────────────────┘             ▲     └─ encode ─▶ (kept) ─ decode ─▶ the same
//!  `set`: JSON ─validate────────── set ───────┘─▶ Effect
//! ```
//!
//! The original makes a watcher of keyword arguments, wherever they come from; so do we, with its conversions and in its
//! order, because order decides which of two mistakes is told.
//!
//! Modules, in reading order:
//!
//! - [`watcher`]: the options and how they are shown; [`stream`](mod@stream): where output goes; [`construct`]: made of
//!   keywords; [`set`]: changed one by one; [`store`]: kept as JSON.
//! - [`validate`]: what a client may send; [`convert`]: what circusctl makes of its words.
//! - [`command`], [`environment`], [`virtualenv`], [`identity`], [`signal`]: what one process is started with.
//! - [`substitute`], [`shellwords`], [`python`], [`exception`], [`bytes`]: the original's ideas of text.
//!
//! Invariants: nothing here touches the system but through a [`Machine`](crate::ini::machine::Machine); no value from
//! outside makes it panic.

pub mod bytes;
pub mod command;
pub mod construct;
pub mod convert;
pub mod environment;
pub mod exception;
pub mod identity;
pub mod python;
pub mod set;
pub mod shellwords;
pub mod signal;
pub mod store;
pub mod stream;
pub mod substitute;
pub mod validate;
pub mod virtualenv;
pub mod watcher;

pub use command::{CommandLine, SpawnContext, SpawnError};
pub use environment::Environment;
pub use exception::{Class, Exception};
pub use identity::Identity;
pub use set::{Action, Effect};
pub use stream::{Sink, StdStream, StreamOptions};
pub use watcher::{Account, Args, Hook, Number, WatcherOptions};

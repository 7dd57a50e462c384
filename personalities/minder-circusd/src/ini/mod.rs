//! The configuration file: from the bytes of `circus.ini` and what it includes to typed settings.
//!
//! ```text
//! bytes ─tree─▶ Tree ─(include)─▶ Tree ─reader─▶ Settings ─┬─ WatcherSection::options ─▶ WatcherOptions
//!   ▲                                 │                    ├─ SocketSection::options ──▶ SocketOptions
//!   └── Machine (real or invented)    └─▶ Faults           └─ baseline ─ changes ─▶ what reloadconfig does
//! ```
//!
//! A reading goes on behind a mistake with the setting's default. So one pass serves two readers: the daemon prints the text
//! of the first fault, which is the one the original would have stopped at, and a check prints every problem there is.
//!
//! Modules, in reading order:
//!
//! - [`machine`]: what a reading may ask; [`tree`]: bytes to sections with spans; [`fault`]: a mistake.
//! - [`reader`]: the walk, with `watcher` for its largest part; [`settings`]: its result; [`socket`]: a socket's keys and what they mean.
//! - [`bounds`]: what peers may take; [`vocabulary`]: the words a file may use; [`pattern`]: shell patterns on names.
//! - [`changes`]: what differs between two readings.
//!
//! Invariants: nothing but [`machine::RealMachine`] touches the system; no text makes a reading panic.

pub mod bounds;
pub mod changes;
pub mod fault;
pub mod machine;
pub mod pattern;
pub mod reader;
pub mod settings;
pub mod socket;
pub mod tree;
pub mod vocabulary;
mod watcher;

pub use changes::{Baseline, Changes, Difference, NameChanges};
pub use fault::Fault;
pub use machine::{Machine, RealMachine};
pub use reader::{Reading, read};
pub use settings::{Circus, PluginSection, Settings, SocketSection, WatcherSection};
pub use socket::{Address, Family, Kind, SocketOptions};

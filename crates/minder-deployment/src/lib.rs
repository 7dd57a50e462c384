//! A season of work at one place: its record, its checks, its boot units.
//!
//! ```text
//!  start:  checks ─▶ storages ─▶ boot units ─▶ record ─▶ enabled ─▶ started        each but the first notes how it is undone
//!                                                             └─ fails ─▶ undo: backwards, and what came of it is told
//!  stop:   stopped ─▶ disabled ─▶ record ended ─▶ drain
//!  status: services, workers, program, deployment
//! ```
//!
//! In reading order:
//! - [`outside`]: everything that is asked of other programs, with a bound on time. [`moment`]: the clock.
//! - [`record`]: what a deployment is, in a line of JSON. [`book`]: all those of one configuration.
//! - [`checks`]: what must hold before it begins. [`machine`]: what every machine must have.
//! - [`boot`]: what starts it again: systemd's user manager, or cron.
//! - [`undo`]: what was done, so that it can be undone. [`interruption`]: somebody who changes his mind meanwhile.
//! - [`beginning`]: what all begins have in common. [`daemon`]: whether what was begun runs, and how it is ended.
//! - [`storages`], [`errand`] and [`drain`]: what is made at the begin, and done once more at the end.
//! - [`tail`]: the last lines of a log, for who asks why.
//!
//! Invariants: it knows no dialect, no daemon and no terminal; nothing here waits without a bound; a file is written so that a
//! power cut leaves either all of it or what was there before.

pub mod beginning;
pub mod book;
pub mod boot;
pub mod checks;
pub mod daemon;
pub mod drain;
pub mod errand;
pub mod interruption;
pub mod machine;
pub mod moment;
pub mod outside;
pub mod record;
pub mod storages;
pub mod tail;
pub mod undo;
mod whole_file;

pub use whole_file::write as write_whole;

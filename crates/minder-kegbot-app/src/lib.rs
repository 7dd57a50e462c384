//! What every program of Kegbot does, as its users know it: flags by the rules of gflags, one form of log line, a background, a
//! pidfile, threads that are told of.
//!
//! ```text
//!  words ─flags─▶ Values ─▶ Log ─▶ (background) ─▶ Application ─▶ the program's own work ─▶ pidfile ─▶ threads
//!            └─▶ usage: help, or what is wrong
//! ```
//!
//! In reading order: [`flags`] reads the command line, [`shared_flags`] are the flags that every program has, [`usage`] is what
//! `--help` and a mistake print; [`log`]; [`background`]; [`standing`] and [`pidfile`]; [`threads`] and [`signals`]; and
//! [`application`] is the beginning of a program, made of them.
//!
//! Invariant: it knows no program in particular.

pub mod application;
pub mod background;
pub mod flags;
pub mod log;
pub mod pidfile;
pub mod shared_flags;
pub mod signals;
pub mod standing;
pub mod threads;
pub mod usage;

pub use application::Application;
pub use flags::{Definition, Kind, Module, Program, Values};
pub use log::{Log, Logger};

//! The model of what should run, and the machines that make it so: pure data and pure functions.
//!
//! ```text
//!  Plan ── diff ──▶ PlanChange ─┐
//!                               ▼
//!  exits · timers · requests ▶ Input ─▶ Supervision::step(now, input) ─▶ Effect ─▶ (the runtime)
//!                               ▲                                                     │
//!                               └────────── what came of it is the next Input ────────┘
//!  (faces) ◀── Event ◀── Effect::Publish
//! ```
//!
//! In reading order: [`ids`], [`time`], [`program`], [`socket`] and [`plan`] say what is wanted; [`change`] what a reload
//! does; [`restart`], [`backoff`], [`stop`] are policies, one a file; [`instance`] is the life of one process;
//! [`supervision`] all of them; [`input`], [`effect`], [`event`] are the three vocabularies; [`control`] is
//! what may be asked, and how a face listens; [`agenda`] is what is due at times, and [`deployment`] a season of work at
//! one place: data for programs that are supervised like any other; [`mutation`] is for the simulation's tests alone.
//!
//! # Invariants
//! - It knows no dialect: no word of any configuration format or protocol appears here.
//! - It has no clock, no file, no thread and does no I/O, so it cannot fail; the compiler sees to it (`no_std`).
//! - The same inputs in the same order give the same effects.
#![no_std]

extern crate alloc;

pub mod agenda;
pub mod backoff;
pub mod change;
pub mod control;
pub mod deployment;
mod directory;
pub mod effect;
pub mod errno;
pub mod event;
pub mod ids;
pub mod input;
pub mod instance;
pub mod mutation;
pub mod plan;
pub mod program;
pub mod restart;
mod shortage;
pub mod socket;
pub mod stop;
pub mod supervision;
pub mod time;

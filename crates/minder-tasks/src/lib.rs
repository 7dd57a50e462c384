//! The queue of what is due, the beat that fills it and the workers that empty it.
//!
//! ```text
//!  minder.toml ─▶ Agenda ─▶ agenda_file ─────────────────────┬──────────────────────────┐
//!                                                            ▼                          ▼
//!  clocks ─▶ Planner ─▶ beat ──offer──▶ queue: store or jetstream ──claim──▶ worker ──▶ a process for each run,
//!                                        ▲        │ ▲                          │        or a resident
//!                minder task run ──offer─┘        │ └──finish: followers, retry┘
//!                                               bell ─▶ all who wait
//! ```
//!
//! In reading order: [`run`], the words of it all; [`agenda_file`], what beat and workers read; [`state_dir`], where everything is;
//! [`store`], the queue in SQLite; [`jetstream`], the one of a NATS server; [`queue`], whichever it is; `pressure` and [`retry`], two
//! of its rules; [`upcoming`], what is to come; [`bell`], how it wakes; [`planner`], what is due, and [`beat`], which asks it; [`worker`], which does the work;
//! [`process_identity`], how a worker is known; [`clock`], which only processes read.
//!
//! # Invariants
//! - A run that waits is done at least once, whatever dies; each attempt is recorded once as ended.
//! - Every line has a bound: what waits by the worker's backlog, what is remembered by the agenda's history, an output by its tail.
//! - Nothing polls. Everything but `beat` and `worker` is handed the time.
//! - It does not know minder.toml, nor what a program of the plan is.

pub mod agenda_file;
pub mod beat;
pub mod bell;
pub mod clock;
pub mod jetstream;
mod log;
pub mod planner;
mod pressure;
pub mod process_identity;
pub mod queue;
mod ready_fd;
pub mod retry;
pub mod run;
pub mod state_dir;
pub mod store;
pub mod upcoming;
pub mod worker;

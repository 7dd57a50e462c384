//! The queue of what is due, the beat that fills it and the workers that empty it.

pub mod agenda_file;
pub mod beat;
pub mod bell;
pub mod clock;
pub mod jetstream;
pub mod planner;
mod pressure;
pub mod process_identity;
pub mod queue;
mod ready_fd;
pub mod retry;
pub mod run;
pub mod state_dir;
pub mod store;
pub mod worker;

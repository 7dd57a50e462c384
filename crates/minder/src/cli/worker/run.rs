//! `minder worker run`, which minder starts as the program `workers:NAME`.

use std::path::PathBuf;

use clap::Args;
use minder_core::ids::WorkerName;
use minder_tasks::state_dir::StateDir;

use crate::cli::beat::in_a_loop;
use crate::cli::ended::{Complaint, Ended};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Its name.
    name: String,
    /// Where the state of its tasks is.
    #[arg(long, value_name = "DIRECTORY")]
    state: PathBuf,
    /// The hash of its agenda.
    #[arg(long, value_name = "HASH")]
    agenda: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let (state, name) = (StateDir::new(&arguments.state), WorkerName::new(arguments.name.as_str()));
    in_a_loop(minder_tasks::worker::run(&state, &name, &arguments.agenda))
}

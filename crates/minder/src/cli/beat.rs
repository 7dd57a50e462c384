//! `minder beat`, which minder starts as the program `beat:beat`.

use std::fmt::Display;
use std::future::Future;
use std::path::PathBuf;

use clap::Args;
use minder_tasks::state_dir::StateDir;

use super::ended::{Complaint, Ended};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where the state of its tasks is.
    #[arg(long, value_name = "DIRECTORY")]
    state: PathBuf,
    /// The hash of its agenda.
    #[arg(long, value_name = "HASH")]
    agenda: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    in_a_loop(minder_tasks::beat::run(&StateDir::new(&arguments.state), &arguments.agenda))
}

/// Is one of the processes that minder starts for its tasks.
pub(crate) fn in_a_loop<E: Display>(part: impl Future<Output = Result<(), E>>) -> Result<Ended, Complaint> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Complaint::failed(format!("cannot make an event loop: {error}")))?;
    let local = tokio::task::LocalSet::new();
    let ended = local.block_on(&runtime, part);
    ended.map(|()| Ended::Well).map_err(|error| Complaint::failed(error.to_string()))
}

//! `minder worker`: the processes that do tasks.

mod restart;
mod run;
mod status;

use clap::{Args, Subcommand};

use super::ended::{Complaint, Ended};

/// How it is called.
pub(crate) const NAME: &str = "worker";

/// Workers: the processes that do tasks.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Arguments),
    Restart(restart::Arguments),
    /// A worker itself, as minder starts it.
    #[command(hide = true)]
    Run(run::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    match &arguments.command {
        Command::Status(arguments) => status::run(arguments),
        Command::Restart(arguments) => restart::run(arguments),
        Command::Run(arguments) => run::run(arguments),
    }
}

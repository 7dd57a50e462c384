//! `minder task`: the tasks of a configuration.

mod cancel;
mod history;
mod list;
mod purge;
mod run;

use clap::{Args, Subcommand};

use super::ended::{Complaint, Ended};

/// Tasks: what is due, what was done, and doing one now.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Run(run::Arguments),
    History(history::Arguments),
    Cancel(cancel::Arguments),
    Purge(purge::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::History(arguments) => history::run(arguments),
        Command::Cancel(arguments) => cancel::run(arguments),
        Command::Purge(arguments) => purge::run(arguments),
    }
}

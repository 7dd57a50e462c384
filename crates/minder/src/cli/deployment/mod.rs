//! `minder deployment`: seasons of work at one place.
//!
//! In reading order: [`site`], what is deployed and where; [`question`], what a person is asked; then the commands.

mod check;
mod halt;
mod list;
mod question;
mod show;
mod site;
mod start;
mod status;
mod stop;

use clap::{Args, Subcommand};

use super::ended::{Complaint, Ended};

/// Deployments: seasons of work at one place, which survive power cuts.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(start::Arguments),
    Stop(stop::Arguments),
    Status(status::Arguments),
    Check(check::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    /// End minder, as cron's line does it.
    #[command(hide = true)]
    Halt(halt::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    match &arguments.command {
        Command::Start(arguments) => start::run(arguments),
        Command::Stop(arguments) => stop::run(arguments),
        Command::Status(arguments) => status::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Halt(arguments) => halt::run(arguments),
    }
}

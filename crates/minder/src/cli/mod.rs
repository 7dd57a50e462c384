//! minder under its own name: its commands, each in a file of its own.
//!
//! ```text
//! argv ─clap─▶ Command ─▶ NAME.rs ─┬─▶ server (which one) ─▶ client ─▶ any Supervisor server
//!                                  ├─▶ tasks (whose) ─▶ their queue                (task, worker)
//!                                  ├─▶ the reader of configurations            (check)
//!                                  └─▶ assemble, demo                          (run, demo)
//!                          Ended ◀─┘   or a Complaint, with what to do about it
//! ```
//!
//! In reading order: [`ended`], the exit statuses and complaints; [`dialect`], whose a file is; [`terminal`] and [`table`], what is shown; [`server`]
//! and [`programs`], whom is asked and about what; [`bring`], what start, stop and restart share; [`tasks`], which tasks are meant;
//! then the commands.
//!
//! Invariants: the commands that talk to a server learn everything from it, so they work against the original too; what
//! `--json` prints is one JSON value on standard output, whatever happened.

mod beat;
mod bring;
mod check;
mod completions;
mod convert;
mod deployment;
mod dialect;
mod ended;
pub(crate) mod install_links;
mod logs;
mod man;
mod programs;
mod recorder;
mod reload;
mod restart;
mod run;
mod schema;
mod server;
mod start;
mod status;
mod stop;
pub(crate) mod table;
mod task;
mod tasks;
pub(crate) mod terminal;
mod upgrade;
mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::demo;
pub(crate) use ended::{Complaint, Ended};
pub(crate) use programs::{Program, of_answer as programs_of};
pub(crate) use status::table as status_table;

const EXIT_STATUSES: &str = "\
Exit status:
  0  done as asked
  1  something that was asked for failed, or is not well
  2  the command line is wrong
  4  the server cannot be reached, or does not let us in

Called as supervisord, circusd or another of the programs that install-links names, minder is that program.";

/// Looks after every process of a machine that nobody is watching.
#[derive(Debug, Parser)]
#[command(name = "minder", version, after_help = EXIT_STATUSES, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Convert(convert::Arguments),
    Schema(schema::Arguments),
    Status(status::Arguments),
    Start(start::Arguments),
    Stop(stop::Arguments),
    Restart(restart::Arguments),
    Reload(reload::Arguments),
    Logs(logs::Arguments),
    Deployment(deployment::Arguments),
    Task(task::Arguments),
    Worker(worker::Arguments),
    /// The process that knows when tasks are due, as minder starts it.
    #[command(hide = true)]
    Beat(beat::Arguments),
    Demo(demo::Arguments),
    /// One of the programs of the demo.
    #[command(hide = true)]
    DemoPart(demo::parts::Arguments),
    /// The tasks of a recorder, and pictures of recordings.
    Recorder(recorder::Arguments),
    Upgrade(upgrade::Arguments),
    InstallLinks(install_links::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs a command. `arguments` begins with the name under which the program was called.
#[must_use]
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is the only way this fails, and then nobody reads what we would say about it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let ended = match cli.command {
        // The process becomes the server here, so the exit status is the server's.
        Command::Run(arguments) => return run::run(&arguments),
        Command::DemoPart(arguments) => return demo::parts::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Start(arguments) => start::run(&arguments),
        Command::Stop(arguments) => stop::run(&arguments),
        Command::Restart(arguments) => restart::run(&arguments),
        Command::Reload(arguments) => reload::run(&arguments),
        Command::Logs(arguments) => logs::run(&arguments),
        Command::Deployment(arguments) => deployment::run(&arguments),
        Command::Task(arguments) => task::run(&arguments),
        Command::Worker(arguments) => worker::run(&arguments),
        Command::Beat(arguments) => beat::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Recorder(arguments) => recorder::run(&arguments),
        Command::Upgrade(arguments) => upgrade::run(&arguments),
        Command::InstallLinks(arguments) => install_links::run(&arguments),
        Command::Completions(arguments) => Ok(completions::run(&arguments, &mut published())),
        Command::Man(arguments) => man::run(&arguments, published()),
    };
    match ended {
        Ok(ended) => ended.into(),
        Err(complaint) => complaint.tell(),
    }
}

/// The command line without what is hidden, which completions and manual pages would otherwise tell of.
fn published() -> clap::Command {
    let whole = Cli::command();
    let shown = whole.get_subcommands().filter(|sub| !sub.is_hide_set()).map(without_hidden);
    let shown: Vec<clap::Command> = shown.collect();
    let about = whole.get_about().cloned().unwrap_or_default();
    clap::Command::new("minder")
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .after_help(EXIT_STATUSES)
        .subcommand_required(true)
        .subcommands(shown)
}

/// The commands of `minder worker` without the one that is hidden; others as they are.
fn without_hidden(command: &clap::Command) -> clap::Command {
    if command.get_name() != worker::NAME {
        return command.clone();
    }
    let shown: Vec<clap::Command> =
        command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
    clap::Command::new(worker::NAME)
        .about(command.get_about().cloned().unwrap_or_default())
        .subcommand_required(true)
        .subcommands(shown)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

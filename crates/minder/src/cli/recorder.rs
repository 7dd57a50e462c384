//! `minder recorder`, which workers start as the resident of a recorder's tasks.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use minder_recorder::program::ProgramKind;
use minder_recorder::resident;

use super::ended::{Complaint, Ended};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do one run after another, each told of by a line of JSON.
    Resident {
        /// The program, by acoupi's name of it. Without this the file `name` beside the configuration says it.
        #[arg(long, value_name = "MODULE")]
        program: Option<String>,
        /// The configuration of the program.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let Command::Resident { program, config } = &arguments.command;
    let name = match program {
        Some(name) => name.clone(),
        None => {
            let file = config.with_file_name("name");
            std::fs::read_to_string(&file).map_err(|error| {
                Complaint::failed(format!("cannot read {}: {error}", file.display()))
                    .with_hint("say which program it is by --program")
            })?
        }
    };
    let kind = ProgramKind::named(name.trim())
        .ok_or_else(|| Complaint::new(Ended::Misused, format!("no program `{}`", name.trim())))?;
    resident::main(kind, config).map_err(|error| Complaint::failed(error.to_string()))?;
    Ok(Ended::Well)
}

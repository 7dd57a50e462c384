//! `minder recorder`: what workers start as the resident of a recorder's tasks, and pictures of recordings.

mod spectrogram;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use minder_recorder::program::ProgramKind;
use minder_recorder::resident as recorder;

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
    Spectrogram(spectrogram::Arguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    match &arguments.command {
        Command::Resident { program, config } => resident(program.as_ref(), config),
        Command::Spectrogram(arguments) => spectrogram::run(arguments),
    }
}

fn resident(program: Option<&String>, config: &Path) -> Result<Ended, Complaint> {
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
    recorder::main(kind, config).map_err(|error| Complaint::failed(error.to_string()))?;
    Ok(Ended::Well)
}

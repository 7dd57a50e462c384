//! `minder completions`.

use clap::Args;
use clap_complete::Shell;

use super::ended::Ended;
use super::terminal;

/// Print a completion script for a shell.
///
/// To be sourced by the shell, or put where it looks for completions.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, command: &mut clap::Command) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "minder", &mut script);
    terminal::say_bytes(&script);
    Ended::Well
}

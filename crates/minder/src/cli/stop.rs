//! `minder stop`.

use clap::Args;

use super::bring::{Goal, bring};
use super::ended::{Complaint, Ended, Form};
use super::programs;
use super::server::Which;

/// Stop programs, and wait until each has ended.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Programs or groups; `*` and `?` as in a shell, `all` for every one.
    #[arg(required = true)]
    names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let server = arguments.which.server(Form::of(arguments.json))?;
    let programs = programs::named(&server, &arguments.names)?;
    Ok(bring(&server, &programs, Goal::Down)?.tell(&server))
}

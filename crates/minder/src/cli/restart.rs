//! `minder restart`.

use clap::Args;

use super::bring::{Goal, bring};
use super::ended::{Complaint, Ended, Form};
use super::programs;
use super::server::Which;

/// Stop programs that run, then start them.
///
/// Like supervisorctl's restart, this does not read the configuration again.
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
    bring(&server, &programs, Goal::Down)?;
    // Whoever could not be stopped is still up and will be told of as already running.
    let stopped = programs::named(&server, &arguments.names)?;
    Ok(bring(&server, &stopped, Goal::Up)?.tell(&server))
}

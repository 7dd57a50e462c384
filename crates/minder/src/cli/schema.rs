//! `minder schema`: what a `minder.toml` may say, for editors and for people.

use clap::Args;
use minder_config::native::{reference, schema};

use super::ended::{Complaint, Ended};
use super::terminal;

/// Print the JSON Schema of a minder.toml.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Print the reference for people instead, in Markdown.
    #[arg(long)]
    reference: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "every command is called like this")]
pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    if arguments.reference {
        terminal::say(&reference::page());
    } else {
        terminal::say(&format!("{:#}\n", schema::schema()));
    }
    Ok(Ended::Well)
}

//! `minder man`.

use std::path::PathBuf;

use clap::Args;

use super::ended::{Complaint, Ended};
use super::terminal;

/// Print the manual page, or write it and a page for each command into a directory.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where the pages go, such as /usr/local/share/man/man1. It is made if it is not there.
    directory: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, command: clap::Command) -> Result<Ended, Complaint> {
    let Some(directory) = &arguments.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Complaint::failed(format!("cannot make the page: {error}")))?;
        terminal::say_bytes(&page);
        return Ok(Ended::Well);
    };
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .map_err(|error| Complaint::failed(format!("cannot write to {}: {error}", directory.display())))?;
    terminal::say(&format!("the pages are in {}\n", directory.display()));
    Ok(Ended::Well)
}

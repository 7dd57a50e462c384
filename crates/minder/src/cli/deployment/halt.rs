//! `minder deployment halt`, which is what cron's script runs where there is no systemd.

use clap::Args;

use super::site::Which;
use crate::cli::ended::{Complaint, Ended, Form};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let site = arguments.which.site(Form::Text)?;
    site.end_daemon().map_err(|why| site.failed(why))?;
    Ok(Ended::Well)
}

//! `acoupi check`: whether the program could work.

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Others, Parsed};
use crate::click::style::{Colour, coloured};
use crate::commands::help;
use crate::configuration::Loaded;
use crate::{health, text};

pub(crate) const COMMAND: Command = Command {
    path: "acoupi check",
    usage: "[OPTIONS]",
    help: help::CHECK,
    options: &[],
    arguments: &[],
    others: Others::Refused,
};

pub(crate) fn run(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    acoupi.need_setup()?;
    acoupi.terminal.echo(&coloured(text::CHECKING, Colour::Green));
    let loaded = Loaded::read(&acoupi.settings).map_err(|error| Failure::Error(error.to_string()))?;
    check(acoupi, &loaded)
}

/// Looks at everything, and tells of everything that is not well.
pub(crate) fn check(acoupi: &mut Acoupi, loaded: &Loaded) -> Result<(), Failure> {
    let report = health::look(acoupi, loaded);
    for finding in report.warnings() {
        let why = finding.complaint().unwrap_or_default();
        acoupi.terminal.echo(&coloured(&format!("Warning: {why}"), Colour::Yellow));
        tell_hint(acoupi, finding.hint.as_deref());
    }
    for finding in report.failures() {
        let why = finding.complaint().unwrap_or_default();
        acoupi.terminal.echo(&coloured(&format!("Error: {why}"), Colour::Red));
        tell_hint(acoupi, finding.hint.as_deref());
    }
    if !report.is_well() {
        return Err(Failure::Abort);
    }
    acoupi.terminal.echo(&coloured(text::CHECKED, Colour::Green));
    Ok(())
}

fn tell_hint(acoupi: &mut Acoupi, hint: Option<&str>) {
    if let Some(hint) = hint {
        acoupi.terminal.echo(&coloured(&format!("Help: {hint}"), Colour::Yellow));
    }
}

//! `acoupi setup`: a program, asked for and written down.

use minder_recorder::program::{ProgramKind, schema};

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Option_, Others, Parsed};
use crate::click::style::{Colour, coloured};
use crate::commands::help;
use crate::configuration::{Loaded, invalid, surroundings};
use crate::files::{self, FileError};
use crate::minder_toml::{self, Beat};
use crate::units::units;
use crate::wizard::arguments::Arguments;
use crate::wizard::{Devices, Mode, Wizard, WizardError};
use crate::{machinery, text};

pub(crate) const COMMAND: Command = Command {
    path: "acoupi setup",
    usage: "[OPTIONS] [ARGS]...",
    help: help::SETUP,
    options: &[Option_::Value("--program", ""), Option_::Switch("--prompt", "--no-prompt")],
    arguments: &[],
    others: Others::Kept,
};

const PRESET: &str = "acoupi.programs.test";

pub(crate) fn run(acoupi: &mut Acoupi, parsed: &Parsed) -> Result<(), Failure> {
    acoupi.terminal.echo(text::COLLECTING);
    let name = parsed.value("--program").unwrap_or(PRESET);
    let Some(kind) = ProgramKind::named(name) else {
        acoupi.terminal.echo(&format!("program {name} not found"));
        return Err(Failure::Abort);
    };
    let arguments = Arguments::of(&parsed.arguments);
    let mode = if parsed.switch("--prompt") == Some(false) { Mode::Silent } else { Mode::Ask };
    let loaded = ask(acoupi, kind, &arguments, mode)?;
    // Only now is anything written, so that a question without an answer leaves what was set up before.
    write(acoupi, &loaded, &arguments).map_err(|error| Failure::Error(error.to_string()))
}

fn ask(acoupi: &mut Acoupi, kind: ProgramKind, arguments: &Arguments, mode: Mode) -> Result<Loaded, Failure> {
    let devices = match kind {
        ProgramKind::Test => Devices::default(),
        ProgramKind::Default | ProgramKind::Connected | ProgramKind::Detection(_) => {
            Devices::of_this_machine()
        }
    };
    let schema = schema(kind, &surroundings());
    let mut wizard = Wizard { terminal: &mut acoupi.terminal, mode, arguments, devices };
    let value = wizard.group(&schema, "").map_err(|error| match error {
        WizardError::Ended(failure) => failure,
        WizardError::Parameter(error) => {
            let what = format!(
                "Setup failed. The was an error configuring the parameter '{}': {}.",
                error.value, error.message
            );
            acoupi.terminal.echo(&coloured(&what, Colour::Red));
            acoupi.terminal.echo(&coloured(&format!("Help: {}", error.help), Colour::Yellow));
            Failure::Abort
        }
    })?;
    Loaded::of(kind, &value)
        .map_err(|problems| Failure::Error(format!("Invalid configuration: {}", invalid(&problems))))
}

fn write(acoupi: &mut Acoupi, loaded: &Loaded, arguments: &Arguments) -> Result<(), FileError> {
    let settings = acoupi.settings.clone();
    let module = loaded.kind.module();
    files::write(&settings.program_file, &files::program_file(module), 0o644)?;
    files::write(&settings.program_name_file, module, 0o644)?;
    write_program(acoupi, loaded)?;
    files::write_scripts(&settings, &acoupi.executable, acoupi.clock.now())?;
    files::write(&settings.celery_config_file, &files::celery_settings(arguments), 0o644)?;
    for folder in [&settings.run_dir, &settings.log_dir, &settings.state_dir] {
        files::make(folder)?;
    }
    for unit in units(&settings) {
        files::write(&settings.units.join(&unit.name), &unit.text, 0o644)?;
    }
    Ok(())
}

/// Writes the configuration, and what minder makes of it.
pub(crate) fn write_program(acoupi: &Acoupi, loaded: &Loaded) -> Result<(), FileError> {
    loaded.write(&acoupi.settings)?;
    write_minder_toml(acoupi, loaded, machinery::beat_of(&acoupi.settings))
}

/// Writes what minder runs.
pub(crate) fn write_minder_toml(acoupi: &Acoupi, loaded: &Loaded, beat: Beat) -> Result<(), FileError> {
    let settings = &acoupi.settings;
    let text = minder_toml::text(settings, loaded.kind, &loaded.program, &acoupi.executable, beat);
    files::write(&settings.minder_toml, &text, 0o644)
}

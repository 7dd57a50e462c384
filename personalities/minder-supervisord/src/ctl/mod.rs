//! supervisorctl: the original's command line, shell, texts and exit statuses, over any Supervisor server.
//!
//! ```text
//! argv ─command_line─▶ options ┐
//! supervisord.conf ─settings───┴▶ Controller ─ a line ─▶ actions/NAME.rs ─▶ client ─▶ server
//!                                  ▲      │                                    │
//!      shell (a loop of lines) ────┘      └◀── lines and exit status ◀── outcome, Exception
//! ```
//!
//! In reading order:
//! - [`command_line`] and `getopt`: what was written; `settings`: what `[supervisorctl]` adds to it.
//! - `controller`: one line to one action, and what becomes of an [`exception::Exception`] that an action lets through.
//! - `actions`: a file an action. `outcome`, `process` and `batch` hold what several of them share.
//! - `shell`, `completion`, `console`: the terminal, or whatever stands in for it.
//!
//! Invariant: everything is learned from the server. Nothing here reads the processes, their logs or the server's own
//! configuration, so it works against the original as well, and across the network.

mod actions;
mod batch;
pub mod command_line;
mod completion;
mod console;
mod controller;
pub mod exception;
mod fault_codes;
pub(crate) mod getopt;
mod outcome;
mod process;
mod settings;
mod shell;
mod topics;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use command_line::{CommandLine, Stop};
use controller::Controller;
use settings::{Settings, SettingsError};

/// Runs supervisorctl. `args` begins with the name under which the program was called.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let program = command_line::program_path(&args.next().unwrap_or_else(|| "supervisorctl".into()));
    match prepare(&program, args.collect()) {
        Ok((mut controller, words)) => match words {
            Some(line) => ExitCode::from(controller.run_once(&line)),
            None => shell::run(&mut controller),
        },
        Err(stop) => stopped(&program, &stop),
    }
}

/// From the command line to a controller, and the line to run unless a shell is wanted.
fn prepare(program: &str, args: Vec<OsString>) -> Result<(Controller, Option<String>), Stop> {
    let options = CommandLine::parse(args)?;
    let settings = match options.config_file(program) {
        Some(path) => Settings::read(&path).map_err(|error| match error {
            SettingsError::Refused(text) => Stop::Usage(text),
            SettingsError::Syntax(text) => Stop::Syntax(text),
        })?,
        None => Settings::default(),
    };
    for plugin in &settings.plugins {
        // The original would import Python code here, which minder cannot.
        let _ = writeln!(
            std::io::stderr(),
            "Warning: section [{plugin}] is ignored: there are no Python plugins here"
        );
    }
    let words = (!options.words.is_empty()).then(|| options.words.join(" "));
    let settings = options.over(settings);
    let controller = Controller::new(settings, options.interactive || words.is_none())
        .map_err(|error| Stop::NoEventLoop(error.to_string()))?;
    Ok((controller, words))
}

fn stopped(program: &str, stop: &Stop) -> ExitCode {
    match stop {
        Stop::Help => {
            let _ = write!(std::io::stdout(), "{}", command_line::help(program));
            ExitCode::SUCCESS
        }
        Stop::Usage(text) => {
            let _ = write!(std::io::stderr(), "Error: {text}\nFor help, use {program} -h\n");
            ExitCode::from(2)
        }
        Stop::Syntax(text) | Stop::NoEventLoop(text) => {
            let _ = writeln!(std::io::stderr(), "Error: {text}");
            ExitCode::from(1)
        }
    }
}

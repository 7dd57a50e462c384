//! acoupi's commands over minder's deployments, tasks and workers.
//!
//! ```text
//!  acoupi setup ─▶ wizard ─▶ program.json ─▶ minder.toml, scripts, units
//!  acoupi deployment start ─▶ check ─▶ deployment.json, metadata.db ─▶ units ─▶ minder run --daemon minder.toml, minder beat
//!  acoupi deployment status ◀─ units, queue.db, check, deployment.json
//! ```
//!
//! In reading order:
//! - [`main`]: the tree of commands. `commands`: each in a file of its own.
//! - `click`: how acoupi speaks with a terminal. `text`: its words.
//! - `settings`: where its files are. `files`, `units`, `minder_toml`: what is written into them.
//! - `configuration`: the program and how it is set. `wizard`: who asks for it.
//! - `rotating_file`: the log of the beat.
//! - `health`: whether the program could work. `machinery`: who works, and how that is begun and ended.
//!
//! Invariants: every sentence of the original is in `text`, or stands where it is said and is held against the original by a
//! test; nothing of a deployment is decided here that `minder-deployment` decides; acoupi's files alone say what is set up and
//! what is deployed.

mod click;
mod commands;
mod configuration;
mod files;
mod health;
mod machinery;
mod minder_toml;
mod rotating_file;
mod settings;
mod text;
mod units;
mod wizard;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use minder_deployment::moment::Clock;
use minder_deployment::outside::Outside;

use click::Failure;
use click::terminal::Terminal;
use settings::Settings;

/// Everything that a command works with.
struct Acoupi {
    settings: Settings,
    terminal: Terminal,
    outside: Outside,
    clock: Clock,
    /// minder.
    executable: PathBuf,
}

/// Runs acoupi. `arguments` begins with the name under which the program was called.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<String> =
        arguments.into_iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let mut acoupi = Acoupi {
        settings: Settings::of_this_process(),
        terminal: Terminal::of_this_process(),
        outside: Outside::of_this_process(),
        clock: Clock::Machine,
        // The path is what `ps` and the scripts show, so it is better than the other, which always works.
        executable: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe")),
    };
    match commands::run(&mut acoupi, &words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            acoupi.terminal.complain(&failure.text());
            ExitCode::from(failure.status())
        }
    }
}

impl Acoupi {
    /// Says that nothing is set up, unless something is.
    fn need_setup(&mut self) -> Result<(), Failure> {
        if self.settings.is_set_up() {
            return Ok(());
        }
        self.terminal.echo(text::NOT_SET_UP);
        Err(Failure::Abort)
    }
}

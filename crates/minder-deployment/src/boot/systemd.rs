//! Units of systemd's user manager.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{BootError, BootUnit, ServiceState};
use crate::outside::{Answer, Outside};
use crate::undo::Undo;
use crate::whole_file;

/// How long it may take to say something.
const ASKED: Duration = Duration::from_secs(20);
/// How long a unit may take to start or to stop: more than systemd itself waits for one, and what works may finish.
const WAITED: Duration = Duration::from_secs(700);

/// The user manager, and the folder of its units.
#[derive(Clone, Debug)]
pub struct Systemd {
    outside: Outside,
    folder: PathBuf,
}

impl Systemd {
    pub(super) fn new(outside: Outside, folder: &Path) -> Self {
        Self { outside, folder: folder.to_owned() }
    }

    /// Whether there is a manager that answers. One without a bus, or on a machine that another init has booted, complains and
    /// says nothing else, whatever it is asked.
    pub(super) fn answers(&self, unit: &str) -> Result<(), String> {
        let answer = self
            .outside
            .ask("systemctl", &["--user", "is-active", unit], ASKED)
            .map_err(|why| why.to_string())?;
        if !answer.is_well() && answer.output.trim().is_empty() && !answer.errors.trim().is_empty() {
            return Err(format!("`systemctl --user` does not answer ({})", answer.last_words()));
        }
        Ok(())
    }

    pub(super) fn install(&self, units: &[BootUnit], undo: &mut Undo) -> Result<(), BootError> {
        for unit in units {
            install(&self.folder.join(&unit.name), &unit.text, undo)?;
        }
        // One that fails says so again when a unit is enabled, and that is an error.
        let _ = self.outside.ask("systemctl", &["--user", "daemon-reload"], ASKED);
        Ok(())
    }

    pub(super) fn enable(&self, name: &str, undo: &mut Undo) -> Result<String, BootError> {
        let (again, unit) = (self.clone(), name.to_owned());
        undo.note(format!("disabled {name}"), move || told(again.disable(&unit)));
        self.order("enable", name, ASKED)
    }

    pub(super) fn start(&self, name: &str, undo: &mut Undo) -> Result<String, BootError> {
        let (again, unit) = (self.clone(), name.to_owned());
        // Also when it does not start: with `Restart=always` systemd would go on trying.
        undo.note(format!("stopped {name}"), move || told(again.stop(&unit)));
        self.order("start", name, WAITED)
    }

    pub(super) fn stop(&self, name: &str) -> Result<String, BootError> {
        self.order("stop", name, WAITED)
    }

    pub(super) fn disable(&self, name: &str) -> Result<String, BootError> {
        self.order("disable", name, ASKED)
    }

    pub(super) fn state(&self, name: &str) -> ServiceState {
        match self.outside.ask("systemctl", &["--user", "is-active", name], ASKED) {
            Ok(answer) => ServiceState::of_word(answer.output.trim()),
            Err(_) => ServiceState::Unknown,
        }
    }

    pub(super) fn is_enabled(&self, name: &str) -> Option<bool> {
        let answer = self.outside.ask("systemctl", &["--user", "is-enabled", name], ASKED).ok()?;
        match answer.output.trim() {
            "enabled" | "enabled-runtime" => Some(true),
            "disabled" | "not-found" => Some(false),
            _ => None,
        }
    }

    pub(super) fn journal(&self, name: &str, lines: usize) -> Vec<String> {
        let (unit, count) = (format!("--user-unit={name}"), lines.to_string());
        let arguments = ["--user", "--quiet", "--no-pager", "--output=cat", "-n", &count, &unit];
        match self.outside.ask("journalctl", &arguments, ASKED) {
            Ok(answer) if answer.is_well() => answer.output.lines().map(str::to_owned).collect(),
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    fn order(&self, verb: &str, name: &str, limit: Duration) -> Result<String, BootError> {
        let answer =
            self.outside.ask("systemctl", &["--user", verb, name], limit).map_err(BootError::Silent)?;
        if answer.is_well() {
            return Ok(printed(&answer));
        }
        Err(BootError::Refused(format!("systemctl --user {verb} {name}"), answer.last_words()))
    }
}

/// Writes a unit file unless it is there already, as it is.
///
/// # Errors
/// When it cannot be written.
pub(super) fn install(path: &Path, text: &str, undo: &mut Undo) -> Result<(), BootError> {
    let before = std::fs::read_to_string(path).ok();
    if before.as_deref() == Some(text) {
        return Ok(());
    }
    whole_file::write(path, text, 0o644).map_err(|error| BootError::File(path.to_owned(), error))?;
    let shown = path.display().to_string();
    let file = path.to_owned();
    match before {
        Some(before) => undo.note(format!("restored {shown}"), move || {
            whole_file::write(&file, &before, 0o644).map_err(|error| error.to_string())
        }),
        None => undo.note(format!("removed {shown}"), move || {
            std::fs::remove_file(&file).map_err(|error| error.to_string())
        }),
    }
    Ok(())
}

fn printed(answer: &Answer) -> String {
    format!("{}{}", answer.output, answer.errors)
}

fn told(result: Result<String, BootError>) -> Result<(), String> {
    result.map(|_| ()).map_err(|error| error.to_string())
}

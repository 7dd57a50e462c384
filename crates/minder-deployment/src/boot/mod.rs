//! What starts a deployment again after a boot: units of systemd's user manager, or a line for cron.

mod cron;
mod systemd;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::outside::{Outside, Silence};
use crate::undo::Undo;

pub use cron::Cron;
pub use systemd::Systemd;

/// Something that runs from boot on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootUnit {
    /// `name.service`.
    pub name: String,
    /// The unit file.
    pub text: String,
    /// What cron does instead. `None`: another unit's does it too.
    pub cron: Option<CronEntry>,
}

/// A unit, where there is only cron.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CronEntry {
    /// What cron runs at a boot; it must end when it has started what it starts.
    pub start: PathBuf,
    /// What ends it; it must end when that has ended.
    pub stop: PathBuf,
}

/// Who starts things after a boot.
#[derive(Clone, Debug)]
pub enum Boot {
    /// The user manager of systemd.
    Systemd(Systemd),
    /// Cron.
    Cron(Cron),
    /// Nobody, and why.
    Nothing(String),
}

/// What a unit does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServiceState {
    /// It runs.
    Active,
    /// It does not, and nobody wants it to.
    Inactive,
    /// An error ended it.
    Failed,
    /// It reads its configuration again.
    Reloading,
    /// It begins.
    Activating,
    /// It ends.
    Deactivating,
    /// Nobody knows.
    Unknown,
    /// There is no such unit.
    Uninstalled,
}

impl ServiceState {
    /// systemd's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Reloading => "reloading",
            Self::Activating => "activating",
            Self::Deactivating => "deactivating",
            Self::Unknown => "unknown",
            Self::Uninstalled => "uninstalled",
        }
    }

    fn of_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            "failed" => Self::Failed,
            "reloading" => Self::Reloading,
            "activating" => Self::Activating,
            "deactivating" => Self::Deactivating,
            _ => Self::Unknown,
        }
    }
}

/// Why a unit could not be installed, enabled, started, stopped or disabled.
#[derive(Debug)]
pub enum BootError {
    /// Its file cannot be written.
    File(PathBuf, io::Error),
    /// A program did not answer.
    Silent(Silence),
    /// A program said no: its command line, and its last words.
    Refused(String, String),
    /// There is nobody to ask, and why.
    Nobody(String),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Silent(silence) => write!(f, "{silence}"),
            Self::Refused(command, words) => write!(f, "`{command}` failed: {words}"),
            Self::Nobody(why) => write!(f, "nothing starts it: {why}"),
        }
    }
}

impl std::error::Error for BootError {}

impl Boot {
    /// systemd's user manager if it answers when it is asked about `unit`, else cron if there is one.
    pub fn find(outside: &Outside, folder: &Path, unit: &str) -> Self {
        let systemd = Systemd::new(outside.clone(), folder);
        let silence = match systemd.answers(unit) {
            Ok(()) => return Self::Systemd(systemd),
            Err(why) => why,
        };
        match Cron::find(outside.clone()) {
            Ok(cron) => Self::Cron(cron),
            Err(why) => Self::Nothing(format!("{silence}; {why}")),
        }
    }

    /// Writes the unit files that are missing or say something else. Done twice, it does nothing the second time.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn install(&self, units: &[BootUnit], undo: &mut Undo) -> Result<(), BootError> {
        match self {
            Self::Systemd(systemd) => systemd.install(units, undo),
            Self::Cron(_) | Self::Nothing(_) => Ok(()),
        }
    }

    /// From now on it starts at a boot. Says what was printed for a person.
    ///
    /// # Errors
    /// When nobody does that, or it is refused.
    pub fn enable(&self, unit: &BootUnit, undo: &mut Undo) -> Result<String, BootError> {
        match self {
            Self::Systemd(systemd) => systemd.enable(&unit.name, undo),
            Self::Cron(cron) => cron.enable(unit, undo).map(|()| String::new()),
            Self::Nothing(why) => Err(BootError::Nobody(why.clone())),
        }
    }

    /// Starts it now.
    ///
    /// # Errors
    /// When nobody does that, or it does not start.
    pub fn start(&self, unit: &BootUnit, undo: &mut Undo) -> Result<String, BootError> {
        match self {
            Self::Systemd(systemd) => systemd.start(&unit.name, undo),
            Self::Cron(cron) => cron.start(unit, undo),
            Self::Nothing(why) => Err(BootError::Nobody(why.clone())),
        }
    }

    /// Stops it now, and waits until it has ended.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&self, unit: &BootUnit) -> Result<String, BootError> {
        match self {
            Self::Systemd(systemd) => systemd.stop(&unit.name),
            Self::Cron(cron) => cron.stop(unit),
            Self::Nothing(_) => Ok(String::new()),
        }
    }

    /// It no longer starts at a boot.
    ///
    /// # Errors
    /// When it is refused.
    pub fn disable(&self, unit: &BootUnit) -> Result<String, BootError> {
        match self {
            Self::Systemd(systemd) => systemd.disable(&unit.name),
            Self::Cron(cron) => cron.disable(unit).map(|()| String::new()),
            Self::Nothing(_) => Ok(String::new()),
        }
    }

    /// What it does. `None`: who starts it does not know what became of it.
    pub fn state(&self, unit: &BootUnit) -> Option<ServiceState> {
        match self {
            Self::Systemd(systemd) => Some(systemd.state(&unit.name)),
            Self::Cron(_) => None,
            Self::Nothing(_) => Some(ServiceState::Unknown),
        }
    }

    /// Whether it starts at a boot. `None`: nobody knows.
    pub fn is_enabled(&self, unit: &BootUnit) -> Option<bool> {
        match self {
            Self::Systemd(systemd) => systemd.is_enabled(&unit.name),
            Self::Cron(cron) => cron.is_enabled(unit),
            Self::Nothing(_) => None,
        }
    }

    /// What its journal says last, if there is one.
    pub fn journal(&self, unit: &BootUnit, lines: usize) -> Vec<String> {
        match self {
            Self::Systemd(systemd) => systemd.journal(&unit.name, lines),
            Self::Cron(_) | Self::Nothing(_) => Vec::new(),
        }
    }
}

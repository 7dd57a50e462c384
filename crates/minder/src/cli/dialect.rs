//! Which program a configuration is for. Whether it is minder's own its name says; of the others the sections say it.

use std::path::Path;

/// Whose configuration a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Supervisor,
    Circus,
    KegbotMaster,
    Native,
}

impl Dialect {
    /// The dialect of a file. One that cannot be read, or has nothing of the others, is taken for a supervisord.conf, and that
    /// reader says what is wrong with it.
    pub(crate) fn of_file(file: &Path) -> Self {
        if file.extension().is_some_and(|extension| extension == "toml") {
            return Self::Native;
        }
        let text = std::fs::read(file).unwrap_or_default();
        if minder_circusd::daemon::checking::recognises(&text) {
            Self::Circus
        } else if minder_kegbot_master::recognises(&text) {
            Self::KegbotMaster
        } else {
            Self::Supervisor
        }
    }

    /// The program that reads such files.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisord",
            Self::Circus => "circusd",
            Self::KegbotMaster => "kegbot_master",
            Self::Native => "minder",
        }
    }

    /// What it calls processes that belong together.
    pub(crate) fn group_word(self) -> &'static str {
        match self {
            Self::Supervisor => "group",
            Self::Circus => "watcher",
            Self::KegbotMaster | Self::Native => "group",
        }
    }
}

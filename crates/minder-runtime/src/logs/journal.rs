//! minder's own log.

use minder_core::ids::BytePath;
use minder_core::plan::{Echo, JournalSpec};

use crate::clock;

use super::channel::Told;
use super::log_file::LogFile;
use super::syslog;
use super::target::Target;
use super::trouble::LogError;

/// minder's own log: a file, and beside it what watches as it grows.
#[derive(Debug)]
pub struct Journal {
    file: LogFile,
    echo: Option<Target>,
    syslog: Option<Box<str>>,
}

impl Journal {
    /// Opens no file.
    pub fn new(spec: &JournalSpec) -> Self {
        Self {
            file: LogFile::new(&spec.log, spec.rotation),
            echo: match spec.echo {
                // Without standard output there is nobody who could miss the echo.
                Echo::Stdout => Target::stdout().ok(),
                Echo::Off => None,
            },
            syslog: spec.syslog.clone(),
        }
    }

    /// Settles the name of the file. One that has an automatic name gets `remembered`, or a new one.
    ///
    /// # Errors
    /// When that file cannot be made.
    pub fn choose_path(&mut self, remembered: Option<BytePath>) -> Result<(), LogError> {
        self.file.choose_path(remembered)
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<&BytePath> {
        self.file.path()
    }

    /// Opens the file.
    ///
    /// # Errors
    /// When it cannot be opened. [`Journal::write`] tries again each time.
    pub fn open(&mut self) -> Result<(), LogError> {
        self.file.open()
    }

    /// Writes whole lines, each with its line end. The file gets them first. What an echo does not take at once,
    /// because nobody reads it, is not shown there.
    pub fn write(&mut self, lines: &[u8], told: &mut Vec<Told>) {
        let now = clock::now().wall;
        self.file.begin(told);
        self.file.make_room(lines.len(), now, told);
        let written = self.file.write(lines, now, told);
        self.file.overflow((lines.len() - written) as u64, told);
        if let Some(echo) = &mut self.echo
            && echo.seek_end().is_ok()
        {
            let mut rest = lines;
            while let Ok(written) = echo.write(rest)
                && written < rest.len()
            {
                rest = &rest[written..];
            }
        }
        if let Some(identity) = &self.syslog {
            syslog::send_lines_as(identity, lines);
        }
    }

    /// Opens the file of this name anew, after somebody has renamed the one that is open.
    ///
    /// # Errors
    /// When it cannot be opened; then the old one stays open.
    pub fn reopen(&mut self) -> Result<(), LogError> {
        self.file.reopen()
    }

    /// Removes the file and begins a new one.
    ///
    /// # Errors
    /// When it cannot be removed or not be made.
    pub fn clear(&mut self) -> Result<(), LogError> {
        self.file.clear()
    }
}

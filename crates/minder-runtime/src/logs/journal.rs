//! minder's own log.

use std::borrow::Cow;
use std::mem;

use minder_core::ids::BytePath;
use minder_core::plan::{Echo, JournalSpec};
use minder_core::time::WallTime;

use crate::clock;

use super::channel::Told;
use super::log_file::LogFile;
use super::syslog;
use super::target::Target;
use super::trouble::LogError;

/// How much room for waiting lines is kept when none wait, in bytes.
const WAITING_KEPT: usize = 4096;

/// minder's own log: a file, and beside it what watches as it grows.
#[derive(Debug)]
pub struct Journal {
    file: LogFile,
    echo: Option<Target>,
    syslog: Option<Box<str>>,
    /// Whole lines that are written with the next [`Journal::flush`].
    waiting: Vec<u8>,
    last_line: LastLine,
}

/// How the file ends, as far as we wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LastLine {
    Whole,
    /// There was room for a part of it only.
    Torn,
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
            waiting: Vec::new(),
            last_line: LastLine::Whole,
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

    /// Where it is and how many bytes were dropped, while it cannot be written.
    pub fn lost(&self) -> Option<(BytePath, u64)> {
        self.file.lost()
    }

    /// Opens the file.
    ///
    /// # Errors
    /// When it cannot be opened. [`Journal::write`] tries again each time.
    pub fn open(&mut self) -> Result<(), LogError> {
        self.file.open()
    }

    /// Takes whole lines, each with its line end, which are written together with others.
    pub fn write(&mut self, lines: &[u8]) {
        self.waiting.extend_from_slice(lines);
    }

    /// Writes the lines that wait. The file gets them first. What an echo does not take at once, because nobody reads it,
    /// is not shown there.
    pub fn flush(&mut self, told: &mut Vec<Told>) {
        if self.waiting.is_empty() {
            return;
        }
        let lines = mem::take(&mut self.waiting);
        let now = clock::now().wall;
        self.file.begin(told);
        if self.file.has_room_for(lines.len()) {
            self.put(&lines, now, told);
        } else {
            // Each goes where it would go if it had come alone.
            lines.split_inclusive(|&byte| byte == b'\n').for_each(|line| self.put(line, now, told));
        }
        // Its room is kept for the next lines, unless a storm has made it large.
        if lines.capacity() <= WAITING_KEPT {
            self.waiting = lines;
            self.waiting.clear();
        }
    }

    fn put(&mut self, lines: &[u8], now: WallTime, told: &mut Vec<Told>) {
        let text = match self.last_line {
            LastLine::Whole => Cow::Borrowed(lines),
            // The first line that fits again is to be one of its own.
            LastLine::Torn => Cow::Owned([b"\n", lines].concat()),
        };
        self.file.make_room(text.len(), now, told);
        let size = self.file.size();
        let written = self.file.write(&text, now, told);
        self.file.overflow((text.len() - written) as u64, told);
        self.last_line = match (self.file.is_failing(), self.file.size() == size) {
            (false, _) => LastLine::Whole,
            (true, false) => LastLine::Torn,
            (true, true) => self.last_line,
        };
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
    pub fn reopen(&mut self, told: &mut Vec<Told>) -> Result<(), LogError> {
        self.flush(told);
        self.file.reopen()
    }

    /// Removes the file and begins a new one.
    ///
    /// # Errors
    /// When it cannot be removed or not be made.
    pub fn clear(&mut self, told: &mut Vec<Told>) -> Result<(), LogError> {
        self.flush(told);
        self.file.clear()
    }
}

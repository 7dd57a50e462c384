//! What a program logs: lines in Kegbot's form, on standard output and into a file that begins anew at midnight.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::flags::Values;
use crate::shared_flags::{
    DAEMON, LOG_TO_FILE, LOG_TO_STDOUT, LOGFILE, LOGFORMAT, MAXIMUM_LOG_FILES, ROTATE_LOGS, VERBOSE,
};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For `--verbose`.
    Debug,
    /// What happens in the normal course of things.
    Info,
    /// What somebody should look at.
    Warning,
    /// What did not work.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// Where lines go. All the loggers of a program share it.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Sinks>>);

struct Sinks {
    format: String,
    least: Level,
    stdout: bool,
    file: Option<Daily>,
}

impl Log {
    /// As the flags have it.
    ///
    /// # Errors
    /// When the log file cannot be opened: a text that names it.
    pub fn open(flags: &Values) -> Result<Self, String> {
        let file = if flags.is_on(&LOG_TO_FILE) { Some(Daily::open(flags)?) } else { None };
        Ok(Self(Arc::new(Mutex::new(Sinks {
            format: flags.text(&LOGFORMAT).to_owned(),
            least: if flags.is_on(&VERBOSE) { Level::Debug } else { Level::Info },
            stdout: flags.is_on(&LOG_TO_STDOUT) && !flags.is_on(&DAEMON),
            file,
        }))))
    }

    /// One that nobody reads.
    #[must_use]
    pub fn silent() -> Self {
        let sinks = Sinks { format: String::new(), least: Level::Error, stdout: false, file: None };
        Self(Arc::new(Mutex::new(sinks)))
    }

    /// Lines with this name in them.
    #[must_use]
    pub fn logger(&self, name: impl Into<String>) -> Logger {
        Logger { log: self.clone(), name: name.into() }
    }
}

/// Lines with one name in them.
#[derive(Clone)]
pub struct Logger {
    log: Log,
    name: String,
}

impl Logger {
    /// Another one of the same log.
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        self.log.logger(name)
    }

    /// A line for `--verbose`.
    pub fn debug(&self, text: &str) {
        self.say(Level::Debug, text);
    }

    /// A line about the normal course of things.
    pub fn info(&self, text: &str) {
        self.say(Level::Info, text);
    }

    /// A line about what somebody should look at.
    pub fn warning(&self, text: &str) {
        self.say(Level::Warning, text);
    }

    /// A line about what did not work.
    pub fn error(&self, text: &str) {
        self.say(Level::Error, text);
    }

    /// A line that cannot be written is lost: there is no better place to tell it.
    pub fn say(&self, level: Level, text: &str) {
        let mut sinks = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        if level < sinks.least {
            return;
        }
        let now = Zoned::now();
        let line = line(&sinks.format, &now, level, &self.name, text);
        if sinks.stdout {
            let _ = io::stdout().write_all(line.as_bytes());
        }
        if let Some(file) = &mut sinks.file {
            file.write(&line, now.date());
        }
    }
}

/// A file that begins anew at midnight.
struct Daily {
    path: PathBuf,
    file: File,
    /// The day whose lines it holds; nothing if it never begins anew.
    day: Option<Date>,
    kept: usize,
}

impl Daily {
    fn open(flags: &Values) -> Result<Self, String> {
        let path = PathBuf::from(flags.text(&LOGFILE));
        let kept = flags.text(&MAXIMUM_LOG_FILES).parse().unwrap_or(0);
        let day = flags.is_on(&ROTATE_LOGS).then(|| Zoned::now().date());
        if day.is_some() {
            rotate(&path, kept);
        }
        match append_to(&path) {
            Ok(file) => Ok(Self { path, file, day, kept }),
            Err(error) => Err(format!("cannot write the log {}: {error}", path.display())),
        }
    }

    fn write(&mut self, line: &str, today: Date) {
        if self.day.is_some_and(|day| day < today) {
            rotate(&self.path, self.kept);
            // A file that cannot be made anew goes on as it is.
            if let Ok(file) = append_to(&self.path) {
                self.file = file;
            }
            self.day = Some(today);
        }
        let _ = self.file.write_all(line.as_bytes());
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Gives the file of an earlier day that day's name, and removes all but the newest `kept` of such files; 0 keeps all.
/// What fails leaves the file in use.
fn rotate(path: &Path, kept: usize) {
    let Ok(modified) = std::fs::metadata(path).and_then(|facts| facts.modified()) else { return };
    let Ok(modified) = Timestamp::try_from(modified) else { return };
    let day = modified.to_zoned(TimeZone::system()).date();
    if day >= Zoned::now().date() {
        return;
    }
    let (Some(name), Some(directory)) = (path.file_name(), path.parent()) else { return };
    let mut old_name = name.to_owned();
    old_name.push(format!(".{day}"));
    if std::fs::rename(path, directory.join(old_name)).is_err() || kept == 0 {
        return;
    }
    let mut old = old_files(directory, &name.to_string_lossy());
    old.sort_unstable();
    let surplus = old.len().saturating_sub(kept);
    for file in old.iter().take(surplus) {
        let _ = std::fs::remove_file(file);
    }
}

/// The files named like `NAME.YYYY-MM-DD`.
fn old_files(directory: &Path, name: &str) -> Vec<PathBuf> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let files = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let file = entry.file_name().into_string().ok()?;
        let day = file.strip_prefix(name)?.strip_prefix('.')?;
        day.parse::<Date>().ok().map(|_| entry.path())
    });
    files.collect()
}

/// One line by a template of Python's `logging`, of which four fields are known; the rest of it stays as it is.
#[must_use]
pub fn line(format: &str, at: &Zoned, level: Level, logger: &str, text: &str) -> String {
    let mut line = String::new();
    let mut rest = format;
    while let Some(start) = rest.find('%') {
        line.push_str(&rest[..start]);
        rest = &rest[start..];
        match field(rest) {
            Some((name, width, after)) => {
                let value = match name {
                    "asctime" => time(at),
                    "levelname" => level.name().to_owned(),
                    "name" => logger.to_owned(),
                    _ => text.to_owned(),
                };
                let columns = usize::from(width.unsigned_abs());
                line.push_str(&if width < 0 {
                    format!("{value:<columns$}")
                } else {
                    format!("{value:>columns$}")
                });
                rest = after;
            }
            None => {
                line.push('%');
                rest = &rest[1..];
            }
        }
    }
    line.push_str(rest);
    line.push('\n');
    line
}

/// `%(name)s` or `%(name)-8s` with a name that is known: the name, the width (negative: padded on the right), the rest.
fn field(text: &str) -> Option<(&str, i16, &str)> {
    let (name, rest) = text.strip_prefix("%(")?.split_once(')')?;
    let (width, after) = rest.split_once('s')?;
    let known = matches!(name, "asctime" | "levelname" | "name" | "message");
    let width = if width.is_empty() { 0 } else { width.parse().ok()? };
    known.then_some((name, width, after))
}

/// `2012-06-21 23:06:34,705`.
#[must_use]
pub fn time(at: &Zoned) -> String {
    format!("{},{:03}", at.strftime("%Y-%m-%d %H:%M:%S"), at.millisecond())
}

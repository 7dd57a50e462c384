//! What the launcher logs: lines in Kegbot's form, on standard output and into a file that begins anew at midnight.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::flags::{Flag, Values};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// For `--verbose`.
    Debug,
    Info,
    Warning,
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

/// Where lines go.
pub(crate) struct Log {
    format: String,
    least: Level,
    stdout: bool,
    file: Option<File>,
}

impl Log {
    /// As the flags have it.
    ///
    /// # Errors
    /// When the log file cannot be opened: a text that names it.
    pub(crate) fn open(flags: &Values) -> Result<Self, String> {
        let file = if flags.is_on(Flag::LogToFile) { Some(open_file(flags)?) } else { None };
        Ok(Self {
            format: flags.text(Flag::LogFormat).to_owned(),
            least: if flags.is_on(Flag::Verbose) { Level::Debug } else { Level::Info },
            stdout: flags.is_on(Flag::LogToStdout) && !flags.is_on(Flag::Daemon),
            file,
        })
    }

    pub(crate) fn info(&self, text: &str) {
        self.say(Level::Info, text);
    }

    pub(crate) fn warning(&self, text: &str) {
        self.say(Level::Warning, text);
    }

    pub(crate) fn error(&self, text: &str) {
        self.say(Level::Error, text);
    }

    /// A line that cannot be written is lost: there is no better place to tell it.
    pub(crate) fn say(&self, level: Level, text: &str) {
        if level < self.least {
            return;
        }
        let line = line(&self.format, &Zoned::now(), level, "master", text);
        if self.stdout {
            let _ = io::stdout().write_all(line.as_bytes());
        }
        if let Some(mut file) = self.file.as_ref() {
            let _ = file.write_all(line.as_bytes());
        }
    }
}

fn open_file(flags: &Values) -> Result<File, String> {
    let path = Path::new(flags.text(Flag::Logfile));
    if flags.is_on(Flag::RotateLogs) {
        rotate(path, flags.text(Flag::MaximumLogFiles).parse().unwrap_or(0));
    }
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| format!("cannot write the log {}: {error}", path.display()))
}

/// Gives the file of an earlier day that day's name, and removes all but the newest `kept` of such files; 0 keeps all.
/// The launcher never lives through a midnight that matters, so it looks only once. What fails leaves the file in use.
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
        day.parse::<jiff::civil::Date>().ok().map(|_| entry.path())
    });
    files.collect()
}

/// One line by a template of Python's `logging`, of which four fields are known; the rest of it stays as it is.
pub(crate) fn line(format: &str, at: &Zoned, level: Level, logger: &str, text: &str) -> String {
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
pub(crate) fn time(at: &Zoned) -> String {
    format!("{},{:03}", at.strftime("%Y-%m-%d %H:%M:%S"), at.millisecond())
}

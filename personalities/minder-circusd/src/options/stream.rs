//! Where output goes: the keys of `stdout_stream` and `stderr_stream`, and the sink that they describe.
//!
//! The original makes an object of the class and keeps the other keys; replies show the keys without the class. We keep both.

use super::exception::{Class, Exception};
use super::python;
use crate::ini::machine::Machine;
use serde_json::{Map, Value};

/// One of the two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StdStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl StdStream {
    /// `stdout` or `stderr`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// When a timed file is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RotateWhen {
    /// `S`
    Second,
    /// `M`
    Minute,
    /// `H`
    Hour,
    /// `D`
    Day,
    /// `MIDNIGHT`
    Midnight,
    /// `W0` (Monday) to `W6`.
    Weekday(u8),
}

/// The colours of a fancy stream; their order is that of the terminal's codes from 1 on.
pub const COLOURS: [&str; 7] = ["red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// What output is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// A file that is rotated by its size.
    File {
        /// The path; without one, a temporary file.
        filename: Option<String>,
        /// Bytes that the file stays below; zero or less is no limit.
        max_bytes: i64,
        /// How many older files are kept; zero or less is none, and then nothing is rotated.
        backup_count: i64,
        /// The `strftime` format before each line.
        time_format: Option<String>,
    },
    /// A file that somebody else rotates.
    WatchedFile {
        /// The path; without one, a temporary file.
        filename: Option<String>,
        /// The `strftime` format before each line.
        time_format: Option<String>,
    },
    /// A file that is rotated by the clock.
    TimedRotatingFile {
        /// The path; without one, a temporary file.
        filename: Option<String>,
        /// How many older files are kept; zero or less is all.
        backup_count: i64,
        /// The `strftime` format before each line.
        time_format: Option<String>,
        /// The unit of the period.
        when: RotateWhen,
        /// How many units a period has.
        interval: i64,
        /// Whether names are of UTC instead of local time.
        utc: bool,
    },
    /// The daemon's standard output.
    Stdout,
    /// The daemon's standard output, coloured and stamped.
    FancyStdout {
        /// The terminal's colour code from 1 (red) to 7 (white); `None` for one at random.
        colour: Option<u8>,
        /// The `strftime` format of the stamp.
        time_format: String,
    },
    /// Nowhere: the original keeps it in memory, where nobody reads it.
    Queue,
}

impl Sink {
    /// The path of its file, if it has one that was named.
    #[must_use]
    pub fn filename(&self) -> Option<&str> {
        match self {
            Self::File { filename, .. }
            | Self::WatchedFile { filename, .. }
            | Self::TimedRotatingFile { filename, .. } => filename.as_deref(),
            Self::Stdout | Self::FancyStdout { .. } | Self::Queue => None,
        }
    }

    /// The class that the original has for it.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::File { .. } => "FileStream",
            Self::WatchedFile { .. } => "WatchedFileStream",
            Self::TimedRotatingFile { .. } => "TimedRotatingFileStream",
            Self::Stdout => "StdoutStream",
            Self::FancyStdout { .. } => "FancyStdoutStream",
            Self::Queue => "QueueStream",
        }
    }
}

/// Whether anything is said about an output, the keys that were given, and what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// `None` is shown as null; the keys do not hold the class.
    keys: Option<Map<String, Value>>,
    sink: Option<Sink>,
}

impl StreamOptions {
    /// An output about which nothing is said: it goes where the daemon's goes.
    pub const ABSENT: Self = Self { keys: None, sink: None };

    /// The output that keys describe. Null and no keys are none, and are shown as they are.
    ///
    /// # Errors
    ///
    /// What the original raises for a class that it does not have, keys without class and file name, or a value that the
    /// class refuses.
    pub fn new(value: &Value) -> Result<Self, Exception> {
        let mut keys = match value {
            Value::Object(keys) => keys.clone(),
            Value::Null => return Ok(Self::ABSENT),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(Exception::of_type(format!(
                    "'{}' object is not a stream configuration",
                    python::type_name(value)
                )));
            }
        };
        if keys.is_empty() {
            return Ok(Self { keys: Some(keys), sink: None });
        }
        let class = match keys.shift_remove("class") {
            Some(class) => class_named(&class)?,
            None if keys.contains_key("filename") => "FileStream",
            None => return Err(Exception::value("stream configuration invalid")),
        };
        let sink = sink(class, &keys)?;
        Ok(Self { keys: Some(keys), sink: Some(sink) })
    }

    /// Where output goes, if not where the daemon's goes.
    #[must_use]
    pub fn sink(&self) -> Option<&Sink> {
        self.sink.as_ref()
    }

    /// Sees whether the file can be there, as the original does by opening it: its directory must exist, and it must not be
    /// one itself. Whoever may write to it is found out when it is opened.
    ///
    /// # Errors
    ///
    /// What the original raises; errno 4.
    pub fn check(&self, machine: &dyn Machine) -> Result<(), Exception> {
        let Some(filename) = self.sink.as_ref().and_then(Sink::filename) else { return Ok(()) };
        let refused =
            |why: &str| Err(Exception::new(Class::Os, format!("{why}: {}", python::repr_text(filename))));
        let directory = filename.rfind('/').map_or("", |slash| &filename[..=slash]);
        if filename.is_empty() || !directory.is_empty() && !machine.exists(&format!("{directory}.")) {
            return refused("[Errno 2] No such file or directory");
        }
        if machine.exists(&format!("{filename}/.")) {
            return refused("[Errno 21] Is a directory");
        }
        Ok(())
    }

    /// The keys as replies show them, or null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.keys.clone().map_or(Value::Null, Value::Object)
    }

    /// The keys with the class: [`StreamOptions::new`] makes the same of them.
    #[must_use]
    pub fn to_full_json(&self) -> Value {
        let Some(keys) = &self.keys else { return Value::Null };
        let mut keys = keys.clone();
        if let Some(sink) = &self.sink {
            keys.insert("class".to_owned(), Value::from(sink.class()));
        }
        Value::Object(keys)
    }

    /// The same output with one key changed. The class stays what it was unless it is what changes; the original forgets it.
    ///
    /// # Errors
    ///
    /// `TypeError` if nothing was said about the output before, else as [`StreamOptions::new`].
    pub fn with(&self, key: &str, value: &Value) -> Result<Self, Exception> {
        let Value::Object(mut keys) = self.to_full_json() else {
            return Err(Exception::of_type("'NoneType' object does not support item assignment"));
        };
        keys.insert(key.to_owned(), value.clone());
        Self::new(&Value::Object(keys))
    }
}

const CLASSES: [&str; 6] = [
    "FileStream",
    "WatchedFileStream",
    "TimedRotatingFileStream",
    "StdoutStream",
    "FancyStdoutStream",
    "QueueStream",
];

fn class_named(class: &Value) -> Result<&'static str, Exception> {
    let Value::String(written) = class else {
        let kind = python::type_name(class);
        let text = match class {
            Value::Array(_) | Value::Object(_) => format!("unhashable type: '{kind}'"),
            _ => format!("argument of type '{kind}' is not iterable"),
        };
        return Err(Exception::of_type(text));
    };
    let known = |name: &str| CLASSES.into_iter().find(|class| *class == name);
    if !written.contains('.') {
        return known(written).ok_or_else(|| Exception::new(Class::Key, python::repr_text(written)));
    }
    let name = ["circus.stream.file_stream.", "circus.stream."]
        .iter()
        .find_map(|module| written.strip_prefix(module));
    name.and_then(known).ok_or_else(|| no_module(written))
}

/// What the original says of a dotted name whose module is not there. We have no Python modules, so none is.
fn no_module(name: &str) -> Exception {
    let module = name.split(['.', ':']).next().unwrap_or_default();
    let text = format!(
        "import_string() failed for {}. Possible reasons are:\n\n- missing __init__.py in a package;\n- package or module \
         path not included in sys.path;\n- duplicated package or module name taking precedence in sys.path;\n- missing \
         module, class, function or variable;\n\nDebugged import:\n\n- {} not found.\n\nOriginal exception:\n\n\
         ModuleNotFoundError: No module named {}",
        python::repr_text(name),
        python::repr_text(module),
        python::repr_text(module)
    );
    Exception::new(Class::Import, text)
}

fn sink(class: &'static str, keys: &Map<String, Value>) -> Result<Sink, Exception> {
    let whole = |key: &str, default: i64| keys.get(key).map_or(Ok(default), python::int_of);
    let filename = || text(keys, "filename");
    let time_format = || text(keys, "time_format");
    Ok(match class {
        "FileStream" => Sink::File {
            filename: filename(),
            time_format: time_format(),
            max_bytes: whole("max_bytes", 0)?,
            backup_count: whole("backup_count", 0)?,
        },
        "WatchedFileStream" => Sink::WatchedFile { filename: filename(), time_format: time_format() },
        "TimedRotatingFileStream" => {
            whole("max_bytes", 0)?;
            let backup_count = whole("backup_count", 0)?;
            Sink::TimedRotatingFile {
                filename: filename(),
                backup_count,
                time_format: time_format(),
                when: rotate_when(keys.get("rotate_when").unwrap_or(&Value::Null))?,
                interval: whole("rotate_interval", 1)?,
                utc: keys.get("utc").is_some_and(python::truth),
            }
        }
        "StdoutStream" => Sink::Stdout,
        "FancyStdoutStream" => {
            let colour =
                text(keys, "color").and_then(|name| (1..).zip(COLOURS).find(|(_, known)| *known == name));
            let time_format = time_format().filter(|format| !format.is_empty());
            Sink::FancyStdout {
                colour: colour.map(|(code, _)| code),
                time_format: time_format.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned()),
            }
        }
        _ => Sink::Queue,
    })
}

fn text(keys: &Map<String, Value>, key: &str) -> Option<String> {
    keys.get(key).filter(|value| !value.is_null()).map(python::text)
}

fn rotate_when(when: &Value) -> Result<RotateWhen, Exception> {
    let Value::String(written) = when else {
        let text = format!("'{}' object has no attribute 'startswith'", python::type_name(when));
        return Err(Exception::new(Class::Attribute, text));
    };
    match written.as_str() {
        "S" => return Ok(RotateWhen::Second),
        "M" => return Ok(RotateWhen::Minute),
        "H" => return Ok(RotateWhen::Hour),
        "D" => return Ok(RotateWhen::Day),
        "MIDNIGHT" => return Ok(RotateWhen::Midnight),
        _ => {}
    }
    let Some(day) = written.strip_prefix('W') else {
        return Err(Exception::value(format!("Invalid rollover interval specified: {written}")));
    };
    let mut letters = day.chars();
    match (letters.next(), letters.next()) {
        (Some(day), None) => match day.to_digit(7).and_then(|day| u8::try_from(day).ok()) {
            Some(day) => Ok(RotateWhen::Weekday(day)),
            None => Err(Exception::value(format!("Invalid day specifiedfor weekly rollover: {written}"))),
        },
        _ => Err(Exception::value(format!(
            "You must specify a day for weeklyrollover from 0 to 6 (0 is Monday): {written}"
        ))),
    }
}

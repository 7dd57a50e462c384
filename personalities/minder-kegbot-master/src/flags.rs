//! The command line, by the rules of gflags 2.0: `--flag=value`, `--noflag`, unambiguous beginnings of names, and nothing
//! that begins with one dash but `-?`.
//!
//! ```text
//! words ─(--flagfile: lines of a file take its place)─▶ flag or first plain word ─▶ Values + the words that are left
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// A flag of the launcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// `--master_config`.
    MasterConfig,
    /// `--logfile_dir`.
    LogfileDir,
    /// `--pidfile_dir`.
    PidfileDir,
    /// `--daemon`.
    Daemon,
    /// `--pidfile`.
    Pidfile,
    /// `--verbose`.
    Verbose,
    /// `--logfile`.
    Logfile,
    /// `--log_to_file`.
    LogToFile,
    /// `--log_to_stdout`.
    LogToStdout,
    /// `--rotate_logs`.
    RotateLogs,
    /// `--maximum_log_files`.
    MaximumLogFiles,
    /// `--logformat`.
    LogFormat,
    /// `--help`.
    Help,
    /// `--helpshort`.
    HelpShort,
    /// `--helpxml`.
    HelpXml,
    /// `--flagfile`.
    FlagFile,
    /// `--undefok`.
    UndefOk,
}

/// What values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// On or off, and off by `--noNAME`.
    Switch,
    /// A whole number from zero on.
    Count,
}

/// Whose flag it is, which is how they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// The launcher's own.
    Master,
    /// Of every Kegbot program.
    App,
    /// Of every program that reads its command line like this.
    Gflags,
}

/// A flag in the listing.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Which.
    pub flag: Flag,
    /// Its name, without dashes.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Whose it is.
    pub module: Module,
    /// What holds without it.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// All of them, in the order of the listing.
pub const FLAGS: &[Definition] = &{
    use Flag as F;
    use Kind::{Count, Switch, Text};
    use Module::{App, Gflags, Master};
    [
        define(
            F::LogfileDir,
            "logfile_dir",
            Text,
            Master,
            "/var/log/kegbot",
            "Where programs keep their logs.",
        ),
        define(
            F::MasterConfig,
            "master_config",
            Text,
            Master,
            "/etc/kegbot/kegbot_master.cfg",
            "The file that describes the programs.",
        ),
        define(
            F::PidfileDir,
            "pidfile_dir",
            Text,
            Master,
            "/var/run/kegbot",
            "Where programs keep their pidfiles.",
        ),
        define(F::Daemon, "daemon", Switch, App, "false", "Run in the background."),
        define(F::LogToFile, "log_to_file", Switch, App, "false", "Log to the file that --logfile names."),
        define(
            F::LogToStdout,
            "log_to_stdout",
            Switch,
            App,
            "true",
            "Log to standard output; never with --daemon.",
        ),
        define(F::Logfile, "logfile", Text, App, "kegbot_master.log", "The file for --log_to_file."),
        define(
            F::LogFormat,
            "logformat",
            Text,
            App,
            "%(asctime)s %(levelname)-8s (%(name)s) %(message)s",
            "What a line of the log looks like.",
        ),
        define(
            F::MaximumLogFiles,
            "maximum_log_files",
            Count,
            App,
            "7",
            "How many old log files are kept; 0 keeps all.",
        ),
        define(F::Pidfile, "pidfile", Text, App, "", "The file for the program's own pid."),
        define(F::RotateLogs, "rotate_logs", Switch, App, "true", "Begin a new log file at midnight."),
        define(F::Verbose, "verbose", Switch, App, "false", "Log more."),
        define(F::FlagFile, "flagfile", Text, Gflags, "", "Read further flags from this file, one a line."),
        define(F::Help, "help", Switch, Gflags, "false", "Show this text."),
        define(F::HelpShort, "helpshort", Switch, Gflags, "false", "Show the program's own flags."),
        define(F::HelpXml, "helpxml", Switch, Gflags, "false", "Show this text as XML."),
        define(
            F::UndefOk,
            "undefok",
            Text,
            Gflags,
            "",
            "Names of unknown flags to bear with, between commas.",
        ),
    ]
};

const fn define(
    flag: Flag,
    name: &'static str,
    kind: Kind,
    module: Module,
    default: &'static str,
    about: &'static str,
) -> Definition {
    Definition { flag, name, kind, module, default, about }
}

/// What was given, and the defaults of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    given: BTreeMap<Flag, String>,
    verbose: Verbose,
}

/// What `--verbose` is when it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbose {
    /// The variable `VERBOSE` is set.
    ByEnvironment,
    /// It is not.
    No,
}

impl Values {
    /// The text of a flag. Of a switch: `true` or `false`.
    #[must_use]
    pub fn text(&self, flag: Flag) -> &str {
        if let Some(given) = self.given.get(&flag) {
            return given;
        }
        if flag == Flag::Verbose && self.verbose == Verbose::ByEnvironment {
            return "true";
        }
        FLAGS.iter().find(|definition| definition.flag == flag).map_or("", |definition| definition.default)
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, flag: Flag) -> bool {
        self.text(flag) == "true"
    }
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To run, with these words behind the flags.
    Run(Values, Vec<String>),
    /// For a help text.
    Help(Help),
}

/// Which help is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// All flags.
    Full,
    /// The launcher's own flags.
    Short,
    /// All flags, as XML.
    Xml,
}

/// What is wrong with a command line, in the words of gflags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagError {
    /// Nobody knows it. The name without dashes.
    Unknown(String),
    /// A letter behind one dash.
    Letter(char),
    /// It needs a value, and there is nothing behind it.
    NoArgument(&'static str),
    /// The value of a switch.
    NotBoolean(&'static str, String),
    /// The value of a count.
    NotAnInteger(&'static str, String),
    /// A count below zero.
    Negative(&'static str, i64),
    /// The file of `--flagfile` cannot be read: its name, and the reason with its number if there is one.
    FlagFile(String, Option<i32>, String),
}

impl fmt::Display for FlagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "Unknown command line flag '{name}'"),
            Self::Letter(letter) => write!(f, "option -{letter} not recognized"),
            Self::NoArgument(name) => write!(f, "option --{name} requires argument"),
            Self::NotBoolean(name, value) => {
                let shown = quoted(value);
                write!(f, "flag --{name}={value}: ('Non-boolean argument to boolean flag', {shown})")
            }
            Self::NotAnInteger(name, value) => {
                let shown = quoted(value);
                write!(f, "flag --{name}={value}: invalid literal for int() with base 10: {shown}")
            }
            Self::Negative(name, value) => {
                write!(f, "flag --{name}={value}: {value} is not a non-negative integer")
            }
            Self::FlagFile(file, number, reason) => {
                let number = number.map(|number| format!("[Errno {number}] ")).unwrap_or_default();
                write!(f, "ERROR:: Unable to open flagfile: {number}{reason}: {}", quoted(file))
            }
        }
    }
}

/// Text in quotes, as Python shows it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let escaped: String = text
        .chars()
        .map(|letter| match letter {
            '\\' => "\\\\".to_owned(),
            letter if letter == quote => format!("\\{letter}"),
            letter if letter.is_control() => letter.escape_default().to_string(),
            letter => letter.to_string(),
        })
        .collect();
    format!("{quote}{escaped}{quote}")
}

/// Reads flag files.
pub trait FlagFiles {
    /// The text of a file.
    ///
    /// # Errors
    /// The number of the reason, if it has one, and its words.
    fn read(&self, file: &str) -> Result<String, (Option<i32>, String)>;
}

/// Reads the words behind the program's name.
///
/// # Errors
/// The first thing that is wrong; an unknown flag only if nothing else is.
pub fn parse(words: &[String], verbose: Verbose, files: &dyn FlagFiles) -> Result<Asked, FlagError> {
    let values = Values { given: BTreeMap::new(), verbose };
    let mut parser = Parser {
        left: words.iter().cloned().collect(),
        values,
        unknown: Vec::new(),
        tolerated: BTreeSet::new(),
        files,
        seen: BTreeSet::new(),
    };
    while let Some(word) = parser.left.pop_front() {
        let help = match word.strip_prefix("--") {
            Some("") => break,
            Some(body) => parser.long(body)?,
            None if word.len() > 1 && word.starts_with('-') => parser.letters(&word[1..])?,
            None => {
                parser.left.push_front(word);
                break;
            }
        };
        if let Some(help) = help {
            return Ok(Asked::Help(help));
        }
    }
    match parser.unknown.into_iter().find(|name| !parser.tolerated.contains(name)) {
        Some(name) => Err(FlagError::Unknown(name)),
        None => Ok(Asked::Run(parser.values, parser.left.into())),
    }
}

struct Parser<'a> {
    left: VecDeque<String>,
    values: Values,
    unknown: Vec<String>,
    tolerated: BTreeSet<String>,
    files: &'a dyn FlagFiles,
    seen: BTreeSet<String>,
}

impl Parser<'_> {
    /// A word behind two dashes. A help flag that is on ends the reading.
    fn long(&mut self, body: &str) -> Result<Option<Help>, FlagError> {
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (body, None),
        };
        if value.is_none()
            && let Some((definition, on)) = bare_switch(name)
        {
            return self.set(definition, if on { "true" } else { "false" }.to_owned());
        }
        let Some(definition) = named(name) else {
            self.unknown.push(name.to_owned());
            return Ok(None);
        };
        let value = value.or_else(|| self.left.pop_front()).ok_or(FlagError::NoArgument(definition.name))?;
        self.set(definition, value)
    }

    /// Letters behind one dash: only the question mark means something.
    fn letters(&mut self, letters: &str) -> Result<Option<Help>, FlagError> {
        let mut all = letters.chars();
        match (all.next(), all.next()) {
            (Some('?'), _) => Ok(Some(Help::Full)),
            (Some(letter), None) => {
                self.unknown.push(letter.to_string());
                Ok(None)
            }
            (Some(letter), Some(_)) => Err(FlagError::Letter(letter)),
            (None, _) => Ok(None),
        }
    }

    fn set(&mut self, definition: &'static Definition, value: String) -> Result<Option<Help>, FlagError> {
        let value = checked(definition, value)?;
        match definition.flag {
            Flag::Help => return Ok((value == "true").then_some(Help::Full)),
            Flag::HelpShort => return Ok((value == "true").then_some(Help::Short)),
            Flag::HelpXml => return Ok((value == "true").then_some(Help::Xml)),
            Flag::FlagFile => self.include(&value)?,
            Flag::UndefOk => {
                for name in value.split(',') {
                    self.tolerated.extend([name.to_owned(), format!("no{name}")]);
                }
            }
            Flag::MasterConfig
            | Flag::LogfileDir
            | Flag::PidfileDir
            | Flag::Daemon
            | Flag::Pidfile
            | Flag::Verbose
            | Flag::Logfile
            | Flag::LogToFile
            | Flag::LogToStdout
            | Flag::RotateLogs
            | Flag::MaximumLogFiles
            | Flag::LogFormat => {}
        }
        self.values.given.insert(definition.flag, value);
        Ok(None)
    }

    /// Puts the lines of a file where its flag stood. A file is read once, or two could name each other for ever.
    fn include(&mut self, file: &str) -> Result<(), FlagError> {
        if file.is_empty() || !self.seen.insert(file.to_owned()) {
            return Ok(());
        }
        let text = self
            .files
            .read(file)
            .map_err(|(number, reason)| FlagError::FlagFile(file.to_owned(), number, reason))?;
        let lines = text.lines().filter(|line| !(line.starts_with('#') || line.starts_with("//")));
        let lines: Vec<String> =
            lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        lines.into_iter().rev().for_each(|line| self.left.push_front(line));
        Ok(())
    }
}

/// The switch that a word without a value turns on or off.
fn bare_switch(word: &str) -> Option<(&'static Definition, bool)> {
    let on = FLAGS.iter().map(|definition| (definition.name.to_owned(), definition, true));
    let switches = FLAGS.iter().filter(|definition| definition.kind == Kind::Switch);
    let off = switches.map(|definition| (format!("no{}", definition.name), definition, false));
    let all: Vec<_> = on.chain(off).filter(|(name, _, _)| name.starts_with(word)).collect();
    let exact = all.iter().find(|(name, _, _)| name == word);
    let (_, definition, on) = exact.or(if all.len() == 1 { all.first() } else { None })?;
    (definition.kind == Kind::Switch).then_some((*definition, *on))
}

/// The flag of this name, or the only one whose name begins so.
fn named(word: &str) -> Option<&'static Definition> {
    let mut all = FLAGS.iter().filter(|definition| definition.name.starts_with(word));
    if let Some(exact) = FLAGS.iter().find(|definition| definition.name == word) {
        return Some(exact);
    }
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

fn checked(definition: &'static Definition, value: String) -> Result<String, FlagError> {
    match definition.kind {
        Kind::Text => Ok(value),
        Kind::Switch => match value.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Ok("true".to_owned()),
            "false" | "f" | "0" => Ok("false".to_owned()),
            _ => Err(FlagError::NotBoolean(definition.name, value)),
        },
        Kind::Count => match value.trim().parse::<i64>() {
            Err(_) => Err(FlagError::NotAnInteger(definition.name, value)),
            Ok(number) if number < 0 => Err(FlagError::Negative(definition.name, number)),
            Ok(number) => Ok(number.to_string()),
        },
    }
}

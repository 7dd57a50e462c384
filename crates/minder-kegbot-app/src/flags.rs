//! The command line, by the rules of gflags 2.0: `--flag=value`, `--noflag`, unambiguous beginnings of names, and nothing
//! that begins with one dash but `-?`.
//!
//! ```text
//! words ─(--flagfile: lines of a file take its place)─▶ flag or first plain word ─▶ Values + the words that are left
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// More bytes than a file of flags is read for.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Words between commas.
    List,
    /// On or off, and off by `--noNAME`.
    Switch,
    /// A whole number from zero on.
    Count,
    /// A whole number from one on.
    Positive,
    /// A whole number from a least one on.
    AtLeast(i64),
    /// Any whole number.
    Integer,
    /// A number, which may be a fraction.
    Number,
    /// A number between two others, both allowed.
    Between(f64, f64),
}

/// A flag, as its program declares it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Definition {
    /// Its name, without dashes.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What holds without it.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

impl Definition {
    /// A flag.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Self {
        Self { name, kind, default, about }
    }
}

/// Flags that are listed together.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// The name above them.
    pub name: &'static str,
    /// They themselves, in the order of the listing.
    pub flags: &'static [Definition],
}

/// A program, as far as its command line is concerned. Besides what it names here it has the flags of [`crate::shared_flags`].
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name, without `.py`.
    pub name: &'static str,
    /// The name of its own lines in the log.
    pub root: &'static str,
    /// What it does, for `--help`.
    pub about: &'static str,
    /// The flags of the script itself, which are what `--helpshort` shows.
    pub own: &'static [Definition],
    /// The flags of what it is made of.
    pub modules: &'static [Module],
}

impl Program {
    /// Every flag that it knows.
    pub fn flags(&self) -> impl Iterator<Item = &'static Definition> + Clone + use<> {
        let modules = self.modules.iter().chain(&crate::shared_flags::MODULES);
        self.own.iter().chain(modules.flat_map(|module| module.flags))
    }
}

/// Defaults that only this machine, or this call, knows: the name of a flag, and what holds without it.
pub type Defaults = BTreeMap<&'static str, String>;

/// What was given, and the defaults of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    given: BTreeMap<&'static str, String>,
    defaults: Defaults,
}

impl Values {
    /// The text of a flag. Of a switch: `true` or `false`.
    #[must_use]
    pub fn text(&self, flag: &Definition) -> &str {
        let found = self.given.get(flag.name).or_else(|| self.defaults.get(flag.name));
        found.map_or(flag.default, String::as_str)
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, flag: &Definition) -> bool {
        self.text(flag) == "true"
    }

    /// Whether it was said, and does not only hold by default.
    #[must_use]
    pub fn is_given(&self, flag: &Definition) -> bool {
        self.given.contains_key(flag.name)
    }

    /// A whole number; 0 if the flag has none, which its kind rules out.
    #[must_use]
    pub fn integer(&self, flag: &Definition) -> i64 {
        self.text(flag).parse().unwrap_or_default()
    }

    /// A number; 0 if the flag has none, which its kind rules out.
    #[must_use]
    pub fn number(&self, flag: &Definition) -> f64 {
        self.text(flag).parse().unwrap_or_default()
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
    /// The script's own flags.
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
    /// The value of a whole number.
    NotAnInteger(&'static str, String),
    /// The value of a number.
    NotANumber(&'static str, String),
    /// A number out of its bounds, as Python shows it, and what it should have been.
    OutOfBounds(&'static str, String, String, String),
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
            Self::NotANumber(name, value) => {
                write!(f, "flag --{name}={value}: could not convert string to float: {value}")
            }
            Self::OutOfBounds(name, value, shown, wanted) => {
                write!(f, "flag --{name}={value}: {shown} is not {wanted}")
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

/// Flag files on the disk, `~/` in front of their names being the home directory.
pub struct Disk;

impl FlagFiles for Disk {
    fn read(&self, file: &str) -> Result<String, (Option<i32>, String)> {
        let home = file.strip_prefix("~/").zip(std::env::var_os("HOME"));
        let path = home.map_or_else(|| PathBuf::from(file), |(rest, home)| Path::new(&home).join(rest));
        let mut bytes = Vec::new();
        match File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)) {
            Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => Err((error.raw_os_error(), reason(&error))),
        }
    }
}

/// The system's words without the number that Rust puts behind them.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Reads the words behind the program's name.
///
/// # Errors
/// The first thing that is wrong; an unknown flag only if nothing else is.
pub fn parse(
    program: &Program,
    words: &[String],
    defaults: &Defaults,
    files: &dyn FlagFiles,
) -> Result<Asked, FlagError> {
    let values = Values { given: BTreeMap::new(), defaults: defaults.clone() };
    let mut parser = Parser {
        program,
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
    program: &'a Program,
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
            && let Some((definition, on)) = bare_switch(self.program, name)
        {
            return self.set(definition, if on { "true" } else { "false" }.to_owned());
        }
        let Some(definition) = named(self.program, name) else {
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
        match definition.name {
            "help" => return Ok((value == "true").then_some(Help::Full)),
            "helpshort" => return Ok((value == "true").then_some(Help::Short)),
            "helpxml" => return Ok((value == "true").then_some(Help::Xml)),
            "flagfile" => self.include(&value)?,
            "undefok" => {
                for name in value.split(',') {
                    self.tolerated.extend([name.to_owned(), format!("no{name}")]);
                }
            }
            _ => {}
        }
        self.values.given.insert(definition.name, value);
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
fn bare_switch(program: &Program, word: &str) -> Option<(&'static Definition, bool)> {
    let on = program.flags().map(|definition| (definition.name.to_owned(), definition, true));
    let switches = program.flags().filter(|definition| definition.kind == Kind::Switch);
    let off = switches.map(|definition| (format!("no{}", definition.name), definition, false));
    let all: Vec<_> = on.chain(off).filter(|(name, _, _)| name.starts_with(word)).collect();
    let exact = all.iter().find(|(name, _, _)| name == word);
    let (_, definition, on) = exact.or(if all.len() == 1 { all.first() } else { None })?;
    (definition.kind == Kind::Switch).then_some((*definition, *on))
}

/// The flag of this name, or the only one whose name begins so.
fn named(program: &Program, word: &str) -> Option<&'static Definition> {
    let mut all = program.flags().filter(|definition| definition.name.starts_with(word));
    if let Some(exact) = program.flags().find(|definition| definition.name == word) {
        return Some(exact);
    }
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

fn checked(definition: &'static Definition, value: String) -> Result<String, FlagError> {
    match definition.kind {
        Kind::Text | Kind::List => Ok(value),
        Kind::Switch => match value.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Ok("true".to_owned()),
            "false" | "f" | "0" => Ok("false".to_owned()),
            _ => Err(FlagError::NotBoolean(definition.name, value)),
        },
        Kind::Count => whole(definition, value, Some((0, "a non-negative integer"))),
        Kind::Positive => whole(definition, value, Some((1, "a positive integer"))),
        Kind::AtLeast(least) => {
            whole(definition, value, Some((least, &format!("an integer in the range [{least}, ]"))))
        }
        Kind::Integer => whole(definition, value, None),
        Kind::Number => real(definition, value, None),
        Kind::Between(least, most) => real(definition, value, Some((least, most))),
    }
}

fn whole(
    definition: &'static Definition,
    value: String,
    bound: Option<(i64, &str)>,
) -> Result<String, FlagError> {
    let Ok(number) = value.trim().parse::<i64>() else {
        return Err(FlagError::NotAnInteger(definition.name, value));
    };
    match bound {
        Some((least, wanted)) if number < least => {
            Err(FlagError::OutOfBounds(definition.name, value, number.to_string(), wanted.to_owned()))
        }
        Some(_) | None => Ok(number.to_string()),
    }
}

fn real(
    definition: &'static Definition,
    value: String,
    bounds: Option<(f64, f64)>,
) -> Result<String, FlagError> {
    let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let Some(number) = number else { return Err(FlagError::NotANumber(definition.name, value)) };
    match bounds {
        Some((least, most)) if number < least || number > most => {
            let wanted = format!("a number in the range [{least}, {most}]");
            Err(FlagError::OutOfBounds(definition.name, value, format!("{number:?}"), wanted))
        }
        Some(_) | None => Ok(number.to_string()),
    }
}

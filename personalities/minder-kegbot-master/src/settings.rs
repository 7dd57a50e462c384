//! The programs that a file describes: defaults put under its sections, references put in, switches understood.
//!
//! ```text
//! path ─read_file─▶ bytes ─read─▶ Ini ─(defaults, %(name)s, _enabled)─▶ Settings + every problem
//! ```

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use minder_config::{Problem, Severity, Sources, Span};

use crate::expand::{Expander, Raw, Values};
use crate::ini::{self, Entry, Section};

/// The longest file that is read, in bytes. Files of the field have two thousand.
pub const FILE_BYTES_MAX: u64 = 64 * 1024;

/// How many problems of a file are told.
pub const PROBLEMS_MAX: usize = 100;

/// Where programs keep what the file gives no place for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// For `%(_pidfile_dir)s`.
    pub pidfiles: String,
    /// For `%(_logfile_dir)s`.
    pub logfiles: String,
}

impl Default for Directories {
    fn default() -> Self {
        Self { pidfiles: "/var/run/kegbot".to_owned(), logfiles: "/var/log/kegbot".to_owned() }
    }
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The enabled programs, in the order of the file.
    pub apps: Vec<App>,
}

/// An enabled program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The name of its section.
    pub name: String,
    /// Where that name is.
    pub at: Span,
    /// What is executed, as it is given to the shell.
    pub program: String,
    /// Its settings by name, each a flag of the program. Values are as the shell is to see them, quotes included.
    pub flags: BTreeMap<String, Setting>,
}

/// One flag of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value with all references put in.
    pub value: String,
    /// Where it is set. `None`: it is a default of the launcher.
    pub at: Option<Span>,
}

impl App {
    /// The value of a flag; empty if there is none.
    #[must_use]
    pub fn value(&self, flag: &str) -> &str {
        self.flags.get(flag).map_or("", |setting| &setting.value)
    }

    /// The flags as words for the shell, in the order of text.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.flags.iter().map(|(name, setting)| flag_word(name, &setting.value)).collect();
        words.sort_unstable();
        words
    }

    /// The whole command, for the shell.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = vec![self.program.clone()];
        command.extend(self.words());
        command.join(" ")
    }
}

/// `--name=value`, or `--name` for an empty value.
pub(crate) fn flag_word(name: &str, value: &str) -> String {
    if value.is_empty() { format!("--{name}") } else { format!("--{name}={value}") }
}

/// A file that was read, well or not.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The file, for the places in problems.
    pub sources: Sources,
    /// What it says, as far as it can be understood.
    pub settings: Settings,
    /// All that is wrong, in the order of lines. With an error among them the settings must not be used.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Those problems for which the file is refused.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }
}

/// Reads a file. One that cannot be opened is empty, as it is for the original, but that is told by a warning.
#[must_use]
pub fn read_file(path: &Path, directories: &Directories) -> Reading {
    let name = path.display().to_string();
    match load(path) {
        Ok(bytes) => read(&name, &bytes, directories),
        Err(error) => {
            let problem = Problem::warning(format!("cannot read {name}: {error}; no program is enabled"))
                .with_hint(Some("name the file with --master_config=FILE".to_owned()));
            Reading { sources: Sources::new(), settings: Settings::default(), problems: vec![problem] }
        }
    }
}

/// The file's bytes, one more than allowed at most.
///
/// # Errors
/// When it cannot be opened, is no ordinary file, or cannot be read.
pub fn load(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Understands the text of a file; `name` is what messages call it.
#[must_use]
pub fn read(name: &str, bytes: &[u8], directories: &Directories) -> Reading {
    let mut sources = Sources::new();
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        let problem = Problem::error(format!("{name} is longer than {FILE_BYTES_MAX} bytes"))
            .with_hint(Some("is it a kegbot_master.cfg at all?".to_owned()));
        return Reading { sources, settings: Settings::default(), problems: vec![problem] };
    }
    let file = sources.add(name, bytes);
    let (ini, mut problems) = ini::parse(&sources, file);
    let mut settings = Settings::default();
    let mut reader = Reader { directories, defaults: &ini.defaults, expander: Expander::new() };
    for section in &ini.sections {
        match reader.app(section, &mut problems) {
            Ok(app) => settings.apps.extend(app),
            Err(exhausted) => {
                problems.push(*exhausted);
                break;
            }
        }
    }
    // One wrong default is wrong in every section, but has to be mended once.
    problems.sort_by_key(|problem| (problem.severity, problem.at.map(|at| at.start)));
    problems.dedup();
    problems.truncate(PROBLEMS_MAX);
    problems.sort_by_key(|problem| problem.at.map(|at| at.start));
    Reading { sources, settings, problems }
}

/// What the launcher puts under every section, beside the directories.
const DEFAULTS: [(&str, &str); 7] = [
    ("_enabled", "False"),
    ("_program_name", "%(__name__)s.py"),
    ("pidfile", "%(_pidfile_dir)s/%(__name__)s.pid"),
    ("logfile", "%(_logfile_dir)s/%(__name__)s.log"),
    ("daemon", "True"),
    ("log_to_stdout", "False"),
    ("log_to_file", "True"),
];

struct Reader<'a> {
    directories: &'a Directories,
    defaults: &'a BTreeMap<String, Entry>,
    expander: Expander,
}

impl Reader<'_> {
    /// The program of a section, if it is enabled and right. The error is that no more can be put in.
    fn app(&mut self, section: &Section, problems: &mut Vec<Problem>) -> Result<Option<App>, Box<Problem>> {
        let values = values(section, self.defaults, self.directories);
        let enabled = match self.expand("_enabled", &values)? {
            Err(problem) => {
                problems.push(*problem);
                None
            }
            Ok(text) => switch(&text).map_err(|()| problems.push(no_switch(&text, &values))).ok(),
        };
        let mut app = App {
            name: section.name.clone(),
            at: section.at,
            program: String::new(),
            flags: BTreeMap::new(),
        };
        for (name, raw) in &values {
            let wanted = *name == "_program_name" || !name.starts_with('_');
            if !wanted {
                continue;
            }
            match self.expand(name, &values)? {
                Ok(value) if *name == "_program_name" => app.program = value,
                Ok(value) => drop(app.flags.insert((*name).to_owned(), Setting { value, at: raw.at })),
                // The original does not look at what it does not run.
                Err(problem) if enabled == Some(false) => {
                    problems.push(Problem { severity: Severity::Warning, ..*problem });
                }
                Err(problem) => problems.push(*problem),
            }
        }
        Ok((enabled == Some(true)).then_some(app))
    }

    /// The inner error is the value's own; the outer one ends the reading.
    fn expand(
        &mut self,
        name: &str,
        values: &Values<'_>,
    ) -> Result<Result<String, Box<Problem>>, Box<Problem>> {
        let value = self.expander.value(name, values);
        match value {
            Err(problem) if self.expander.exhausted() => Err(problem),
            value => Ok(value),
        }
    }
}

fn values<'a>(
    section: &'a Section,
    defaults: &'a BTreeMap<String, Entry>,
    directories: &'a Directories,
) -> Values<'a> {
    let mut values = Values::new();
    let own = |text: &'a str| Raw { text, at: None };
    values.insert("_pidfile_dir", own(&directories.pidfiles));
    values.insert("_logfile_dir", own(&directories.logfiles));
    values.extend(DEFAULTS.iter().map(|(name, text)| (*name, own(text))));
    let written = |(name, entry): (&'a String, &'a Entry)| {
        (name.as_str(), Raw { text: &entry.value, at: Some(entry.value_at) })
    };
    values.extend(defaults.iter().map(written));
    values.insert("__name__", Raw { text: &section.name, at: Some(section.at) });
    values.extend(section.entries.iter().map(written));
    values
}

/// The words that switch on and off, in any letter case.
fn switch(text: &str) -> Result<bool, ()> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => Err(()),
    }
}

fn no_switch(text: &str, values: &Values<'_>) -> Problem {
    Problem::error(format!("Not a boolean: {text}"))
        .with_place(values.get("_enabled").and_then(|raw| raw.at))
        .with_subject("_enabled")
        .with_clash(text, "one of 1, yes, true, on, 0, no, false, off")
        .with_hint(Some("write `_enabled = True` or `_enabled = False`".to_owned()))
}

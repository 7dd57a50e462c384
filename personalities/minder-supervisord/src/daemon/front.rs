//! What supervisord does before it becomes the keeper: everything that can fail and has to be told on the terminal.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use minder_core::plan::Plan;

use super::opening::Opening;
use super::options::{self, Asked, Options, USAGE};
use super::{VERSION, privileges, servers};
use crate::conf::python::decode;
use crate::conf::types::LogLevel;
use crate::conf::{self, RealMachine, Settings, search};
use crate::reading::{self, Source};

/// Whether this is the first start of the process, or it starts afresh in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// The user has just started it.
    First,
    /// Everything had been stopped, and it begins again: limits and session are as they should be.
    Again,
}

/// What the front has made ready.
#[derive(Debug)]
pub struct Prepared {
    /// The reading of the configuration, for the mind.
    pub snapshot: Vec<u8>,
    /// What it asks for.
    pub plan: Plan,
    /// What is to be logged first.
    pub opening: Opening,
    /// The listening sockets of the servers: `server:0` and so on.
    pub sockets: Vec<(String, OwnedFd)>,
    /// Where the daemon's process id is to be written.
    pub pidfile: PathBuf,
    /// How to leave the terminal. `None`: it stays in the foreground.
    pub background: Option<Background>,
}

/// What becoming a daemon means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Background {
    /// Where to go.
    pub directory: Option<PathBuf>,
    /// File mode mask.
    pub umask: u32,
}

/// Does all that. The error is the exit status; what there is to say has been printed.
///
/// # Errors
/// When it is not to run: help was asked for, or something is wrong.
pub fn prepare(arguments: &[OsString], start: Start) -> Result<Prepared, ExitCode> {
    let words: Vec<String> = arguments.iter().map(|word| decode(word.as_bytes())).collect();
    let argv0 = search::program(words.first().map_or("supervisord", String::as_str), &RealMachine);
    let refuse = |text: String| {
        eprintln!("Error: {text}\nFor help, use {argv0} -h");
        ExitCode::from(2)
    };
    match options::parse(words.get(1..).unwrap_or_default(), &RealMachine).map_err(refuse)? {
        Asked::Help => {
            // A reader that closes early has seen enough.
            let _ = std::io::stdout().write_all(USAGE.as_bytes());
            Err(ExitCode::SUCCESS)
        }
        Asked::Version => {
            println!("{VERSION}");
            Err(ExitCode::SUCCESS)
        }
        Asked::Run(options) => run(&argv0, &words, &options, start).map_err(refuse),
    }
}

fn run(argv0: &str, words: &[String], options: &Options, start: Start) -> Result<Prepared, String> {
    let file = configuration(argv0, options)?;
    let source = Source { file, arguments: words.to_vec(), overrides: options.overrides.clone() };
    let (settings, snapshot) = reading::from_disk(&source, &conf::environment::Environment::default())?;
    let mut opening = Opening::default();
    let mut later = Opening::default();
    // The original logs its criticals first, then the warnings, then the rest, whatever order they came in.
    privileges::drop_privileges(settings.supervisord.user.as_ref(), &mut later)?;
    if start == Start::First {
        privileges::raise_limits(&settings.supervisord, &mut later)?;
    }
    let of = |wanted: LogLevel| later.lines().filter(move |(level, _)| *level == wanted);
    of(LogLevel::Critical).for_each(|(level, text)| opening.say(level, text));
    settings.parse_warnings.iter().for_each(|text| opening.say(LogLevel::Warn, text.as_str()));
    settings.parse_infos.iter().for_each(|text| opening.say(LogLevel::Info, text.as_str()));
    of(LogLevel::Info).for_each(|(level, text)| opening.say(level, text));
    try_log(&settings)?;
    if let Some(refusal) = settings.refused_at_start() {
        return Err(refusal);
    }
    let sockets = servers::open(&settings)?;
    announce_servers(&settings, &mut opening);
    let named = |(i, fd)| (format!("{}{i}", servers::HELD_PREFIX), fd);
    Ok(Prepared {
        snapshot,
        plan: reading::plan(&settings)?,
        sockets: sockets.into_iter().enumerate().map(named).collect(),
        pidfile: PathBuf::from(&settings.supervisord.pidfile),
        background: background(&settings, start, &mut opening),
        opening,
    })
}

fn configuration(argv0: &str, options: &Options) -> Result<String, String> {
    if let Some(file) = &options.configuration {
        return Ok(file.clone());
    }
    if rustix::process::getuid().is_root() {
        eprintln!("{}", search::ROOT_SEARCHES);
    }
    search::find(argv0, &RealMachine)
}

/// Tries whether the main log can be written, which the mind could tell nobody.
fn try_log(settings: &Settings) -> Result<(), String> {
    let file = &settings.supervisord.logfile;
    if file == "syslog" {
        return Ok(());
    }
    match std::fs::OpenOptions::new().append(true).create(true).open(file) {
        Ok(_) => Ok(()),
        // A reader of a pipe may come later.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => Ok(()),
        Err(error) => Err(format!("cannot open the log file {file}: {error}")),
    }
}

fn announce_servers(settings: &Settings, opening: &mut Opening) {
    let inet = settings.inet_servers.iter().map(|server| &server.access);
    let unix = settings.unix_servers.iter().map(|server| &server.access);
    for access in inet.chain(unix) {
        for interface in &settings.rpc_interfaces {
            opening.say(LogLevel::Info, format!("RPC interface '{}' initialized", interface.name));
        }
        if access.username.as_deref().unwrap_or_default().is_empty() {
            let section = &access.section;
            let text = format!("Server '{section}' running without any HTTP authentication checking");
            opening.say(LogLevel::Critical, text);
        }
    }
}

fn background(settings: &Settings, start: Start, opening: &mut Opening) -> Option<Background> {
    let section = &settings.supervisord;
    if section.nodaemon || start == Start::Again {
        return None;
    }
    opening.say(LogLevel::Info, "daemonizing the supervisord process");
    let directory = section.directory.as_ref().map(PathBuf::from);
    if let Some(directory) = directory.as_deref().filter(|directory| directory.is_dir()) {
        opening.say(LogLevel::Info, format!("set current directory: '{}'", directory.display()));
    }
    Some(Background { directory, umask: u32::try_from(section.umask & 0o7777).unwrap_or(0o022) })
}

impl Prepared {
    /// Writes the daemon's process id where others look for it. A failure is a line of the log, no more.
    pub fn write_pidfile(&mut self) {
        let pid = std::process::id();
        if std::fs::write(&self.pidfile, format!("{pid}\n")).is_err() {
            let text = format!("could not write pidfile {}", self.pidfile.display());
            self.opening.say(LogLevel::Critical, text);
        }
    }

    /// The directory of the configuration could not be entered; the daemon stays where it was.
    pub fn cannot_enter(&mut self, directory: Option<&Path>, error: &std::io::Error) {
        let directory = directory.unwrap_or(Path::new("/")).display();
        self.opening.say(LogLevel::Critical, format!("can't chdir into '{directory}': {error}"));
    }
}

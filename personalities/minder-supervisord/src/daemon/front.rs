//! What supervisord does before it becomes the keeper: everything that can fail and has to be told on the terminal.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use minder_core::ids::Errno;
use minder_core::plan::{GroupSocket, Plan};
use minder_core::time::{Instant, Now, WallTime};

use super::opening::Opening;
use super::options::{self, Asked, Options, USAGE};
use super::{VERSION, face, privileges, servers};
use crate::conf::python::decode;
use crate::conf::settings::Access;
use crate::conf::types::LogLevel;
use crate::conf::{self, RealMachine, Settings, search};
use crate::reading::{self, Source};
use crate::words::{no_group_socket, socket_url};

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
    /// The configuration file, from the root.
    pub file: PathBuf,
    /// The reading of the configuration, for the mind.
    pub snapshot: Vec<u8>,
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

/// Tries whether a socket of a group of this file can be opened.
pub type TrySocket = fn(&Path, &GroupSocket) -> Result<(), Errno>;

/// Why it is not to run.
enum Refusal {
    /// Something is wrong with the command line, the configuration or the system: status 2, and how to get help.
    Usage(String),
    /// What the original ends with a traceback for: status 1.
    Broken(String),
}

/// Does all that. The error is the exit status; what there is to say has been printed.
///
/// # Errors
/// When it is not to run: help was asked for, or something is wrong.
pub fn prepare(arguments: &[OsString], start: Start, try_socket: TrySocket) -> Result<Prepared, ExitCode> {
    let words: Vec<String> = arguments.iter().map(|word| decode(word.as_bytes())).collect();
    let argv0 = search::program(words.first().map_or("supervisord", String::as_str), &RealMachine);
    let refuse = |refusal| match refusal {
        Refusal::Usage(text) => {
            eprintln!("Error: {text}\nFor help, use {argv0} -h");
            ExitCode::from(2)
        }
        Refusal::Broken(text) => {
            eprintln!("Error: {text}");
            ExitCode::FAILURE
        }
    };
    let asked = options::parse(words.get(1..).unwrap_or_default(), &RealMachine);
    match asked.map_err(Refusal::Usage).map_err(refuse)? {
        Asked::Help => {
            // A reader that closes early has seen enough.
            let _ = std::io::stdout().write_all(USAGE.as_bytes());
            Err(ExitCode::SUCCESS)
        }
        Asked::Version => {
            println!("{VERSION}");
            Err(ExitCode::SUCCESS)
        }
        Asked::Run(options) => run(&argv0, &words, &options, start, try_socket).map_err(refuse),
    }
}

fn run(
    argv0: &str,
    words: &[String],
    options: &Options,
    start: Start,
    try_socket: TrySocket,
) -> Result<Prepared, Refusal> {
    let file = configuration(argv0, options).map_err(Refusal::Usage)?;
    let source = Source { file, arguments: words.to_vec(), overrides: options.overrides.clone() };
    let nothing = conf::environment::Environment::default();
    let (settings, snapshot) = reading::from_disk(&source, &nothing).map_err(Refusal::Usage)?;
    let file = std::path::absolute(&source.file).unwrap_or_else(|_| PathBuf::from(&source.file));
    let plan = reading::plan(&settings).map_err(Refusal::Usage)?;
    let mut opening = rights(&settings, start).map_err(Refusal::Usage)?;
    try_log(&settings).map_err(Refusal::Broken)?;
    let sockets = match open_sockets(&file, &settings, &plan, try_socket, &mut opening) {
        Ok(sockets) => sockets,
        Err(refusal) => {
            // The log is open for the original by now, so it has what was said so far.
            say_now(&settings, &opening);
            return Err(refusal);
        }
    };
    Ok(Prepared {
        file,
        snapshot,
        sockets: servers::named(sockets),
        pidfile: PathBuf::from(&settings.supervisord.pidfile),
        background: background(&settings, start, &mut opening),
        opening,
    })
}

/// Takes the rights the configuration asks for. The original logs its criticals first, then the warnings, then the
/// rest, whatever order they came in.
fn rights(settings: &Settings, start: Start) -> Result<Opening, String> {
    let mut said = Opening::default();
    privileges::drop_privileges(settings.supervisord.user.as_ref(), &mut said)?;
    if start == Start::First {
        privileges::raise_limits(&settings.supervisord, &mut said)?;
    }
    let of = |wanted: LogLevel| said.lines().filter(move |(level, _)| *level == wanted);
    let mut opening = Opening::default();
    of(LogLevel::Critical).for_each(|(level, text)| opening.say(level, text));
    settings.parse_warnings.iter().for_each(|text| opening.say(LogLevel::Warn, text.as_str()));
    settings.parse_infos.iter().for_each(|text| opening.say(LogLevel::Info, text.as_str()));
    of(LogLevel::Info).for_each(|(level, text)| opening.say(level, text));
    Ok(opening)
}

/// Tries the groups' sockets and opens the servers'.
fn open_sockets(
    file: &Path,
    settings: &Settings,
    plan: &Plan,
    try_socket: TrySocket,
    opening: &mut Opening,
) -> Result<Vec<OwnedFd>, Refusal> {
    for socket in plan.groups().iter().filter_map(|group| group.socket.as_ref()) {
        let url = socket_url(&socket.address);
        opening.say(LogLevel::Info, format!("Creating socket {url}"));
        try_socket(file, socket).map_err(|errno| Refusal::Broken(no_group_socket(&socket.address, errno)))?;
        opening.say(LogLevel::Info, format!("Closing socket {url}"));
    }
    let announce = |access: &Access| match settings.refused_at_start() {
        Some(refusal) => Err(refusal),
        None => {
            announce_server(settings, access, opening);
            Ok(())
        }
    };
    servers::open(settings, announce).map_err(Refusal::Usage)
}

/// Writes lines into the log at once.
fn say_now(settings: &Settings, opening: &Opening) {
    let lines = face::opening_lines(settings, opening, now());
    let file = std::fs::OpenOptions::new().append(true).open(&settings.supervisord.logfile);
    // There is nobody left to tell if even that fails.
    let _ = file.and_then(|mut file| file.write_all(&lines));
    if settings.supervisord.nodaemon && !settings.supervisord.silent {
        let _ = std::io::stdout().write_all(&lines);
    }
}

fn now() -> Now {
    Now { monotonic: Instant::default(), wall: WallTime(jiff::Timestamp::now().as_microsecond()) }
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

fn announce_server(settings: &Settings, access: &Access, opening: &mut Opening) {
    for interface in &settings.rpc_interfaces {
        opening.say(LogLevel::Info, format!("RPC interface '{}' initialized", interface.name));
    }
    if access.username.as_deref().unwrap_or_default().is_empty() {
        let section = &access.section;
        let text = format!("Server '{section}' running without any HTTP authentication checking");
        opening.say(LogLevel::Critical, text);
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

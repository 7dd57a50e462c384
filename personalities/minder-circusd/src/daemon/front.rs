//! What circusd does before it becomes the keeper: everything that can fail and has to be told on the terminal.
//!
//! The original leaves the terminal first, and then nobody reads what is wrong with the file. Here the parent ends when the
//! file has been read and every socket is open.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use minder_core::control::Ending;
use minder_core::ids::Errno;
use minder_core::plan::JournalSpec;
use minder_core::socket::{Sharing, SocketPlace, SocketSpec};
use minder_core::time::Now;
use minder_zmtp::Endpoint;

use super::kept::{Kept, Logging};
use super::options::{self, Asked, Options, Place};
use super::{CONTROL, ENDPOINT_PREFIX, PUBSUB, pidfile, reading};
use crate::arbiter::log::Level;
use crate::ini::{self, RealMachine, Settings};
use crate::lower::os_error;
use crate::options::identity;
use crate::plugins;
use crate::sockets;

/// What the front has made ready.
#[derive(Debug)]
pub struct Prepared {
    /// The file, from the root.
    pub file: PathBuf,
    /// What the daemon begins with, for the mind.
    pub snapshot: Vec<u8>,
    /// The sockets by what the keeper is to call them: the endpoints, and those that processes inherit.
    pub sockets: Vec<(String, OwnedFd)>,
    /// Where the daemon's pid is to be written.
    pub pidfile: Option<PathBuf>,
    /// Whether it leaves the terminal.
    pub place: Place,
    /// What is taken from the mode of files that the daemon makes. `None`: as it is.
    pub umask: Option<u32>,
}

/// What the front needs of the runtime.
#[derive(Clone, Copy)]
pub struct Machinery {
    /// Opens a socket that processes of the daemon of this file are to inherit.
    pub open: fn(&Path, &SocketSpec) -> Result<OwnedFd, Errno>,
    /// What the keeper calls such a socket.
    pub held_name: fn(&minder_core::ids::SocketName) -> Vec<u8>,
    /// Both clocks.
    pub clock: fn() -> Now,
    /// Writes lines where the daemon's log goes, before there is a daemon.
    pub write: fn(&JournalSpec, &[u8]),
}

/// Does all that. The error is the exit status; what there is to say has been printed.
///
/// # Errors
/// When it is not to run: help was asked for, or something is wrong.
pub fn prepare(arguments: &[OsString], start: Ending, machinery: Machinery) -> Result<Prepared, ExitCode> {
    match options::parse("circusd", arguments.get(1..).unwrap_or_default()) {
        Err(text) => {
            eprint!("{text}");
            Err(ExitCode::from(2))
        }
        Ok(Asked::Print(text)) => {
            // A reader that closes early has seen enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Err(ExitCode::SUCCESS)
        }
        Ok(Asked::Run(options)) => run(&options, start, machinery),
    }
}

fn run(options: &Options, start: Ending, machinery: Machinery) -> Result<Prepared, ExitCode> {
    let settings = read(&options.file)?;
    for plugin in &settings.plugins {
        plugins::check(&plugin.class).map_err(|reason| {
            eprintln!("circusd: {reason}");
            ExitCode::FAILURE
        })?;
    }
    let log = logging(options, &settings);
    let pidfile = options.pidfile.clone().or_else(|| settings.circus.pidfile.clone());
    let umask = settings.circus.umask.and_then(|umask| u32::try_from(umask).ok());
    if let Some(umask) = umask {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
    }
    if let Some(pidfile) = &pidfile
        && let Err(text) = pidfile::check(Path::new(pidfile))
    {
        println!("{text}");
        return Err(ExitCode::FAILURE);
    }
    let (mut kept, remarks) = reading::begin(&absolute(&options.file), &settings);
    kept.log = log;
    kept.pidfile = pidfile.clone();
    kept.remarks = remarks;
    if options.logger_config.is_some() || settings.circus.loggerconfig.is_some() {
        kept.remarks.push("loggerconfig is not used: the log goes where logoutput says".to_owned());
    }
    let file = PathBuf::from(absolute(&options.file));
    let sockets = open_all(&file, &kept, machinery).map_err(|text| {
        tell(&kept, machinery, &text);
        ExitCode::FAILURE
    })?;
    Ok(Prepared {
        file,
        snapshot: kept.encode(),
        sockets,
        pidfile: pidfile.map(PathBuf::from),
        // One that begins afresh has left it already.
        place: if start == Ending::Again { Place::Foreground } else { options.place },
        umask,
    })
}

fn read(file: &str) -> Result<Settings, ExitCode> {
    let reading = ini::read(file, &RealMachine);
    if !reading.faults.is_empty() {
        for problem in reading.faults.iter().map(|fault| &fault.problem) {
            eprintln!(
                "{}",
                minder_config::render_text(problem, &reading.sources, minder_config::Paint::Plain)
            );
        }
    }
    reading.accepted().map_err(|exception| {
        // Scripts look at the last line.
        eprintln!("{exception}");
        ExitCode::FAILURE
    })
}

/// Wherever the daemon goes, the file is read again from here.
fn absolute(file: &str) -> String {
    std::path::absolute(file).map_or_else(|_| file.to_owned(), |path| path.to_string_lossy().into_owned())
}

fn logging(options: &Options, settings: &Settings) -> Logging {
    let level = options.log_level.clone().or_else(|| settings.circus.loglevel.clone());
    let output = options.log_output.clone().or_else(|| settings.circus.logoutput.clone());
    Logging {
        level: level.as_deref().and_then(Level::of_word).unwrap_or(Level::Info),
        output: output.filter(|output| !output.is_empty()).unwrap_or_else(|| "-".to_owned()),
    }
}

fn open_all(file: &Path, kept: &Kept, machinery: Machinery) -> Result<Vec<(String, OwnedFd)>, String> {
    let mut sockets = Vec::new();
    let mut leftovers = Leftovers::default();
    for (name, address) in [(PUBSUB, &kept.circus.pubsub_endpoint), (CONTROL, &kept.circus.endpoint)] {
        let endpoint: Endpoint = address.parse().map_err(|error| format!("exception {error} caught"))?;
        let bound = endpoint.listen().map_err(|error| {
            let number = error.source.raw_os_error().unwrap_or(0);
            let text = os_error(Errno(number));
            let text = text.split_once("] ").map_or(text.as_str(), |(_, text)| text).to_owned();
            format!("exception {text} (addr='{address}') caught")
        })?;
        leftovers.0.extend(endpoint.path().map(Path::to_owned));
        sockets.push((format!("{ENDPOINT_PREFIX}{name}"), bound.socket));
    }
    give_away(kept)?;
    for socket in kept.sockets.iter().filter(|socket| socket.spec.sharing == Sharing::Common) {
        let opened = (machinery.open)(file, &socket.spec).map_err(|errno| refused(&socket.spec, errno))?;
        if let SocketPlace::File { path, .. } = &socket.spec.place {
            leftovers.0.push(PathBuf::from(crate::options::bytes::decode(path.as_bytes())));
        }
        let name = String::from_utf8_lossy(&(machinery.held_name)(&socket.spec.name)).into_owned();
        sockets.push((name, opened));
    }
    leftovers.0.clear();
    Ok(sockets)
}

/// Socket files that are removed again unless all sockets could be opened.
#[derive(Default)]
struct Leftovers(Vec<PathBuf>);

impl Drop for Leftovers {
    fn drop(&mut self) {
        for path in &self.0 {
            // It was made a moment ago.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The endpoint's file belongs to whom the file says.
fn give_away(kept: &Kept) -> Result<(), String> {
    let (Some(owner), Some(path)) =
        (&kept.circus.endpoint_owner, kept.circus.endpoint.strip_prefix("ipc://"))
    else {
        return Ok(());
    };
    let uid = identity::to_uid(&owner.as_str().into(), &RealMachine).map_err(|error| error.to_string())?;
    std::os::unix::fs::chown(path, Some(uid), None).map_err(|error| format!("{path}: {error}"))
}

fn refused(spec: &SocketSpec, errno: Errno) -> String {
    let location = sockets::location(spec);
    match &spec.place {
        SocketPlace::File { .. } if errno.0 == rustix::io::Errno::ADDRINUSE.raw_os_error() => format!(
            "{location} already exists. You might want to remove it. If it's a stalled socket file, just restart Circus"
        ),
        SocketPlace::File { .. } | SocketPlace::Port { .. } => {
            format!("Could not bind {location}\n{}", os_error(errno))
        }
    }
}

/// Says in the log, wherever that is, why there will be no daemon; and on the terminal, if the log is elsewhere.
fn tell(kept: &Kept, machinery: Machinery, text: &str) {
    let log = kept.log.log(std::process::id());
    if let Some(line) = log.line((machinery.clock)(), Level::Error, text) {
        (machinery.write)(&kept.log.journal(), &line);
        if kept.log.output != "-" {
            let _ = std::io::stderr().write_all(&line);
        }
    }
}

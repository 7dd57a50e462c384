//! One call of the launcher: its words, the file, its log, and the command.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use minder_config::{Paint, Severity, render_text};

use crate::background::{self, Side};
use crate::flags::{self, Asked, Flag, FlagFiles, Values, Verbose};
use crate::log::Log;
use crate::pidfile::Pidfile;
use crate::settings::{self, Directories, FILE_BYTES_MAX, Settings};
use crate::standing;
use crate::start::{Started, start};
use crate::stop::{Stopped, stop};
use crate::usage;

/// What can be asked of the launcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Start,
    Stop,
    Status,
    ConfigTest,
}

impl Command {
    /// Exactly one word is a command.
    fn of(words: &[String]) -> Option<Self> {
        match words {
            [word] => match word.as_str() {
                "start" => Some(Self::Start),
                "stop" => Some(Self::Stop),
                "status" => Some(Self::Status),
                "configtest" => Some(Self::ConfigTest),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Does what the command line says, and returns the exit status. `arguments` begins with the program's name.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    let mut words = arguments.iter().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_else(|| "kegbot_master.py".to_owned());
    let words: Vec<String> = words.collect();
    let verbose = match std::env::var_os("VERBOSE") {
        Some(_) => Verbose::ByEnvironment,
        None => Verbose::No,
    };
    let (flags, words) = match flags::parse(&words, verbose, &Disk) {
        Ok(Asked::Run(flags, words)) => (flags, words),
        Ok(Asked::Help(help)) => {
            say(&usage::help(help, &program));
            return 1;
        }
        Err(error) => {
            say(&usage::mistake(&error, &program));
            return 1;
        }
    };
    let Some(command) = Command::of(&words) else {
        complain(&format!("Usage: {program} <start|stop|status|configtest>\n"));
        return 1;
    };
    match read_settings(&flags) {
        Some(settings) => live(command, &settings, &flags, arguments),
        None => 1,
    }
}

/// The file, if it is in order. What is wrong has been said.
fn read_settings(flags: &Values) -> Option<Settings> {
    let directories = Directories {
        pidfiles: flags.text(Flag::PidfileDir).to_owned(),
        logfiles: flags.text(Flag::LogfileDir).to_owned(),
    };
    let reading = settings::read_file(Path::new(flags.text(Flag::MasterConfig)), &directories);
    for problem in &reading.problems {
        // Warnings about the text are for `minder check`; the original has none. That there is no file must be heard.
        if problem.severity == Severity::Error || problem.at.is_none() {
            complain(&render_text(problem, &reading.sources, Paint::Plain));
        }
    }
    let usable = reading.errors().next().is_none();
    usable.then_some(reading.settings)
}

/// The life of a program after its words are understood: log, background, pidfile, work.
fn live(command: Command, settings: &Settings, flags: &Values, arguments: &[OsString]) -> u8 {
    let log = match Log::open(flags) {
        Ok(log) => log,
        Err(reason) => {
            complain(&format!("{reason}\n"));
            return 1;
        }
    };
    if flags.is_on(Flag::Daemon) {
        match Side::of_this_process() {
            Side::Caller => {
                log.info("Daemon mode requested, switching to background.");
                return match background::leave(arguments) {
                    Ok(()) => 0,
                    Err(error) => {
                        complain(&format!("cannot go to the background: {error}\n"));
                        1
                    }
                };
            }
            Side::Background => {
                if let Err(error) = background::settle() {
                    log.error(&format!("cannot go to the background: {error}"));
                    return 1;
                }
                log.info("Running in background.");
            }
        }
    }
    let Ok(_pidfile) = Pidfile::write(flags.text(Flag::Pidfile), &log) else { return 1 };
    match command {
        Command::ConfigTest => say(&config_test(settings)),
        Command::Status => say(&status(settings)),
        Command::Start => match start(settings, &search_path(arguments.first()), &log) {
            Started::All => {}
            Started::NotAll => return 1,
        },
        Command::Stop => match stop(settings, &log) {
            Stopped::All => {}
            Stopped::NotAll => return 1,
        },
    }
    0
}

/// What `configtest` prints.
#[must_use]
pub fn config_test(settings: &Settings) -> String {
    let mut text = "# These are the commands that would be executed on start:\n\n".to_owned();
    for app in &settings.apps {
        let mut words = vec![app.program.clone()];
        words.extend(app.words());
        let _ = write!(text, "# {}\n{}\n\n", app.name, words.join(" \\\n    "));
    }
    text
}

fn status(settings: &Settings) -> String {
    let mut text = "Status:\n".to_owned();
    for app in &settings.apps {
        let standing = standing::of_pidfile(app.value("pidfile"));
        let _ = writeln!(text, "{:>24} : {}", app.name, standing.words());
    }
    text
}

/// Where programs are looked for: as ever, then beside the launcher, by the name it was called by. A launcher that was
/// found by the search path itself adds nothing to it.
pub(crate) fn search_path(called: Option<&OsString>) -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let beside = called.map(Path::new).filter(|name| name.as_os_str().as_encoded_bytes().contains(&b'/'));
    if let Some(directory) = beside.and_then(Path::parent) {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        path.push(OsStr::new(":"));
        path.push(here.join(directory));
    }
    path
}

/// Flag files on the disk, `~/` in front of their names being the home directory.
struct Disk;

impl FlagFiles for Disk {
    fn read(&self, file: &str) -> Result<String, (Option<i32>, String)> {
        let home = file.strip_prefix("~/").zip(std::env::var_os("HOME"));
        let path = home.map_or_else(|| PathBuf::from(file), |(rest, home)| Path::new(&home).join(rest));
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
        match read {
            Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => Err((error.raw_os_error(), reason(&error))),
        }
    }
}

/// The system's words without the number that Rust puts behind them.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// A reader that went away is not told.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

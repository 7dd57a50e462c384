//! One call of the launcher: its words, the file, its log, and the command.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use minder_config::{Paint, Severity, render_text};

use minder_kegbot_app::application::Application;
use minder_kegbot_app::flags::{Defaults, Values};
use minder_kegbot_app::standing;

use crate::flags::{LOGFILE_DIR, MASTER_CONFIG, PIDFILE_DIR, PROGRAM};
use crate::settings::{self, Directories, Settings};
use crate::start::{Started, start};
use crate::stop::{Stopped, stop};

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
    let understood = match Application::understand(&PROGRAM, arguments, Defaults::new()) {
        Ok(understood) => understood,
        Err(status) => return status,
    };
    let Some(command) = Command::of(&understood.words) else {
        complain(&format!("Usage: {} <start|stop|status|configtest>\n", understood.called));
        return 1;
    };
    let Some(settings) = read_settings(&understood.flags) else { return 1 };
    match Application::settled(&PROGRAM, understood, arguments) {
        Ok(application) => work(command, &settings, &application, arguments),
        Err(status) => status,
    }
}

/// The file, if it is in order. What is wrong has been said.
fn read_settings(flags: &Values) -> Option<Settings> {
    let directories = Directories {
        pidfiles: flags.text(&PIDFILE_DIR).to_owned(),
        logfiles: flags.text(&LOGFILE_DIR).to_owned(),
    };
    let reading = settings::read_file(Path::new(flags.text(&MASTER_CONFIG)), &directories);
    for problem in &reading.problems {
        // Warnings about the text are for `minder check`; the original has none. That there is no file must be heard.
        if problem.severity == Severity::Error || problem.at.is_none() {
            complain(&render_text(problem, &reading.sources, Paint::Plain));
        }
    }
    let usable = reading.errors().next().is_none();
    usable.then_some(reading.settings)
}

fn work(command: Command, settings: &Settings, application: &Application, arguments: &[OsString]) -> u8 {
    let log = application.main_logger();
    let Ok(_pidfile) = application.pidfile(&log) else { return 1 };
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

/// A reader that went away is not told.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

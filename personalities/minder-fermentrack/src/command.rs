//! What the script was asked to do, what it says, and the status with which it ends.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use minder_zmtp::{Endpoint, EndpointError};

use crate::crontab::{self, Entry};
use crate::launch::{self, Outcome};
use crate::layout::{self, Layout};
use crate::manager::{self, Answer, AskError, Reply};
use crate::{endpoint, hold, lock, text};

/// The status of circusctl when the daemon refuses.
const REFUSED: u8 = 3;
/// That of the original without a virtual environment: −1, as the shell cuts it.
const NO_VIRTUALENV: u8 = 255;

/// Runs the script. `arguments` begins with its name; `circusd` is the executable that `start` runs under that name.
#[must_use]
pub fn run(arguments: Vec<OsString>, circusd: PathBuf) -> ExitCode {
    let mut words = arguments.into_iter();
    let argv0 = words.next().unwrap_or_else(|| layout::SCRIPT.into());
    let called = layout::called_by(&argv0, std::env::var_os("PATH").as_deref());
    let Some(action) = Action::of(words) else {
        say(text::usage(&called.to_string_lossy()));
        return ExitCode::SUCCESS;
    };
    let Some(layout) = Layout::of_this_user() else {
        complain("the home directory is unknown; set HOME");
        return ExitCode::FAILURE;
    };
    let script = Script { layout, called, circusd };
    match action {
        Action::Start => script.start(),
        Action::Stop(Afterwards::CronStartsIt) => script.stop(),
        Action::Stop(Afterwards::StayDown) => script.stop_and_hold(),
        Action::StopMisspelt(option) => {
            complain(format_args!("stop: unknown option {option:?}; the only one is --hold"));
            ExitCode::FAILURE
        }
        Action::Status => script.status(),
        Action::StartIfStopped => script.start_if_stopped(),
        Action::AddToCron => script.add_to_cron(),
    }
}

enum Action {
    Start,
    Stop(Afterwards),
    /// An option that may have been meant to be `--hold`: nobody is to believe that it holds.
    StopMisspelt(OsString),
    Status,
    StartIfStopped,
    AddToCron,
}

/// What is to happen after a stop.
enum Afterwards {
    CronStartsIt,
    StayDown,
}

impl Action {
    /// Only the first word counts, as in the original, save for `stop`. `None`: there is no such action.
    fn of(mut words: impl Iterator<Item = OsString>) -> Option<Self> {
        let action = words.next()?;
        let option = words.next().filter(|word| word.as_encoded_bytes().starts_with(b"-"));
        Some(match action.to_str()? {
            "start" => Self::Start,
            "stop" => match option {
                None => Self::Stop(Afterwards::CronStartsIt),
                Some(option) if option == "--hold" => Self::Stop(Afterwards::StayDown),
                Some(option) => Self::StopMisspelt(option),
            },
            "status" => Self::Status,
            "startifstopped" => Self::StartIfStopped,
            "add2cron" => Self::AddToCron,
            _ => return None,
        })
    }
}

struct Script {
    layout: Layout,
    called: PathBuf,
    circusd: PathBuf,
}

impl Script {
    fn start(&self) -> ExitCode {
        if !self.layout.has_virtualenv() {
            say(text::NO_VIRTUALENV);
            return ExitCode::from(NO_VIRTUALENV);
        }
        if let Err(error) = hold::release(&self.layout) {
            complain(format_args!("cannot remove {}: {error}", self.layout.hold().display()));
        }
        begin(format_args!("Starting {}", text::NAME));
        let endpoint = self.own_endpoint();
        let listens = endpoint.as_ref().map(Endpoint::to_string).unwrap_or_default();
        say(match launch::start(&self.circusd, &self.layout, endpoint) {
            Ok(Outcome::Started) => text::DONE,
            Ok(Outcome::Running) => text::RUNNING,
            Ok(Outcome::Held) => {
                let lock = self.layout.lock();
                complain(format_args!(
                    "{} is locked, though nothing listens at {listens} yet",
                    lock.display()
                ));
                text::RUNNING
            }
            Ok(Outcome::Silent) => {
                complain(format_args!("what listens at {listens} does not answer, so nothing was started"));
                text::FAILED
            }
            // It has said why.
            Ok(Outcome::Refused) => text::FAILED,
            Err(error) => {
                complain(error);
                text::FAILED
            }
        });
        // The original ends with 0 whatever came of it.
        ExitCode::SUCCESS
    }

    fn stop(&self) -> ExitCode {
        begin(format_args!("Stopping {}", text::NAME));
        self.tell("quit", |_| {
            if let Err(error) = lock::note_stop(&self.layout.lock()) {
                complain(format_args!("cannot write {}: {error}", self.layout.lock().display()));
            }
            "ok".to_owned()
        })
    }

    /// The mark comes first: cron may look between the two.
    fn stop_and_hold(&self) -> ExitCode {
        if let Err(error) = hold::set(&self.layout) {
            let mark = self.layout.hold();
            complain(format_args!("cannot create {}: {error}; nothing was stopped", mark.display()));
            return ExitCode::FAILURE;
        }
        self.stop()
    }

    fn status(&self) -> ExitCode {
        self.tell("status", Reply::status_lines)
    }

    fn start_if_stopped(&self) -> ExitCode {
        if hold::is_set(&self.layout) {
            return ExitCode::SUCCESS;
        }
        match self.ask("status") {
            Ok(Answer::Reply(_)) => ExitCode::SUCCESS,
            Ok(Answer::Silent | Answer::Absent) => self.start(),
            Err(error) => {
                complain(error);
                ExitCode::FAILURE
            }
        }
    }

    fn add_to_cron(&self) -> ExitCode {
        say(text::CHECKING_CRON);
        let added = crontab::read().and_then(|table| {
            let missing = crontab::missing(&table);
            if !missing.is_empty() {
                let script = layout::for_cron(&self.called, &self.layout);
                crontab::write(&crontab::with(table, &missing, &script))?;
            }
            Ok(missing)
        });
        match added {
            Ok(entries) => {
                for entry in entries {
                    say(match entry {
                        Entry::Reboot => text::ADDING_REBOOT,
                        Entry::Periodic => text::ADDING_PERIODIC,
                    });
                }
                ExitCode::SUCCESS
            }
            Err(error) => {
                complain(error);
                ExitCode::FAILURE
            }
        }
    }

    /// What circusctl does: asks, prints what came, ends with its status.
    fn tell(&self, command: &str, words: impl FnOnce(&Reply) -> String) -> ExitCode {
        match self.ask(command) {
            Ok(Answer::Reply(reply)) => match reply.refusal() {
                None => {
                    say(words(&reply));
                    ExitCode::SUCCESS
                }
                Some(reason) => {
                    let _ = writeln!(io::stderr(), "error: {reason}");
                    ExitCode::from(REFUSED)
                }
            },
            Ok(Answer::Silent | Answer::Absent) => {
                let _ = io::stderr().write_all(text::TIMED_OUT.as_bytes());
                ExitCode::FAILURE
            }
            Err(error) => {
                complain(error);
                ExitCode::FAILURE
            }
        }
    }

    /// Asks whom circusctl would ask, which looks into the environment first.
    fn ask(&self, command: &str) -> Result<Answer, AskError> {
        let endpoint = match std::env::var("CIRCUSCTL_ENDPOINT") {
            Ok(text) => endpoint::reachable(&text),
            Err(_) => self.own_endpoint(),
        };
        manager::ask(&endpoint.map_err(AskError::Address)?, command)
    }

    /// Where the daemon of this configuration listens. Without a file it will not come up at all.
    fn own_endpoint(&self) -> Result<Endpoint, EndpointError> {
        let file = std::fs::read(self.layout.configuration()).unwrap_or_default();
        endpoint::of_configuration(&String::from_utf8_lossy(&file), |name| std::env::var(name).ok())
    }
}

/// A line on standard output. There is nobody to tell if it cannot be written.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The beginning of a line, shown before the rest is known.
fn begin(words: impl Display) {
    let mut out = io::stdout();
    let _ = write!(out, "{words}").and_then(|()| out.flush());
}

fn complain(problem: impl Display) {
    let _ = writeln!(io::stderr(), "{}: {problem}", layout::SCRIPT);
}

//! The life of a program, from its command line to its pidfile.

use std::ffi::OsString;
use std::io::{self, Write as _};

use crate::background::{self, Side};
use crate::flags::{self, Asked, Defaults, Disk, Program, Values};
use crate::log::{Log, Logger};
use crate::pidfile::{Pidfile, Refused};
use crate::shared_flags::{DAEMON, LOGFILE, PIDFILE, VERBOSE, log_file};
use crate::usage;

/// A command line that is understood.
pub struct Understood {
    /// Its flags.
    pub flags: Values,
    /// The words behind them.
    pub words: Vec<String>,
    /// The name that the program was called by.
    pub called: String,
}

/// A program whose command line is understood, and which is where it should be: in the background, if it was asked for.
pub struct Application {
    /// The name it was called by.
    pub called: String,
    /// Its flags.
    pub flags: Values,
    /// The words behind the flags.
    pub words: Vec<String>,
    /// Where it logs.
    pub log: Log,
    /// The name of its own lines.
    root: &'static str,
}

impl Application {
    /// Reads the command line, opens the log, and goes to the background if asked to. `defaults` is what holds without a
    /// flag on this machine. `arguments` begins with the name that the program was called by.
    ///
    /// # Errors
    /// The exit status, when there is nothing left to do: help was asked for, a flag is wrong, or this is the process that
    /// only started the one in the background. All has been said.
    pub fn begin(program: &Program, arguments: &[OsString], defaults: Defaults) -> Result<Self, u8> {
        let understood = Self::understand(program, arguments, defaults)?;
        Self::settled(program, understood, arguments)
    }

    /// The first half of [`Self::begin`].
    ///
    /// # Errors
    /// The exit status, when help was asked for or a flag is wrong. It has been said.
    pub fn understand(
        program: &Program,
        arguments: &[OsString],
        defaults: Defaults,
    ) -> Result<Understood, u8> {
        let mut words = arguments.iter().map(|word| word.to_string_lossy().into_owned());
        let called = words.next().unwrap_or_else(|| program.name.to_owned());
        let words: Vec<String> = words.collect();
        match flags::parse(program, &words, &of_this_call(program, defaults), &Disk) {
            Ok(Asked::Run(flags, words)) => Ok(Understood { flags, words, called }),
            Ok(Asked::Help(help)) => {
                say(&usage::help(program, help, &called));
                Err(1)
            }
            Err(error) => {
                say(&usage::mistake(program, &error, &called));
                Err(1)
            }
        }
    }

    /// The second half: the log, and the background.
    ///
    /// # Errors
    /// The exit status, when there is no log, or this is the process that only started the one in the background.
    pub fn settled(program: &Program, understood: Understood, arguments: &[OsString]) -> Result<Self, u8> {
        let Understood { flags, words, called } = understood;
        let log = Log::open(&flags).map_err(|reason| {
            complain(&format!("{reason}\n"));
            1
        })?;
        let application = Self { called, flags, words, log, root: program.root };
        application.settle(arguments)?;
        Ok(application)
    }

    /// The logger of the program itself.
    #[must_use]
    pub fn main_logger(&self) -> Logger {
        self.log.logger(self.root)
    }

    /// Writes the pidfile that was asked for, if any.
    ///
    /// # Errors
    /// When there can be none. The reason has been logged.
    pub fn pidfile(&self, log: &Logger) -> Result<Pidfile, Refused> {
        Pidfile::write(self.flags.text(&PIDFILE), log)
    }

    fn settle(&self, arguments: &[OsString]) -> Result<(), u8> {
        if !self.flags.is_on(&DAEMON) {
            return Ok(());
        }
        let log = self.main_logger();
        match Side::of_this_process() {
            Side::Caller => {
                log.info("Daemon mode requested, switching to background.");
                match background::leave(arguments) {
                    Ok(()) => Err(0),
                    Err(error) => {
                        complain(&format!("cannot go to the background: {error}\n"));
                        Err(1)
                    }
                }
            }
            Side::Background => match background::settle() {
                Ok(()) => {
                    log.info("Running in background.");
                    Ok(())
                }
                Err(error) => {
                    log.error(&format!("cannot go to the background: {error}"));
                    Err(1)
                }
            },
        }
    }
}

/// What holds in this call: the log is named after the program, and `VERBOSE` in the environment is the flag.
fn of_this_call(program: &Program, mut defaults: Defaults) -> Defaults {
    defaults.insert(LOGFILE.name, log_file(program));
    if std::env::var_os("VERBOSE").is_some() {
        defaults.insert(VERBOSE.name, "true".to_owned());
    }
    defaults
}

/// A reader that went away is not told.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

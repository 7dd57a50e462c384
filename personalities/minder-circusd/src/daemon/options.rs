//! circusd's command line.

use std::ffi::OsString;

use crate::companion::arguments::{Grammar, Stop, Takes};

/// What the command line asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// A daemon.
    Run(Options),
    /// The text to print, and nothing more.
    Print(String),
}

/// A daemon as the command line has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The configuration file.
    pub file: String,
    /// How much is logged; in lower case.
    pub log_level: Option<String>,
    /// Where that goes.
    pub log_output: Option<String>,
    /// A configuration of Python's logging, which is not read.
    pub logger_config: Option<String>,
    /// Whether it leaves the terminal.
    pub place: Place,
    /// Where its pid is written.
    pub pidfile: Option<String>,
}

/// Where the daemon runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Where it was started.
    Foreground,
    /// Away from the terminal.
    Background,
}

const GRAMMAR: Grammar = Grammar {
    usage: "usage: {program} [-h]
               [--log-level {critical,error,warning,info,debug,CRITICAL,ERROR,WARNING,INFO,DEBUG}]
               [--log-output LOGOUTPUT] [--logger-config LOGGERCONFIG]
               [--daemon] [--pidfile PIDFILE] [--version]
               [config]
",
    help: "
Looks after the watchers of a file.

positional arguments:
  config                the file

options:
  -h, --help            shows this, and ends
  --log-level {critical,error,warning,info,debug,CRITICAL,ERROR,WARNING,INFO,DEBUG}
                        how much is logged (info)
  --log-output LOGOUTPUT
                        the file that is logged to; - is standard error, as is
                        no answer at all
  --logger-config LOGGERCONFIG
                        a configuration of Python's logging: accepted, but not
                        used
  --daemon              leave the terminal
  --pidfile PIDFILE     write the process id there
  --version             print the version of Circus that this is like, and end
",
    options: &[
        ("log-level", Takes::Value),
        ("log-output", Takes::Value),
        ("logger-config", Takes::Value),
        ("daemon", Takes::Nothing),
        ("pidfile", Takes::Value),
        ("version", Takes::Nothing),
    ],
    positional_max: 1,
};

const LEVELS: [&str; 5] = ["critical", "error", "warning", "info", "debug"];

/// Reads the words behind the program's name.
///
/// # Errors
/// What is wrong with them: the usage and one line more, for standard error. The status is 2.
pub fn parse(program: &str, words: &[OsString]) -> Result<Asked, String> {
    let usage = GRAMMAR.usage(program);
    let wrong = |text: &str| format!("{usage}{program}: error: {text}\n");
    let arguments = match GRAMMAR.parse(words) {
        Ok(arguments) => arguments,
        Err(Stop::Help) => return Ok(Asked::Print(format!("{usage}{}", GRAMMAR.help))),
        Err(Stop::Wrong(text)) => return Err(wrong(&text)),
    };
    let level = arguments.value("log-level").map(str::to_owned);
    if let Some(level) = level.as_deref().filter(|level| !is_level(level)) {
        let all = LEVELS.map(str::to_owned).into_iter().chain(LEVELS.map(str::to_uppercase));
        let all = all.map(|level| format!("'{level}'")).collect::<Vec<_>>().join(", ");
        return Err(wrong(&format!("argument --log-level: invalid choice: '{level}' (choose from {all})")));
    }
    if arguments.has("version") {
        return Ok(Asked::Print(format!("{}\n", super::VERSION)));
    }
    let Some(file) = arguments.positional.first() else { return Ok(Asked::Print(usage)) };
    Ok(Asked::Run(Options {
        file: file.clone(),
        log_level: level.map(|level| level.to_lowercase()),
        log_output: arguments.value("log-output").map(str::to_owned),
        logger_config: arguments.value("logger-config").map(str::to_owned),
        place: if arguments.has("daemon") { Place::Background } else { Place::Foreground },
        pidfile: arguments.value("pidfile").map(str::to_owned),
    }))
}

/// All small or all large.
fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| *level == word || level.to_uppercase() == word)
}

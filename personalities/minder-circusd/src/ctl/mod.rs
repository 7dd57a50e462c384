//! circusctl: a command line becomes a request, and its answer text.
//!
//! ```text
//!  words ─command_line─▶ Wanted ─┬─ Run ──▶ commands/NAME ─properties─▶ session ─▶ circusd ─reply─▶ commands/NAME ─▶ text
//!                                ├─ Shell ▶ shell: the same, a line each
//!                                └─ Help
//! ```
//!
//! In reading order: `argparse` and `command_line` read words, `help` and `topics` lay out help; `commands` holds the
//! commands, a file each; `session` asks and prints; `shell` is the shell, `completion` what bash asks.

mod argparse;
mod command_line;
mod commands;
mod completion;
mod help;
mod session;
mod shell;
mod topics;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use command_line::{CommandLine, Refusal, Wanted};
use session::Session;

use crate::companion::{printed, program_name};

/// Where circusd is, if no option says so.
const ENDPOINT_VARIABLE: &str = "CIRCUSCTL_ENDPOINT";

/// A door for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::commands::{COMMANDS, Fields, Talk};

    /// What each command makes of a reply.
    #[must_use]
    pub fn shown(reply: &Fields) -> Vec<String> {
        let shown = |talk: &Talk| match talk {
            Talk::Ask { shown, .. } => shown(reply).unwrap_or_else(|exception| exception.to_string()),
            Talk::Listen => String::new(),
        };
        COMMANDS.iter().map(|command| shown(&command.talk)).collect()
    }
}

/// Is circusctl.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "every personality is called like this")]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let program = program_name(&arguments);
    let words: Vec<String> =
        arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let line = match CommandLine::parse(&program, &words) {
        Ok(line) => line,
        Err(refusal) => return leave(&refusal),
    };
    if let Some(answer) = completion::for_bash() {
        print!("{answer}");
        return ExitCode::FAILURE;
    }
    if let Wanted::Help = line.wanted {
        return printed(&command_line::full_help());
    }
    let mut session = match Session::new(&line) {
        Ok(session) => session,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{problem}");
            return ExitCode::FAILURE;
        }
    };
    match &line.wanted {
        Wanted::Run(command, arguments) => ExitCode::from(session.run(command, arguments)),
        Wanted::HelpOn(command) => printed(&command.description()),
        Wanted::Shell => shell::run(&mut session),
        Wanted::Help | Wanted::Nothing => ExitCode::SUCCESS,
    }
}

/// Ends with what there is to say about a command line that leads to no run.
fn leave(refusal: &Refusal) -> ExitCode {
    match refusal {
        Refusal::Told(text) => printed(text),
        Refusal::Misused(text) => {
            // Where nobody reads, the status says it.
            let _ = std::io::stderr().write_all(text.as_bytes());
            ExitCode::from(2)
        }
    }
}

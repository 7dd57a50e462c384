//! What circusd-stats and circus-plugin have in common: both are programs beside a circusd, perhaps not ours.
//!
//! - [`arguments`]: their command lines, by the rules and with the words of Python's `argparse`.
//! - [`log`]: their log, in circusd's format.
//! - [`link`]: their conversation with circusd; [`tunnel`]: the way there through `ssh`.

pub(crate) mod arguments;
pub(crate) mod link;
pub(crate) mod log;
pub(crate) mod tunnel;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use arguments::{Arguments, Grammar, Stop};

/// The version of Circus that is spoken.
pub(crate) const VERSION: &str = "0.19.0";

/// Reads a command line that begins with the name of the program. Whatever ends the program at once is done here:
/// `--help`, `--version`, a mistake.
pub(crate) fn understood(grammar: &Grammar, words: &[OsString]) -> Result<Arguments, ExitCode> {
    match grammar.parse(words.get(1..).unwrap_or_default()) {
        Ok(arguments) if arguments.has("version") => Err(printed(&format!("{VERSION}\n"))),
        Ok(arguments) => Ok(arguments),
        Err(Stop::Help) => Err(printed(&format!("{}{}", grammar.usage(&program_name(words)), grammar.help))),
        Err(Stop::Wrong(text)) => Err(refused(grammar, words, &text)),
    }
}

/// Says what is wrong with a command line, with status 2.
pub(crate) fn refused(grammar: &Grammar, words: &[OsString], problem: &str) -> ExitCode {
    let program = program_name(words);
    // Where nobody reads, the status says it.
    let _ = writeln!(io::stderr(), "{}{program}: error: {problem}", grammar.usage(&program));
    ExitCode::from(2)
}

/// The name under which the program was called, without its directory.
pub(crate) fn program_name(words: &[OsString]) -> String {
    let path = words.first().map(|path| path.to_string_lossy()).unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Prints, and succeeds if somebody reads.
pub(crate) fn printed(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Says why the program ends, with status 1.
pub(crate) fn failed(program: &str, problem: impl std::fmt::Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "{program}: {problem}");
    ExitCode::FAILURE
}

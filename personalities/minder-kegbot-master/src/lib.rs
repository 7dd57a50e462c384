//! Kegbot's launcher: its file and its commands, and the same file as a plan that minder itself keeps running.
//!
//! ```text
//!  kegbot_master.cfg ─ini─▶ sections ─expand─▶ settings ─┬─ launcher: start, stop, status, configtest
//!  command line ─flags────────────────────────▶ (dirs) ──┘
//!                                               settings ─── lower ──▶ Plan ─▶ (the mind) ─Event─▶ journal
//! ```
//!
//! In reading order:
//! - [`flags`]: its own flags; how they are read is minder-kegbot-app's, which is what every Kegbot program does.
//! - `ini`: text into sections with spans. `expand`: `%(name)s`. [`settings`]: the programs that the file describes.
//! - [`launcher`]: one call of the original; `start` and `stop` are its work.
//! - [`lower`]: the programs as a plan; `shell`: a command line that needs no shell. [`station`]: what a mind that runs the
//!   plan is made of; [`journal`]: what it says.
//!
//! Invariants: nothing is started, signalled or written while the file has an error; a launcher waits for processes, never
//! for time alone; it does not know what the programs do.

mod expand;
pub mod flags;
mod ini;
pub mod journal;
pub mod launcher;
pub mod lower;
pub mod settings;
mod shell;
mod start;
pub mod station;
mod stop;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use minder_config::{Problem, Sources};

use crate::settings::Directories;

/// Runs `kegbot_master`. `arguments` begins with the name under which the program was called.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "every personality is called like this")]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    ExitCode::from(launcher::run(&arguments))
}

/// Whether a file is one of kegbot_master, by its content: it switches programs on or names them in the launcher's own way.
#[must_use]
pub fn recognises(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| {
        let name = line.split(|byte| matches!(byte, b'=' | b':')).next().unwrap_or_default();
        let assigned = name.len() < line.len();
        let name = name.trim_ascii_end();
        assigned && (name.eq_ignore_ascii_case(b"_enabled") || name.eq_ignore_ascii_case(b"_program_name"))
    })
}

/// All that is wrong with a file, in the order of its lines, and the text that the places lie in. Directories are the
/// launcher's defaults.
#[must_use]
pub fn check(path: &Path) -> (Sources, Vec<Problem>) {
    let reading = settings::read_file(path, &Directories::default());
    let mut problems = reading.problems;
    if problems.iter().all(|problem| problem.severity != minder_config::Severity::Error) {
        problems.extend(lower::remarks(&reading.settings));
        problems.sort_by_key(|problem| problem.at.map(|at| at.start));
    }
    (reading.sources, problems)
}

//! Fermentrack's start script: what keeps its daemon alive from cron.
//!
//! ```text
//!  cron, a terminal ─▶ command ─┬─ start, startifstopped ─▶ launch ─exec─▶ circusd (this executable, under that name)
//!                               ├─ stop, status ─▶ manager ─ZeroMQ─▶ any Circus
//!                               └─ add2cron ─▶ crontab ─▶ the program `crontab`
//! ```
//!
//! In reading order:
//! - [`command`]: what was asked, and what it says and ends with.
//! - `layout`: where things lie. The home directory decides, as in the original.
//! - `endpoint`: where the daemon listens, by its configuration file. `manager`: one question to it.
//! - `lock`: at most one daemon. `hold`: none at all, until somebody starts it. `launch`: its environment and its start.
//! - `crontab`: the lines in the user's table.
//! - `text`: the words of the original.
//!
//! Invariant: it knows no supervisor, only the protocol, so `stop` and `status` work with a Circus of any make. It waits
//! for answers and locks with a bound, and ends; what it leaves behind is the daemon, and one file that is locked by it.

pub mod command;
mod crontab;
mod endpoint;
mod hold;
mod launch;
mod layout;
mod lock;
mod manager;
mod text;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs updateCronCircus.sh. `arguments` begins with the name under which the program was called.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    // The path is what `ps` shows, so it is better than the other, which always works.
    let circusd = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
    command::run(arguments, circusd)
}

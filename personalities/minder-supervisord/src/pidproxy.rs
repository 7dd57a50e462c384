//! `pidproxy PIDFILE COMMAND [ARGUMENT …]`: runs a command and passes signals on to the process its pidfile names.
//!
//! ```text
//!  TERM HUP INT USR1 USR2 QUIT ─▶ the pid in the pidfile;  TERM, INT and QUIT also end pidproxy
//!  CHLD ─▶ the command has ended: so does pidproxy
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

/// Runs until the command has ended or a signal that means the end was passed on. Then 0; 1 if it was called
/// wrongly or the command cannot be run.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter().skip(1);
    let (Some(pidfile), Some(command)) = (arguments.next(), arguments.next()) else {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    };
    // Before the command runs, so that no signal is missed.
    let signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGQUIT, SIGCHLD]);
    let started = signals.and_then(|signals| {
        // A bare name means a file in the current directory, as in the original, not one of PATH.
        let program = std::path::absolute(&command)?;
        let mut process = Command::new(program);
        std::os::unix::process::CommandExt::arg0(&mut process, &command);
        process.args(arguments).spawn().map(|child| (signals, child))
    });
    match started {
        Ok((signals, child)) => pass_on(signals, child, &PathBuf::from(pidfile)),
        Err(error) => {
            eprintln!("pidproxy: cannot run {}: {error}", command.display());
            ExitCode::FAILURE
        }
    }
}

fn pass_on(mut signals: Signals, mut child: Child, pidfile: &Path) -> ExitCode {
    for signal in signals.forever() {
        if signal == SIGCHLD {
            // Unless it was only stopped or continued.
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return ExitCode::SUCCESS,
            }
            continue;
        }
        let Some(pid) = read_pid(pidfile) else {
            println!("Can't read child pidfile {}!", pidfile.display());
            continue;
        };
        if let Some(signal) = Signal::from_named_raw(signal)
            && let Err(error) = kill_process(pid, signal)
        {
            eprintln!("pidproxy: cannot signal {}: {error}", pid.as_raw_nonzero());
            return ExitCode::FAILURE;
        }
        if matches!(signal, SIGTERM | SIGINT | SIGQUIT) {
            return ExitCode::SUCCESS;
        }
    }
    ExitCode::SUCCESS
}

fn read_pid(pidfile: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(pidfile).ok()?;
    // Zero and negative numbers mean process groups, not a process.
    text.trim().parse().ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)
}

const USAGE: &str =
    "pidproxy: runs a command and passes the signals it gets on to the process that a pidfile names.

Usage: pidproxy <pidfile name> <command> [<cmdarg1> ...]
";

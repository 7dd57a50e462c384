//! `stop`: each program in turn is asked three times, then killed three times.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::settings::Settings;
use minder_kegbot_app::log::Logger;
use minder_kegbot_app::standing::{self, Standing};

/// How often a program is asked with SIGTERM.
const ASKED_MAX: u32 = 3;

/// How often it is signalled at all.
const ATTEMPTS_MAX: u32 = 6;

/// How long a program may take after each signal.
const PAUSE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// What came of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Each program was dealt with; one that outlives even SIGKILL is in the log.
    All,
    /// Whether one runs could not be found out, or it may not be signalled.
    NotAll,
}

/// Stops what is enabled.
pub(crate) fn stop(settings: &Settings, log: &Logger) -> Stopped {
    let mut outcome = Stopped::All;
    for app in &settings.apps {
        log.info(&format!("Stopping app: {}", app.name));
        if let Err(reason) = stop_one(&app.name, app.value("pidfile"), log) {
            log.error(&format!("Error stopping {}: {reason}", app.name));
            outcome = Stopped::NotAll;
        }
    }
    outcome
}

fn stop_one(name: &str, pidfile: &str, log: &Logger) -> Result<(), String> {
    for attempt in 0..=ATTEMPTS_MAX {
        let pid = match standing::of_pidfile(pidfile) {
            Standing::Stopped | Standing::Died(_) => {
                log.info(&format!("{name} stopped."));
                return Ok(());
            }
            Standing::Unknown => return Err(format!("there is no pid in {pidfile}")),
            Standing::Running(pid) => pid,
        };
        if attempt == ATTEMPTS_MAX {
            break;
        }
        let signal = if attempt < ASKED_MAX { Signal::TERM } else { Signal::KILL };
        log.info(&format!("Sending app {name} signal {}", signal.as_raw()));
        signal_and_wait(pid, signal)
            .map_err(|error| format!("cannot signal pid {}: {error}", pid.as_raw_nonzero()))?;
    }
    log.error("Too many attempts, aborting");
    Ok(())
}

/// Signals a process and waits until it is gone or the pause is over. A process that is gone already is no error.
fn signal_and_wait(pid: Pid, signal: Signal) -> Result<(), Errno> {
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error),
    };
    match pidfd_send_signal(&process, signal) {
        Ok(()) => {}
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error),
    }
    match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&PAUSE)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

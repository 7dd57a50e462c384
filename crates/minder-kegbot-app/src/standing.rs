//! Whether a program runs, by its pidfile.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::num::NonZeroI32;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// More bytes than any pid has.
const PIDFILE_BYTES_MAX: u64 = 64;

/// What a pidfile says, and whether it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no pidfile.
    Stopped,
    /// A process has that pid. Whether it is the program nobody checks, as in the original.
    Running(Pid),
    /// No process has it.
    Died(NonZeroI32),
    /// The file cannot be read, or holds no pid.
    Unknown,
}

impl Standing {
    /// The words of `status`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Stopped => "stopped".to_owned(),
            Self::Running(pid) => format!("running ({})", pid.as_raw_nonzero()),
            Self::Died(pid) => format!("died ({pid})"),
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

/// Reads a pidfile and looks for the process.
#[must_use]
pub fn of_pidfile(path: &str) -> Standing {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Standing::Stopped;
        }
        Err(_) => return Standing::Unknown,
    };
    // Zero and less would mean process groups to `kill`, up to every process there is.
    let Some(number) = text.trim().parse().ok().filter(|pid: &NonZeroI32| pid.get() > 0) else {
        return Standing::Unknown;
    };
    match Pid::from_raw(number.get()) {
        Some(pid) if lives(pid) => Standing::Running(pid),
        Some(_) | None => Standing::Died(number),
    }
}

fn read(path: &str) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let mut text = String::new();
    File::open(path)?.take(PIDFILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// A process that has ended and that nobody has reaped does not live: in a container there may be nobody to do it.
fn lives(pid: Pid) -> bool {
    let there = !matches!(test_kill_process(pid), Err(Errno::SRCH));
    there && !is_zombie(pid)
}

fn is_zombie(pid: Pid) -> bool {
    let Ok(facts) = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())) else { return false };
    // The name of the program, in parentheses, may hold anything; the state is the letter behind it.
    let end = facts.iter().rposition(|&byte| byte == b')');
    end.and_then(|end| facts.get(end + 2)).is_some_and(|state| matches!(state, b'Z' | b'X'))
}

//! `--daemon`: the same command line again, in a session of its own and with no terminal.
//!
//! A second process takes the place of the original's fork, which Rust has no safe word for.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::fs::Mode;

/// Tells the second process that it is the second. Programs that it starts must not see it.
pub const VARIABLE: &str = "MINDER_KEGBOT_BACKGROUND";

/// Which of the two this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that was called, and ends at once.
    Caller,
    /// The one in the background.
    Background,
}

impl Side {
    /// Which one we are.
    #[must_use]
    pub fn of_this_process() -> Self {
        if std::env::var_os(VARIABLE).is_some() { Self::Background } else { Self::Caller }
    }
}

/// Starts the second process, and waits until it has left: whoever called this one may end when it does, and the terminal
/// with them, which hangs up on all that still belong to it.
///
/// # Errors
/// When it cannot be made.
pub fn leave(arguments: &[OsString]) -> io::Result<()> {
    let (name, words) = arguments.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let second = Command::new("/proc/self/exe")
        .arg0(name)
        .args(words)
        .env(VARIABLE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    match second.stdout {
        Some(mut word) => io::copy(&mut word, &mut io::sink()).map(drop),
        None => Ok(()),
    }
}

/// What the second process does first. The first one waits for the end of what is standard output until then.
///
/// # Errors
/// When there is no `/dev/null`.
pub fn settle() -> io::Result<()> {
    // It fails for who leads a process group already, and then there is nothing to leave.
    let _ = rustix::process::setsid();
    rustix::process::umask(Mode::empty());
    let null = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(&null)?)
}

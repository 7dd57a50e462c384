//! Leaving the terminal: one fork, a session of its own, nothing on the standard streams.

#![allow(unsafe_code, reason = "fork has no safe form")]

use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// Goes on in a child; the parent ends with status 0. To be called while the process has one thread.
///
/// # Errors
/// When the kernel makes no process, or `/dev/null` cannot be opened. A directory that cannot be entered is given
/// back instead: the daemon goes on where it is.
pub fn daemonise(directory: Option<&Path>, umask: u32) -> io::Result<Option<io::Error>> {
    // SAFETY: the front has one thread, so the child has everything that the parent had.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        // SAFETY: ends the process at once, as is meant: what the child goes on with is not to be flushed twice.
        _ => unsafe { libc::_exit(0) },
    }
    let refused = directory.and_then(|directory| std::env::set_current_dir(directory).err());
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::process::setsid()?;
    rustix::process::umask(Mode::from_raw_mode(umask));
    Ok(refused)
}

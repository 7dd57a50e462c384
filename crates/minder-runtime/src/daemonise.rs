//! Leaving the terminal: one fork, a session of its own, nothing on the standard streams.

#![allow(unsafe_code, reason = "fork has no safe form")]

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;

/// Goes on in a child; the parent ends with status 0 once the child has left the terminal, and with 1 if it cannot. To be
/// called while the process has one thread.
///
/// # Errors
/// When the kernel makes no process, or `/dev/null` cannot be opened. A directory that cannot be entered is given
/// back instead: the daemon goes on where it is.
pub fn daemonise(directory: Option<&Path>, umask: u32) -> io::Result<Option<io::Error>> {
    let (word, told) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    // SAFETY: the front has one thread, so the child has everything that the parent had.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => drop(word),
        _ => {
            drop(told);
            let status = wait_until_it_has_left(&word);
            // SAFETY: ends the process at once, as is meant: what the child goes on with is not to be flushed twice.
            unsafe { libc::_exit(status) }
        }
    }
    let refused = directory.and_then(|directory| std::env::set_current_dir(directory).err());
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::process::setsid()?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::process::umask(Mode::from_raw_mode(umask));
    // Somebody may have killed the parent, and then nobody needs to know.
    let _ = rustix::io::write(&told, &[1]);
    Ok(refused)
}

/// Whoever called the parent may end when it does, and the terminal with them: it hangs up on all that still belong to it,
/// which the child does until it has a session of its own. Gives the status to end with.
fn wait_until_it_has_left(word: &OwnedFd) -> i32 {
    match rustix::io::retry_on_intr(|| rustix::io::read(word, &mut [0])) {
        Ok(1) => 0,
        // It has said why, or was killed.
        Ok(_) | Err(_) => 1,
    }
}

//! Leaving the terminal: one fork, a session of its own, nothing on the standard streams.
//!
//! The parent stays until that is done. Else whoever waited for it could hang up the terminal, or end the session, while the
//! child still belongs to it.

#![allow(unsafe_code, reason = "fork has no safe form")]

use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;

/// Goes on in a child that has nothing to do with the terminal any more; then the parent ends with status 0, or with 1 if
/// the child has ended before. To be called while the process has one thread.
///
/// # Errors
/// When the kernel makes no process or pipe, or `/dev/null` cannot be opened. A directory that cannot be entered is given
/// back instead: the daemon goes on where it is.
pub fn daemonise(directory: Option<&Path>, umask: u32) -> io::Result<Option<io::Error>> {
    let (left, leaving) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    // SAFETY: the front has one thread, so the child has everything that the parent had.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        _ => {
            drop(leaving);
            let has_left = rustix::io::retry_on_intr(|| rustix::io::read(&left, &mut [0_u8; 1])) == Ok(1);
            // SAFETY: ends the process at once, as is meant: what the child goes on with is not to be flushed twice.
            unsafe { libc::_exit(i32::from(!has_left)) }
        }
    }
    let refused = directory.and_then(|directory| std::env::set_current_dir(directory).err());
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::process::setsid()?;
    rustix::process::umask(Mode::from_raw_mode(umask));
    // A parent that was ended meanwhile does not have to know.
    let _ = rustix::io::retry_on_intr(|| rustix::io::write(&leaving, b"."));
    Ok(refused)
}

//! What the mind sets about itself before it begins.

#![allow(unsafe_code, reason = "dispositions of signals have no safe form without a handler")]

use std::os::fd::{AsFd, AsRawFd};

use rustix::process::{Resource, getrlimit};

/// How many descriptors a program takes here at most: three pipes and two logs.
const FDS_OF_A_PROGRAM: u64 = 5;
/// How many are left for everything else: connections, files that are read, and a mind that takes over and has all
/// of these again.
const FDS_LEFT: u64 = 32;

/// Whether there are descriptors enough for another program. Without that a mind could come to be that starts
/// programs, and none after it that can take over so many. `open` is any descriptor.
pub fn has_room_for_a_program(open: impl AsFd) -> bool {
    // The lowest number that is free is how many are open, or a little less.
    let Ok(lowest) = rustix::io::fcntl_dupfd_cloexec(open, 0) else { return false };
    let used = u64::try_from(lowest.as_raw_fd()).unwrap_or(0);
    getrlimit(Resource::Nofile).current.is_none_or(|limit| used + FDS_OF_A_PROGRAM + FDS_LEFT <= limit)
}

/// Has a write beyond a file size limit fail instead of ending the mind: it is the log's trouble, and told as such.
/// Programs are not concerned, because the keeper gives them every signal's default again.
pub fn ignore_file_size_signal() {
    // SAFETY: ignoring a signal installs no handler, so nothing runs asynchronously.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// Leaves the signals that ask something of a daemon to the keeper. Whoever signals all processes of one name, or of
/// one control group, reaches the mind as well, which would die of what it is about to be told.
pub fn leave_requests_to_the_keeper() {
    let asked = [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2];
    for signal in asked {
        // SAFETY: as above.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

//! What the mind sets about itself before it begins.

#![allow(unsafe_code, reason = "dispositions of signals have no safe form without a handler")]

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

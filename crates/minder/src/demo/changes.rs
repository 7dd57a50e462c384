//! Being told that something in a directory has changed.

use std::io;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::net::unix::pipe::Receiver;

/// Tells of changes; which they were, the one who waits finds out by looking.
#[derive(Debug)]
pub(super) struct Changes {
    /// No pipe, but read like one; tokio has no other type that waits for a descriptor it does not know.
    fd: Receiver,
}

impl Changes {
    /// From now on, of files that come, go or are written to in one of the directories.
    pub(super) fn of(directories: &[&Path]) -> io::Result<Changes> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        for directory in directories {
            let what = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::MODIFY | WatchFlags::DELETE;
            inotify::add_watch(&fd, *directory, what)?;
        }
        Ok(Changes { fd: Receiver::from_owned_fd_unchecked(fd)? })
    }

    /// Waits for a change since the last one that was told of; several at once count as one. Safe to be dropped.
    pub(super) async fn next(&self) -> io::Result<()> {
        let mut scratch = [0_u8; 4096];
        self.fd.readable().await?;
        while self.fd.try_read(&mut scratch).is_ok_and(|length| length > 0) {}
        Ok(())
    }
}

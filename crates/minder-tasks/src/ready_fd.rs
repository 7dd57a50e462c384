//! A descriptor that the event loop waits for.

#![allow(unsafe_code, reason = "the event loop takes descriptors on our word that they stay open")]

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Becomes readable some time: a timer, a watch, the end of a process. Does not block.
#[derive(Debug)]
pub(crate) struct ReadyFd(AsyncFd<OwnedFd>);

impl ReadyFd {
    /// In the event loop that runs now.
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        // SAFETY: the descriptor is owned by what is registered, and neither given away nor closed before that is.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        Ok(Self(fd))
    }

    pub(crate) fn get(&self) -> &OwnedFd {
        self.0.get_ref()
    }

    /// Waits until it is readable, and leaves it so.
    pub(crate) async fn becomes_readable(&self) -> io::Result<()> {
        self.0.readable().await?.retain_ready();
        Ok(())
    }

    /// Whether it is readable; if it is not, the task is woken when it becomes so.
    pub(crate) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(context).map_ok(|mut guard| guard.retain_ready())
    }

    /// Does this once it is readable, and again for as long as it says that it would block.
    pub(crate) async fn readable<T>(&self, mut read: impl FnMut(&OwnedFd) -> io::Result<T>) -> io::Result<T> {
        loop {
            let mut guard = self.0.readable().await?;
            if let Ok(result) = guard.try_io(|fd| read(fd.get_ref())) {
                return result;
            }
        }
    }
}

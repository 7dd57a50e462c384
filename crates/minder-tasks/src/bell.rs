//! How those who wait learn that the queue has changed, without asking again and again.
//!
//! Whoever has changed it opens the file `bell` for writing and closes it. The kernel tells all who watch. The file may be
//! removed or replaced at any time, as by somebody who tidies up: then the new one is watched.

use std::fs::OpenOptions;
use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use rustix::fs::inotify;

use crate::ready_fd::ReadyFd;

/// Wakes all who listen.
///
/// # Errors
/// When the file cannot be opened.
pub fn ring(bell: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(bell).map(drop)
}

/// Hears the bell of a state directory.
#[derive(Debug)]
pub struct Ear {
    inotify: ReadyFd,
    bell: PathBuf,
}

impl Ear {
    /// Begins to listen. What was rung before is not heard, so that one looks once after this.
    ///
    /// # Errors
    /// When the file cannot be made, or the kernel has no watch left to give.
    pub fn new(bell: &Path) -> io::Result<Self> {
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let ear = Self { inotify: ReadyFd::new(inotify::init(flags)?)?, bell: bell.to_owned() };
        // The folder says when there is another file of the name. A database beside it makes and removes its journal now and
        // then, and that is all the noise there is.
        let folder = bell.parent().unwrap_or(Path::new("."));
        let replaced = inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
        inotify::add_watch(ear.inotify.get(), folder, replaced)?;
        ring(bell)?;
        ear.watch_file()?;
        Ok(ear)
    }

    /// Waits until it rings. Several times may be heard as one. A wait that is given up loses nothing.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn heard(&self) -> io::Result<()> {
        loop {
            self.inotify.readable(|fd| self.take(fd)).await?;
            match self.watch_file() {
                // Rung or replaced: a ring between the two would not have been heard, so it counts as rung.
                Ok(()) => return Ok(()),
                // Removed, and the new one has not come yet: the folder will say.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes all that the kernel has to say.
    fn take(&self, fd: &rustix::fd::OwnedFd) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(fd, &mut buffer);
        let mut concerns_us = false;
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map(std::ffi::CStr::to_bytes);
                    let bell = self.bell.file_name().map(std::os::unix::ffi::OsStrExt::as_bytes);
                    // Without a name it is the file itself.
                    concerns_us |= name.is_none() || name == bell;
                }
                Err(rustix::io::Errno::AGAIN) if concerns_us => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Watching what is watched changes nothing.
    fn watch_file(&self) -> io::Result<()> {
        let flags = inotify::WatchFlags::CLOSE_WRITE
            | inotify::WatchFlags::ATTRIB
            | inotify::WatchFlags::MOVE_SELF
            | inotify::WatchFlags::DELETE_SELF;
        inotify::add_watch(self.inotify.get(), &self.bell, flags)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Ear, ring};
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(test);
    }

    async fn is_quiet(ear: &Ear) -> bool {
        // The reactor looks at what is there in between.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        matches!(pin!(ear.heard()).poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
    }

    async fn quiet(ear: &Ear) {
        while !is_quiet(ear).await {}
    }

    #[test]
    fn a_ring_is_heard_by_all_who_listen() {
        run(async {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let bell = dir.path().join("bell");
            let (one, other) = (Ear::new(&bell).expect("a watch"), Ear::new(&bell).expect("a watch"));
            quiet(&one).await;
            quiet(&other).await;
            ring(&bell).expect("a file that we own");
            one.heard().await.expect("a ring");
            other.heard().await.expect("a ring");
        });
    }

    #[test]
    fn other_files_of_the_folder_are_not_heard() {
        run(async {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let ear = Ear::new(&dir.path().join("bell")).expect("a watch");
            quiet(&ear).await;
            std::fs::write(dir.path().join("queue.db-wal"), "x").expect("a file");
            assert!(is_quiet(&ear).await);
        });
    }

    #[test]
    fn a_bell_that_was_replaced_or_removed_is_heard_still() {
        run(async {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let bell = dir.path().join("bell");
            let ear = Ear::new(&bell).expect("a watch");
            for _ in 0..3 {
                std::fs::write(dir.path().join("new"), "").expect("a file");
                std::fs::rename(dir.path().join("new"), &bell).expect("a bell");
                ear.heard().await.expect("a ring");
                quiet(&ear).await;
                ring(&bell).expect("a file that we own");
                ear.heard().await.expect("a ring");
                quiet(&ear).await;
                std::fs::remove_file(&bell).expect("a bell");
                quiet(&ear).await;
                ring(&bell).expect("a file that we own");
                ear.heard().await.expect("a ring");
                quiet(&ear).await;
            }
        });
    }
}

//! Notice of changes in directories, for as long as somebody looks at what is made of them.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::inotify;
use tokio::net::unix::pipe::Receiver;

/// A change is often followed by others; it is waited for as long for them.
const TOGETHER: Duration = Duration::from_millis(200);

/// A watch on directories.
pub(super) struct Notice {
    /// For tokio it is a pipe like any other: it becomes readable, and is read.
    watch: Receiver,
    /// What has changed and was not told yet.
    names: BTreeSet<OsString>,
}

impl Notice {
    /// Of these directories. One that is not there is not watched.
    ///
    /// # Errors
    /// When the kernel has no watches left.
    pub(super) fn of(directories: &[&Path]) -> io::Result<Self> {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let flags = inotify::WatchFlags::MODIFY
            | inotify::WatchFlags::MOVED_TO
            | inotify::WatchFlags::CREATE
            | inotify::WatchFlags::DELETE;
        for directory in directories {
            let _ = inotify::add_watch(&watch, *directory, flags);
        }
        Ok(Self { watch: Receiver::from_owned_fd_unchecked(watch)?, names: BTreeSet::new() })
    }

    /// Waits for changes, and tells the names of what has changed. Whoever stops waiting is told them the next time.
    pub(super) async fn changes(&mut self) -> BTreeSet<OsString> {
        while self.names.is_empty() {
            if self.watch.readable().await.is_err() {
                // The runtime ends.
                return std::future::pending().await;
            }
            self.take();
        }
        tokio::time::sleep(TOGETHER).await;
        self.take();
        std::mem::take(&mut self.names)
    }

    /// Takes all that has been told so far.
    fn take(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.watch.try_read(&mut buffer) {
            let mut events = &buffer[..count];
            while let Some((name, rest)) = first(events) {
                self.names.extend(name.filter(|name| !is_of_sqlite(name)));
                events = rest;
            }
        }
    }
}

/// The name in the first event, if it has one, and what is behind the event. The kernel gives whole events: a head of four
/// numbers, the last of which is the length of the name with the zeros behind it.
fn first(events: &[u8]) -> Option<(Option<OsString>, &[u8])> {
    let (head, rest) = events.split_at_checked(16)?;
    let length = u32::from_ne_bytes(*head.last_chunk()?);
    let (name, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let name: Vec<u8> = name.iter().copied().take_while(|&byte| byte != 0).collect();
    Some(((!name.is_empty()).then(|| OsString::from_vec(name)), rest))
}

/// Whether SQLite keeps a file beside a database: it comes and goes also when somebody only reads, such as we ourselves.
fn is_of_sqlite(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    [&b"-wal"[..], b"-shm", b"-journal"].iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_come_together_are_told_together() {
        let dir = tempfile::tempdir().expect("a directory");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let names = runtime.block_on(async {
            let mut notice = Notice::of(&[dir.path(), Path::new("/no/such")]).expect("a watch");
            std::fs::write(dir.path().join("a"), "1").expect("a file");
            std::fs::write(dir.path().join("b"), "1").expect("a file");
            std::fs::write(dir.path().join("c.db-wal"), "1").expect("a file");
            tokio::time::timeout(Duration::from_secs(30), notice.changes()).await.expect("in time")
        });
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}

//! Notice of changes to the table's file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify;

/// A change is often followed by others; it is waited for as long for them.
const TOGETHER: Duration = Duration::from_millis(200);

/// A watch on the directory of the table: the file itself may be replaced, and what is new may be in the file beside it. Where the
/// directory is not there yet, or not any more, the nearest one above it is watched until it comes.
#[derive(Debug)]
pub(super) struct Notice {
    watch: Option<OwnedFd>,
    directory: PathBuf,
    names: Vec<OsString>,
}

impl Notice {
    /// Of a database. Where the kernel refuses, only time tells.
    pub(super) fn of(database: &Path) -> Self {
        // A path from the root has directories above it to the last.
        let database = std::path::absolute(database).unwrap_or_else(|_| database.to_owned());
        let directory = database.parent().unwrap_or(Path::new("/")).to_owned();
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).ok();
        let mut names: Vec<OsString> =
            directory.components().map(|part| part.as_os_str().to_owned()).collect();
        for end in ["", "-wal", "-journal"] {
            let mut name = database.file_name().unwrap_or_default().to_owned();
            name.push(end);
            names.push(name);
        }
        let notice = Self { watch, directory, names };
        notice.follow();
        notice
    }

    /// Watches the directory, or what there is of the way to it. Before the table is looked at, so that no change falls between.
    fn follow(&self) {
        let Some(watch) = &self.watch else { return };
        let flags = inotify::WatchFlags::MODIFY
            | inotify::WatchFlags::MOVED_TO
            | inotify::WatchFlags::CREATE
            | inotify::WatchFlags::DELETE_SELF
            | inotify::WatchFlags::MOVE_SELF;
        for directory in self.directory.ancestors() {
            if inotify::add_watch(watch, directory, flags).is_ok() {
                return;
            }
        }
    }

    /// Waits until something has changed, or for this long.
    pub(super) fn wait(&mut self, most: Duration) {
        let Some(watch) = &self.watch else {
            std::thread::sleep(most);
            return;
        };
        let until = Instant::now() + most;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            let mut fds = [PollFd::from_borrowed_fd(rustix::fd::AsFd::as_fd(watch), PollFlags::IN)];
            let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 15, tv_nsec: 0 });
            if !matches!(poll(&mut fds, Some(&left)), Ok(1..)) {
                continue;
            }
            if self.concerns_us() {
                std::thread::sleep(TOGETHER);
                self.concerns_us();
                break;
            }
        }
        self.follow();
    }

    /// Takes what was told; whether any of it was of our files.
    fn concerns_us(&self) -> bool {
        let Some(watch) = &self.watch else { return false };
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(watch, &mut buffer);
        let mut ours = false;
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| OsString::from_vec(name.to_bytes().to_vec()));
            // What has no name is of the directory itself: it has gone.
            ours |= name.is_none_or(|name| self.names.contains(&name));
        }
        ours
    }
}

//! A file as a stream that never ends: its last bytes, then whatever is appended to it.
//!
//! inotify tells when to look. The file itself is watched for growth and truncation, its directory for another file
//! that takes its name: that is how a log is rotated. When nothing is written, nothing wakes.
//!
//! Of a file that has been replaced, the rest is still sent before the new one begins; the original loses it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::net::unix::pipe::Receiver;
use tokio::sync::OwnedSemaphorePermit;

/// How much of what is there already is sent first, in bytes.
pub const HISTORY_BYTES: u64 = 1024;
/// How much is sent in one piece, in bytes.
const CHUNK_BYTES_MAX: u64 = 64 << 10;
/// What is sent when the file has become shorter.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// A file that is being followed.
pub struct Follow {
    path: PathBuf,
    file: File,
    /// Up to where it has been sent.
    at: u64,
    /// The inotify descriptor. For tokio it is a pipe like any other: it becomes readable, and is read.
    watch: Receiver,
    /// The watch on the file; those on the directories stay for good.
    file_watch: i32,
    /// Told how many bytes were sent, when nobody follows any more.
    farewell: Option<Box<dyn FnOnce(u64)>>,
    sent: u64,
    /// Its place among those that may be followed at a time.
    _place: OwnedSemaphorePermit,
}

impl Follow {
    /// Begins to follow the file of this name. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the file cannot be opened, or the kernel has no watches left.
    pub fn new(path: &Path, place: OwnedSemaphorePermit) -> io::Result<Follow> {
        // The watches come first, so that nothing that happens after the first look is missed.
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // A log may be a link to one elsewhere: then either of the two names may be given to another file.
        for name in [path, &path.canonicalize()?] {
            let directory = name.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new("."));
            inotify::add_watch(&watch, directory, WatchFlags::CREATE | WatchFlags::MOVED_TO)?;
        }
        let mut file = File::open(path)?;
        let file_watch = watch_file(watch.as_fd(), &file)?;
        let size = file.seek(SeekFrom::End(0))?;
        Ok(Follow {
            path: path.to_owned(),
            file,
            at: size.saturating_sub(HISTORY_BYTES),
            watch: Receiver::from_owned_fd_unchecked(watch)?,
            file_watch,
            farewell: None,
            sent: 0,
            _place: place,
        })
    }

    /// Has `farewell` called with the number of bytes that were sent when the stream is dropped.
    #[must_use]
    pub fn with_farewell(mut self, farewell: Box<dyn FnOnce(u64)>) -> Follow {
        self.farewell = Some(farewell);
        self
    }

    /// When the file was last written to.
    pub(crate) fn modified(&self) -> io::Result<std::time::SystemTime> {
        self.file.metadata()?.modified()
    }

    /// The next piece.
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            if let Some(chunk) = self.advance()? {
                self.sent += u64::try_from(chunk.len()).unwrap_or(0);
                return Poll::Ready(Ok(chunk));
            }
            ready!(self.watch.poll_read_ready(context))?;
            drain(&self.watch)?;
        }
    }

    /// What there is to send now, if anything.
    fn advance(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let size = self.file.metadata()?.len();
            if size < self.at {
                self.at = 0;
                return Ok(Some(Bytes::from_static(TRUNCATED)));
            }
            if size > self.at {
                let mut chunk = Vec::new();
                self.file.seek(SeekFrom::Start(self.at))?;
                (&self.file).take((size - self.at).min(CHUNK_BYTES_MAX)).read_to_end(&mut chunk)?;
                self.at += u64::try_from(chunk.len()).unwrap_or(0);
                if !chunk.is_empty() {
                    return Ok(Some(chunk.into()));
                }
            }
            if !self.change_over()? {
                return Ok(None);
            }
        }
    }

    /// Goes on with another file if one has taken the name.
    fn change_over(&mut self) -> io::Result<bool> {
        // Between the removal of the old and the making of the new file there is none: the directory will tell.
        let Ok(named) = self.path.metadata() else { return Ok(false) };
        let known = self.file.metadata()?;
        if (named.dev(), named.ino()) == (known.dev(), known.ino()) {
            return Ok(false);
        }
        let Ok(file) = File::open(&self.path) else { return Ok(false) };
        // Fails when the kernel has dropped the watch by itself because the old file is gone.
        let _ = inotify::remove_watch(self.watch.as_fd(), self.file_watch);
        self.file_watch = watch_file(self.watch.as_fd(), &file)?;
        self.file = file;
        self.at = 0;
        Ok(true)
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        if let Some(farewell) = self.farewell.take() {
            farewell(self.sent);
        }
    }
}

/// Watches an open file, whatever its name is by now.
fn watch_file(watch: BorrowedFd<'_>, file: &File) -> io::Result<i32> {
    let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(inotify::add_watch(watch, itself, WatchFlags::MODIFY)?)
}

/// Takes all events: that there were some is all that matters.
fn drain(watch: &Receiver) -> io::Result<()> {
    let mut events = [0; 4096];
    loop {
        match watch.try_read(&mut events) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

//! The folder in which all that a beat and its workers must remember lies.
//!
//! ```text
//! agenda-HASH.json   what is due, and who does it          agenda       the hash of the one that holds
//! queue.db           what waits, works and has ended       bell         touched when something has changed
//! runs/ID-ATTEMPT/   the records of a run that works       NAME.lock    held by the beat, and by each worker
//! ```

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minder_core::ids::WorkerName;
use rustix::fs::{FlockOperation, Mode, OFlags};

/// Where the state of tasks is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateDir(PathBuf);

/// A process that was killed while it started another one may hold its lock for a moment longer, through that one.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// Held for as long as a process is the only one of its kind; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "to be open is all that it is for")] OwnedFd);

impl StateDir {
    /// Takes any folder; it need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, for its owner alone, if it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }

    /// The database of runs.
    pub fn database(&self) -> PathBuf {
        self.0.join("queue.db")
    }

    /// What is touched when the queue has changed.
    pub fn bell(&self) -> PathBuf {
        self.0.join("bell")
    }

    /// The agenda of this hash.
    pub fn agenda(&self, hash: &str) -> PathBuf {
        self.0.join(format!("agenda-{hash}.json"))
    }

    /// Says which agenda holds.
    pub fn agenda_pointer(&self) -> PathBuf {
        self.0.join("agenda")
    }

    /// The folders of runs that work.
    pub fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// To be held by the one beat of this state.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds it; else what the system says.
    pub fn lock_of_beat(&self) -> io::Result<Lock> {
        lock(&self.0.join("beat.lock"))
    }

    /// To be held by the one worker of this name on this state.
    ///
    /// # Errors
    /// As [`StateDir::lock_of_beat`].
    pub fn lock_of_worker(&self, worker: &WorkerName) -> io::Result<Lock> {
        lock(&self.0.join(format!("worker-{}.lock", file_name(worker.as_str()))))
    }
}

fn lock(path: &Path) -> io::Result<Lock> {
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600))?;
    let mut tries = 0;
    loop {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(rustix::io::Errno::WOULDBLOCK) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A name as part of a file name or of a NATS subject: what is neither letter, digit, `-` nor `_` becomes `=` and two hexadecimal
/// digits, so that different names stay different.
pub(crate) fn file_name(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("={byte:02x}"));
        }
    }
    text
}

/// Writes a file so that whoever opens it, also after a power cut, finds all of it or what was there before.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = path.with_added_extension(format!("new{}", std::process::id()));
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    })();
    if written.is_err() {
        // It is of no use to anybody, and whether it goes does not change what is wrong.
        let _ = std::fs::remove_file(&new);
    }
    written?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{StateDir, file_name};
    use minder_core::ids::WorkerName;

    #[test]
    fn different_names_stay_different() {
        assert_eq!(file_name("recording_1-a"), "recording_1-a");
        assert_eq!(file_name("a.b/c"), "a=2eb=2fc");
        assert_eq!(file_name("ü="), "=c3=bc=3d");
    }

    #[test]
    fn there_is_one_worker_of_a_name() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = StateDir::new(dir.path());
        let name = WorkerName::new("default");
        let held = state.lock_of_worker(&name).expect("the first");
        let second = state.lock_of_worker(&name).expect_err("a second");
        assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
        assert!(state.lock_of_worker(&WorkerName::new("recording")).is_ok());
        drop(held);
        assert!(state.lock_of_worker(&name).is_ok());
    }
}

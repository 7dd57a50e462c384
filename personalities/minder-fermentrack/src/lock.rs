//! At most one daemon: a lock that is taken before the start and that the daemon inherits.
//!
//! ```text
//!  start ─flock─▶ circusd.lock ─inherited through exec─▶ the daemon's keeper: released by the kernel when it ends
//!  a second start ─flock─▶ refused
//! ```
//!
//! The lock belongs to the open file and not to a process, so it goes over from the script to the daemon without a
//! moment in between. No program gets it, because the keeper passes on only what a program is to have. A daemon that
//! was started by hand, or a Circus of another make, does not hold it: the daemon's endpoint is asked as well.
//!
//! The file says one more thing: whether the daemon that holds it was told to stop, so that a `start` right behind a
//! `stop` waits for the end of the old one instead of taking it for running.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::{Errno, FdFlags};

const STOPPING: &[u8] = b"stopping\n";

/// How long a daemon that was told to stop is waited for: Circus gives its processes 30 seconds, then kills them.
const STOP_MAX: Duration = Duration::from_secs(45);

/// The lock, held.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes it, or finds that somebody has it: `None`. If that one was told to stop, its end is waited for.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        if !try_lock(&file)? {
            let mut words = Vec::new();
            (&file).take(64).read_to_end(&mut words)?;
            if words != STOPPING || !wait(&file)? {
                return Ok(None);
            }
        }
        file.set_len(0)?;
        file.rewind()?;
        Ok(Some(Self(file)))
    }

    /// Lets the processes that this one executes inherit it.
    pub(crate) fn bequeath(&self) -> io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.0, FdFlags::empty())?)
    }
}

/// Leaves word that whoever holds the lock was told to stop. If nobody does, the next to take it wipes it away.
pub(crate) fn note_stop(path: &Path) -> io::Result<()> {
    match File::options().write(true).truncate(true).open(path) {
        Ok(mut file) => file.write_all(STOPPING),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn try_lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits for the lock, with a bound. A thread does it, because the call itself has none; it ends with the process.
fn wait(file: &File) -> io::Result<bool> {
    let (tell, told) = mpsc::channel();
    let file = file.try_clone()?;
    std::thread::spawn(move || tell.send(rustix::fs::flock(&file, FlockOperation::LockExclusive)));
    match told.recv_timeout(STOP_MAX) {
        Ok(taken) => taken.map(|()| true).map_err(io::Error::from),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, note_stop};

    #[test]
    fn what_is_held_is_not_taken_twice() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(held);
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn who_was_told_to_stop_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = Lock::take(&path).unwrap().unwrap();
        note_stop(&path).unwrap();
        let other = path.clone();
        let waiting = std::thread::spawn(move || Lock::take(&other).unwrap());
        drop(held);
        let taken = waiting.join().unwrap();
        assert!(taken.is_some());
        // The word was for the one before.
        assert!(Lock::take(&path).unwrap().is_none());
    }

    #[test]
    fn a_stop_of_nobody_keeps_nobody_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        note_stop(&path).unwrap();
        assert!(!path.exists());
        drop(Lock::take(&path).unwrap());
        note_stop(&path).unwrap();
        let _held = Lock::take(&path).unwrap().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }
}

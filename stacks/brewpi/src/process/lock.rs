//! One script a device: a pid file that is locked for as long as the process lives.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// How long a script waits for another one to end before it gives up. Whoever starts it again and again does so no more often
/// than this.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks meanwhile: a lock has no descriptor that could be waited for with a bound.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// What came of taking a lock.
#[derive(Debug)]
pub(crate) enum Held {
    /// It is ours.
    Ours(Lock),
    /// Somebody else has it.
    Others,
}

impl Lock {
    /// Takes it if nobody has it.
    pub(crate) fn take(path: &Path) -> io::Result<Held> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                file.set_len(0)?;
                writeln!(file, "{}", std::process::id())?;
                Ok(Held::Ours(Self { _file: file }))
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Held::Others),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes it, or waits for a while until it can.
    pub(crate) fn wait(path: &Path) -> io::Result<Held> {
        let until = Instant::now() + PATIENCE;
        loop {
            match Self::take(path)? {
                Held::Others if Instant::now() < until => std::thread::sleep(LOOK_EVERY),
                held => return Ok(held),
            }
        }
    }
}

//! Where the measured programs report: a named pipe of records of sixteen bytes.

use crate::step::Problem;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A moment of the monotonic clock, which all processes of a machine share, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    /// Now.
    pub(super) fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        Self(now.tv_sec * 1_000_000_000 + now.tv_nsec)
    }

    /// How long after another it is; nothing if it is before.
    pub(super) fn since(self, before: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0 - before.0).unwrap_or(0))
    }
}

/// The two numbers of a record: mostly a moment and a pid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record(pub(super) i64, pub(super) i64);

impl Record {
    /// When the program ran first.
    pub(super) fn moment(self) -> Moment {
        Moment(self.0)
    }

    /// Its process.
    pub(super) fn pid(self) -> Option<i32> {
        i32::try_from(self.1).ok()
    }
}

/// The reading end.
#[derive(Debug)]
pub(super) struct Beacons {
    path: PathBuf,
    file: File,
    /// Read and not yet asked for.
    read: Vec<u8>,
}

/// Long enough for the slowest start that is measured.
const PATIENCE: Duration = Duration::from_secs(40);

impl Beacons {
    /// A new named pipe.
    pub(super) fn new(path: &Path) -> Result<Self, Problem> {
        let file = named_pipe(path)?;
        Ok(Self { path: path.to_owned(), file, read: Vec::new() })
    }

    /// Where the programs write to.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next record, or `None` if there is none by then.
    pub(super) fn next_until(&mut self, deadline: Instant) -> Option<Record> {
        loop {
            if let Some((record, rest)) = self.read.split_first_chunk::<16>() {
                let (moment, pid) = record.split_at(8);
                let number = |bytes: &[u8]| i64::from_ne_bytes(bytes.try_into().unwrap_or_default());
                let record = Record(number(moment), number(pid));
                self.read = rest.to_vec();
                return Some(record);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let timeout = Timespec::try_from(left).ok()?;
            poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&timeout)).ok().filter(|&n| n > 0)?;
            // A multiple of a record's size; and a record comes whole, being shorter than PIPE_BUF.
            let mut bytes = [0; 4096];
            let length = self.file.read(&mut bytes).ok()?;
            self.read.extend_from_slice(bytes.get(..length)?);
        }
    }

    /// The next so many records.
    ///
    /// # Errors
    /// When they do not come.
    pub(super) fn take(&mut self, count: usize, whose: &str) -> Result<Vec<Record>, Problem> {
        let deadline = Instant::now() + PATIENCE;
        let mut records = Vec::with_capacity(count);
        while records.len() < count {
            match self.next_until(deadline) {
                Some(record) => records.push(record),
                None => {
                    let got = format!("{} of {count} programs reported", records.len());
                    return Err(Problem::Failed(whose.into(), got));
                }
            }
        }
        Ok(records)
    }

    /// How long after `begin` the last of so many programs ran.
    ///
    /// # Errors
    /// When they do not all report.
    pub(super) fn last_of(&mut self, count: usize, begin: Moment, whose: &str) -> Result<Duration, Problem> {
        let records = self.take(count, whose)?;
        let last = records.into_iter().map(Record::moment).max().unwrap_or(begin);
        Ok(last.since(begin))
    }
}

/// Makes a named pipe and opens both its ends, so that it never ends.
pub(super) fn named_pipe(path: &Path) -> Result<File, Problem> {
    let file = |error: std::io::Error| Problem::File(path.display().to_string(), error);
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(|errno| file(errno.into()))?;
    File::options().read(true).write(true).open(path).map_err(file)
}

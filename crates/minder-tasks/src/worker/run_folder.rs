//! The records of a run that works, as files: what it is given, and what it gives.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::run::{RECORD_BYTES_MAX, Record, Run, RunId};
use crate::state_dir::StateDir;

const OUTPUT: &str = "output.json";

/// Gone when the run has ended. What a worker that has died has left goes when the next one begins.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    has_input: bool,
}

impl RunFolder {
    pub(super) fn make(state: &StateDir, run: &Run) -> io::Result<Self> {
        let path = of(state, &run.id, run.attempt);
        remove(&path);
        std::fs::create_dir_all(&path)?;
        let folder = Self { path, has_input: run.input.is_some() };
        if let Some(input) = &run.input {
            std::fs::write(folder.path.join("input.json"), format!("{}\n", input.as_str()))?;
        }
        Ok(folder)
    }

    /// The file that the run reads its record from.
    pub(super) fn input(&self) -> Option<PathBuf> {
        self.has_input.then(|| self.path.join("input.json"))
    }

    /// The file that it may write one to.
    pub(super) fn output(&self) -> PathBuf {
        self.path.join(OUTPUT)
    }

    /// What it has written. The error says what is wrong with it.
    pub(super) fn record(&self) -> Result<Option<Record>, String> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(RECORD_BYTES_MAX).unwrap_or(u64::MAX) + 1;
        let read = open_file(&self.output()).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        match read {
            Ok(_) => Record::parse(&bytes).map_err(|error| format!("its output record: {error}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("its output record: {error}")),
        }
    }
}

/// Opens what a run has made. A pipe that nobody writes to would keep the worker waiting for ever.
fn open_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(nonblocking).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes what a run has left whose worker has died.
pub(super) fn forget(state: &StateDir, run: &Run) {
    remove(&of(state, &run.id, run.attempt));
}

/// The file that a run may write its record to, and that no other run has.
pub(super) fn output_of(state: &StateDir, run: &Run) -> PathBuf {
    of(state, &run.id, run.attempt).join(OUTPUT)
}

fn of(state: &StateDir, id: &RunId, attempt: u32) -> PathBuf {
    state.runs().join(format!("{}-{attempt}", crate::state_dir::file_name(id.as_str())))
}

/// What does not go is in nobody's way.
fn remove(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}

//! What runit and s6 have in common: a folder for each service, with a program `run`, a named pipe that takes orders of
//! one letter, and a file with the state.

use super::{Logs, Work};
use crate::step::Problem;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The services of one scanned folder.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) root: PathBuf,
    folders: Vec<PathBuf>,
}

impl Services {
    /// Makes them; `logger` is the line that reads a service's output into a folder, if it is logged.
    pub(super) fn make(
        home: &Path,
        work: &Work,
        logger: impl Fn(&Path, u64) -> String,
    ) -> Result<Self, Problem> {
        let root = home.join("services");
        let mut folders = Vec::with_capacity(work.count);
        for number in 0..work.count {
            let folder = root.join(number.to_string());
            script(&folder, &work.line())?;
            if let Logs::Rotated(bytes) = work.logs {
                let kept = home.join("logs").join(number.to_string());
                make_folder(&kept)?;
                script(&folder.join("log"), &logger(&kept, bytes))?;
            }
            folders.push(folder);
        }
        Ok(Self { root, folders })
    }

    /// Gives all the same order, as the peer's own client does: by a letter into each one's pipe.
    pub(super) fn order(&self, letter: u8) -> Result<(), Problem> {
        for folder in &self.folders {
            let path = folder.join("supervise/control");
            // Without waiting: a pipe that nobody reads is an error and not a reason to stand still.
            let pipe = File::options().write(true).custom_flags(NONBLOCK).open(&path);
            pipe.and_then(|mut pipe| pipe.write_all(&[letter]))
                .map_err(|error| Problem::File(path.display().to_string(), error))?;
        }
        Ok(())
    }

    /// Whether all of them take orders.
    pub(super) fn all_listen(&self) -> bool {
        self.folders.iter().all(|folder| {
            File::options().write(true).custom_flags(NONBLOCK).open(folder.join("supervise/control")).is_ok()
        })
    }

    /// Reads the state of so many, as the peer's own client does; gives the bytes.
    pub(super) fn states(&self, count: usize) -> Result<usize, Problem> {
        self.folders.iter().take(count).try_fold(0, |sum, folder| {
            let path = folder.join("supervise/status");
            let state = fs::read(&path).map_err(|error| Problem::File(path.display().to_string(), error))?;
            Ok(sum + state.len())
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.folders.len()
    }
}

/// `O_NONBLOCK`.
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

fn script(folder: &Path, line: &str) -> Result<(), Problem> {
    make_folder(folder)?;
    let path = folder.join("run");
    fs::write(&path, format!("#!/bin/sh\nexec {line}\n"))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .map_err(|error| Problem::File(path.display().to_string(), error))
}

fn make_folder(folder: &Path) -> Result<(), Problem> {
    fs::create_dir_all(folder).map_err(|error| Problem::File(folder.display().to_string(), error))
}

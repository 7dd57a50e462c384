//! What all measurements need: a folder, the programs in C, the daemons, and how much time there is.

use super::beacons::Beacons;
use super::peers::{Peer, roster};
use crate::step::{self, Problem};
use crate::workspace;
use rustix::process::{Resource, getrlimit};
use std::cell::Cell;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use tempfile::TempDir;

/// How thorough to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Quick,
    Full,
}

impl Pace {
    /// One of two values.
    pub(super) fn choose<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// The measuring place. Its folder goes when it goes.
pub(super) struct Place {
    folder: TempDir,
    serial: Cell<u32>,
    venv: PathBuf,
    /// The build that is measured.
    pub(super) minder: PathBuf,
    pub(super) pace: Pace,
    /// All who are there.
    pub(super) peers: Vec<Box<dyn Peer>>,
    /// How many files a daemon may open, as the machine allows.
    pub(super) files_limit: u64,
    /// How busy the machine was in the last minute before anything was measured.
    pub(super) load: f64,
}

/// Enough for two thousand programs with logs.
const FILES: u64 = 16384;

const PROGRAMS: &[(&str, &str)] = &[
    ("beacon", include_str!("beacon.c")),
    ("writer", include_str!("writer.c")),
    ("floor", include_str!("floor.c")),
];

impl Place {
    /// Builds minder and the C programs, `MINDER_REFERENCE_VENV` names another
    /// environment with Supervisor and Circus.
    ///
    /// # Errors
    /// When there is no compiler.
    pub(super) fn new(pace: Pace) -> Result<Self, Problem> {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
        let venv =
            std::env::var_os("MINDER_REFERENCE_VENV").map_or_else(workspace::reference_venv, PathBuf::from);
        let minder = minder()?;
        let folder = tempfile::Builder::new().prefix("minder-bench").tempdir();
        let folder = folder.map_err(|error| Problem::File("a temporary folder".into(), error))?;
        for (name, source) in PROGRAMS {
            workspace::compile(folder.path(), name, source)?;
        }
        for name in ["supervisord", "circusd"] {
            let link = folder.path().join(name);
            symlink(&minder, &link).map_err(|error| Problem::File(link.display().to_string(), error))?;
        }
        let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(FILES);
        let mut place = Self {
            folder,
            serial: Cell::new(0),
            venv,
            minder,
            pace,
            peers: Vec::new(),
            files_limit: limit.min(FILES),
            load,
        };
        let there = |peer: &dyn Peer, place: &Self| peer.needs(place).iter().all(|program| program.exists());
        place.peers = roster().into_iter().filter(|peer| there(peer.as_ref(), &place)).collect();
        Ok(place)
    }

    /// One of the C programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program of the environment with Supervisor and Circus.
    pub(super) fn original(&self, program: &str) -> PathBuf {
        self.venv.join("bin").join(program)
    }

    /// A name in the folder that nobody had before.
    pub(super) fn fresh_path(&self) -> PathBuf {
        self.serial.set(self.serial.get() + 1);
        self.folder.path().join(self.serial.get().to_string())
    }

    /// A new folder.
    ///
    /// # Errors
    /// When the disk is full, or the like.
    pub(super) fn fresh_folder(&self) -> Result<PathBuf, Problem> {
        let path = self.fresh_path();
        fs::create_dir(&path).map_err(|error| Problem::File(path.display().to_string(), error))?;
        Ok(path)
    }

    /// A named pipe for programs to report to.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn beacons(&self) -> Result<Beacons, Problem> {
        Beacons::new(&self.fresh_path())
    }
}

/// The release build; `MINDER_BINARY` names another that is measured instead.
fn minder() -> Result<PathBuf, Problem> {
    if let Some(binary) = std::env::var_os("MINDER_BINARY") {
        return Ok(binary.into());
    }
    step::run("release build", workspace::cargo().args(["build", "--release", "-p", "minder"]))?;
    Ok(workspace::target().join("release/minder"))
}

//! Where a demo lives: a directory of its own, and ports that nobody else has.

use std::fs::{self, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::{Complaint, install_links};

/// A directory that only its owner can enter, gone when the demo is.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    /// The executable of this minder.
    minder: PathBuf,
}

impl Place {
    /// Makes the directory, writes files into it (paths with folders are fine), and makes `log/` and `bin/`, where
    /// minder is found under the names of the programs that it can be.
    pub(super) fn new(files: &[(&str, &str)]) -> Result<Place, Complaint> {
        Place::make(files).map_err(|error| Complaint::failed(format!("cannot make a directory for the demo: {error}")))
    }

    fn make(files: &[(&str, &str)]) -> io::Result<Place> {
        // A directory of the session goes with the session, even if the demo is killed.
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
        let base = runtime.unwrap_or_else(std::env::temp_dir);
        let directory = tempfile::Builder::new()
            .prefix("minder-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(base)?;
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap_or(directory.path()))?;
            fs::write(path, text)?;
        }
        fs::create_dir(directory.path().join("log"))?;
        let minder = std::env::current_exe()?;
        install_links::install(&directory.path().join("bin"), &minder, install_links::Foreign::Keep)?;
        Ok(Place { directory, minder })
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn minder(&self) -> &Path {
        &self.minder
    }

    /// A command line of one of the programs in `bin/`, to be shown.
    pub(super) fn command(&self, program: &str, words: &str) -> String {
        format!("{} -c {} {words}", self.file("bin").join(program).display(), self.file("supervisord.conf").display())
    }

    /// A command line of minder itself, to be shown.
    pub(super) fn minder_command(&self, words: &str) -> String {
        format!("{} {words} -c {}", self.minder.display(), self.file("supervisord.conf").display())
    }

    pub(super) fn remove(self) -> io::Result<()> {
        self.directory.close()
    }
}

/// A port of the loopback interface that is free: the wanted one, or else another. Somebody may take it before the demo
/// does; then the program that wanted it says so.
pub(super) fn free_port(wanted: u16) -> Result<u16, Complaint> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bind(wanted)
        .or_else(|_| bind(0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Complaint::failed(format!("no port of the loopback interface is free: {error}")))
}

//! Where a demo lives: a directory of its own, and ports that nobody else has.

use std::fs::{self, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::{Complaint, install_links};

/// How many other ports are tried.
const PORT_TRIES: usize = 16;

/// A directory that only its owner can enter, gone when the demo is.
#[derive(Debug)]
pub(super) struct Place {
    directory: TempDir,
    /// The executable of this minder.
    minder: PathBuf,
}

impl Place {
    /// Makes the directory, writes files into it (paths with folders are fine), and makes `log/` and `bin/`, where
    /// minder is found under its own name and those of the programs that it can be.
    pub(super) fn new(files: &[(&str, &str)]) -> Result<Place, Complaint> {
        Place::make(files)
            .map_err(|error| Complaint::failed(format!("cannot make a directory for the demo: {error}")))
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
        let bin = directory.path().join("bin");
        install_links::install(&bin, install_links::of_minder(&minder), install_links::Foreign::Keep)?;
        symlink(&minder, bin.join("minder"))?;
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

    pub(super) fn remove(self) -> io::Result<()> {
        self.directory.close()
    }
}

/// A port of the loopback interface.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) number: u16,
    /// An abstract socket that is called after the port. As long as it is held no other demo takes the port, although
    /// nobody listens there yet.
    _claim: UnixListener,
}

impl Port {
    /// A port that is free: the wanted one, or else another. A program that is no demo may still take it before ours does;
    /// then the one that wanted it says so.
    pub(super) fn free(wanted: u16) -> Result<Port, Complaint> {
        let mut tries = std::iter::once(wanted).chain(std::iter::repeat_n(0, PORT_TRIES));
        tries.find_map(|port| Port::claim(port).ok()).ok_or_else(|| {
            Complaint::failed("no port of the loopback interface is free")
                .with_hint("is there a loopback interface? `ip address show lo`")
        })
    }

    fn claim(wanted: u16) -> io::Result<Port> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))?;
        let number = listener.local_addr()?.port();
        let name = SocketAddr::from_abstract_name(format!("minder-demo-port-{number}"))?;
        Ok(Port { number, _claim: UnixListener::bind_addr(&name)? })
    }
}

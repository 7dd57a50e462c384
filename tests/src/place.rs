//! Where a daemon lives during one scenario: a temporary directory, a mark in the environment by which every process
//! that comes from it can be found again, and the paths of the programs under test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The variable that every process of one scenario inherits.
pub const MARK: &str = "MINDER_PROOF_MARK";

/// A directory for one daemon.
#[derive(Debug)]
pub struct Place {
    dir: tempfile::TempDir,
    mark: String,
}

impl Place {
    /// A new empty directory with the recorder of events and the fake sendmail in it.
    ///
    /// # Panics
    /// When the directory cannot be made.
    pub fn new() -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // All names have the same length: lengths of paths show in payloads and tables.
        let dir =
            tempfile::Builder::new().prefix("mt-").rand_bytes(8).tempdir().expect("a temporary directory");
        let mark = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let place = Place { dir, mark };
        // Programs of other users write here too.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(place.dir(), open).expect("the mode of a directory of ours");
        for (name, text) in [("recorder.py", crate::events::RECORDER), ("sendmail.sh", crate::mail::SENDMAIL)]
        {
            std::fs::write(place.path(name), text).expect("a helper program");
        }
        place
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path inside the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The value of [`MARK`] for processes started here.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// `text` with `{dir}`, `{port}`, `{recorder}`, `{sendmail}` and `{venv}` filled in.
    pub fn fill(&self, text: &str, port: u16) -> String {
        let dir = self.dir().display().to_string();
        text.replace("{dir}", &dir)
            .replace("{port}", &port.to_string())
            .replace("{recorder}", &format!("/usr/bin/python3 -SE {dir}/recorder.py {dir}/events"))
            .replace("{sendmail}", &format!("/bin/sh {dir}/sendmail.sh {dir}/letters"))
            .replace("{venv}", &reference_venv().display().to_string())
    }

    /// The pids and command lines of living processes that carry this place's mark.
    pub fn processes(&self) -> Vec<(u32, String)> {
        let wanted = format!("{MARK}={}", self.mark);
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let Ok(environ) = std::fs::read(entry.path().join("environ")) else { continue };
            if environ.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ").trim().to_owned()));
            }
        }
        found
    }
}

impl Place {
    /// The pids of living processes whose current directory is this one.
    pub fn residents(&self) -> Vec<u32> {
        let own = std::fs::canonicalize(self.dir()).unwrap_or_else(|_| self.dir().to_owned());
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let here =
            entries.filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == own));
        here.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }
}

impl Default for Place {
    fn default() -> Self {
        Place::new()
    }
}

/// The virtual environment with the real Supervisor, as `cargo xtask setup` makes it.
pub fn reference_venv() -> PathBuf {
    match std::env::var_os("MINDER_REFERENCE_VENV") {
        Some(path) => path.into(),
        None => target_dir().join("reference-venv"),
    }
}

/// minder's binary: `MINDER_BIN`, or the debug build.
///
/// # Panics
/// When it has not been built.
pub fn minder_binary() -> PathBuf {
    let path =
        std::env::var_os("MINDER_BIN").map_or_else(|| target_dir().join("debug/minder"), PathBuf::from);
    assert!(
        path.exists(),
        "{} does not exist: run `cargo xtask test`, or `cargo build -p minder` first",
        path.display()
    );
    path
}

fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("target"),
    }
}

/// A TCP port of the loopback interface that nobody has at the moment.
///
/// # Panics
/// When there is no free port.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

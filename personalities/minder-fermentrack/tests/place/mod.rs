//! A home directory with a Fermentrack in it, and the script run there as a user runs it.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};

/// A name for the test program in the role of the script; the value is its arguments, separated by `|`.
pub(crate) const ROLE: &str = "MINDER_TEST_UPDATECRONCIRCUS";
/// The executable that the script is to take for the daemon's.
pub(crate) const CIRCUSD: &str = "MINDER_TEST_CIRCUSD";
/// What the test harness prints ends here.
pub(crate) const MARK: &str = "=====\n";
/// A condition that does not come true by then fails the test.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// How the script's two outputs begin.
pub(crate) const STARTING: &str = "Starting Fermentrack supervisor: circusd: ";
pub(crate) const STOPPING: &str = "Stopping Fermentrack supervisor: circusd: ";

/// What a run of the script came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

/// What is expected of a run that ends with 0 and says nothing on standard error.
pub(crate) fn fine(stdout: &str) -> Said {
    Said { stdout: stdout.to_owned(), stderr: String::new(), status: Some(0) }
}

/// A home directory.
pub(crate) struct Home {
    pub(crate) directory: tempfile::TempDir,
}

impl Home {
    /// With an application, its virtual environment, and a link to the script where Fermentrack has it.
    pub(crate) fn new() -> Self {
        let home = Self { directory: tempfile::tempdir().unwrap() };
        for directory in ["fermentrack/utils", "fermentrack/log", "venv/bin", "bin"] {
            std::fs::create_dir_all(home.path(directory)).unwrap();
        }
        home.write("venv/bin/activate", "");
        symlink(std::env::current_exe().unwrap(), home.script()).unwrap();
        home
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.path("fermentrack/utils/updateCronCircus.sh")
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        std::fs::write(self.path(below), text).unwrap();
    }

    pub(crate) fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap_or_default()
    }

    /// A program of the user's own, before all others of its name.
    pub(crate) fn install(&self, name: &str, text: &str) {
        let name = format!("bin/{name}");
        self.write(&name, text);
        std::fs::set_permissions(self.path(&name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The script with these arguments, called by this name.
    pub(crate) fn command(&self, called: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(called);
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.args(["--exact", "role", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, arguments.join("|")).env(CIRCUSD, self.path("bin/circusd"));
        command.env("HOME", self.directory.path()).env("PATH", path);
        command.env_remove("PYTHONPATH").env_remove("CIRCUSCTL_ENDPOINT").stdin(Stdio::null());
        command
    }

    /// Runs it until it has ended and nobody holds its output any more, as cron does.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(&self.script(), arguments))
    }
}

/// Runs a command of [`Home::command`].
pub(crate) fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stdout = stdout.split_once(MARK).map(|(_, rest)| rest.to_owned()).unwrap_or(stdout);
    Said { stdout, stderr: String::from_utf8(output.stderr).unwrap(), status: output.status.code() }
}

/// Waits for a condition. Looking at it is what takes the time.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// Waits for the end of a process that is not ours to reap.
pub(crate) fn wait_for_end(pid: &str) {
    let Some(pid) = number(pid) else { return };
    let Ok(process) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return };
    let limit = Timespec::try_from(LIMIT).unwrap();
    let ended = rustix::event::poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit)).unwrap();
    assert_eq!(ended, 1, "{pid:?} ends");
}

/// Ends a process, if it is there, and waits for it.
pub(crate) fn kill(pid: &str) {
    if let Some(number) = number(pid) {
        let _ = rustix::process::kill_process(number, Signal::KILL);
        wait_for_end(pid);
    }
}

fn number(pid: &str) -> Option<Pid> {
    pid.trim().parse().ok().and_then(Pid::from_raw)
}

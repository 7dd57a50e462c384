//! A home directory with acoupi in it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// Who starts things after a boot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Init {
    Systemd,
    Cron,
    Nobody,
}

/// A home directory. What runs in it ends with it.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new(init: Init) -> Self {
        let home = Self { dir: tempfile::tempdir().expect("a temporary directory") };
        for folder in ["bin", "state", "tmp"] {
            fs::create_dir(home.path(folder)).expect("made");
        }
        symlink(env!("CARGO_BIN_EXE_minder"), home.path("bin/acoupi")).expect("a link");
        symlink(env!("CARGO_BIN_EXE_minder"), home.path("bin/minder")).expect("a link");
        // What this machine has of its own must not answer.
        let silent = "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n";
        home.program("loginctl", "#!/bin/sh\necho yes\n");
        home.program("journalctl", silent);
        match init {
            Init::Systemd => home.program("systemctl", include_str!("systemctl.sh")),
            Init::Cron | Init::Nobody => home.program("systemctl", silent),
        }
        if init == Init::Cron {
            home.program("crontab", include_str!("crontab.sh"));
        }
        home
    }

    /// A home in which a program is set up that records from a simulated microphone, all day, into the home.
    pub(crate) fn recording(init: Init) -> Self {
        let home = Self::new(init);
        let said = home.setup("acoupi.programs.default", &[]);
        assert_eq!(said.status, 0, "{said:?}");
        home
    }

    /// Sets a program up.
    pub(crate) fn setup(&self, program: &str, more: &[&str]) -> Said {
        let tmp = self.path("tmp").display().to_string();
        let mut words = vec!["setup", "--no-prompt", "--program", program];
        words.extend(["--microphone.device_name", "simulated", "--paths.tmp_audio", &tmp]);
        words.extend(["--recording.duration", "1", "--recording.interval", "1"]);
        words.extend(["--recording.schedule_start", "00:00", "--recording.schedule_end", "23:59:59"]);
        // Machines on which tests run may be nearly full.
        words.extend(["--minder.disk_free_mb", "1"]);
        words.extend(more);
        self.acoupi(&words)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program that is found before those of the machine.
    pub(crate) fn program(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// A command with the surroundings of this home.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path());
        command.env("HOME", self.dir.path()).env("SYSTEMCTL_STATE", self.path("state"));
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        command
    }

    /// Runs acoupi with nothing to read.
    pub(crate) fn acoupi(&self, words: &[&str]) -> Said {
        self.typing("", words)
    }

    /// Runs acoupi for somebody who types this.
    pub(crate) fn typing(&self, typed: &str, words: &[&str]) -> Said {
        let acoupi = self.path("bin/acoupi").display().to_string();
        said(self.command(&acoupi).args(words), typed)
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap_or(Value::Null)
    }

    pub(crate) fn deployment(&self) -> Value {
        self.json(".acoupi/config/deployment.json")
    }

    /// Waits until something holds.
    pub(crate) fn wait(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !holds(self) {
            assert!(Instant::now() < end, "{what}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What was written down of all that ran here, for who looks for a mistake.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for folder in [".acoupi/log", "state"] {
            for entry in fs::read_dir(self.path(folder)).into_iter().flatten().flatten() {
                let path = entry.path();
                text.push_str(&format!(
                    "--- {}\n{}\n",
                    path.display(),
                    fs::read_to_string(&path).unwrap_or_default()
                ));
            }
        }
        text
    }

    /// The orders that the user manager was given, without questions.
    pub(crate) fn orders(&self) -> Vec<String> {
        let calls = self.text("state/calls");
        calls.lines().filter(|call| !call.contains(" is-")).map(|call| call.replace("--user ", "")).collect()
    }

    /// How many recordings were kept.
    pub(crate) fn kept(&self) -> usize {
        count(&self.path("storages/recordings"))
    }

    /// Everything that a query finds, a row a line.
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        let path = self.path("storages/metadata.db");
        let Ok(connection) = rusqlite::Connection::open(path) else { return Vec::new() };
        let Ok(mut statement) = connection.prepare(query) else { return Vec::new() };
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        rows.map(|row| row.expect("text")).collect()
    }

    /// The process of a worker.
    pub(crate) fn pid(&self, worker: &str) -> Option<i32> {
        let path = self.path(".acoupi/state/queue.db");
        let connection = rusqlite::Connection::open(path).ok()?;
        connection.query_row("SELECT pid FROM workers WHERE name = ?1", [worker], |row| row.get(0)).ok()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.path(".acoupi/run").exists() {
            self.acoupi(&["workers", "stop"]);
        }
        if let Ok(pid) = self.text("state/acoupi-beat.service.pid").trim().parse::<i32>() {
            kill(pid, "TERM");
        }
    }
}

/// Sends a signal to one process.
pub(crate) fn kill(pid: i32, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &pid.to_string()]).stderr(Stdio::null()).status();
    status.expect("kill");
}

pub(crate) fn said(command: &mut Command, typed: &str) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    let mut keyboard = child.stdin.take().expect("a keyboard");
    // Who asks for nothing may have ended.
    let _ = keyboard.write_all(typed.as_bytes());
    drop(keyboard);
    let output = child.wait_with_output().expect("ended");
    Said {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                count(&path)
            } else {
                usize::from(path.extension().is_some_and(|it| it == "wav"))
            }
        })
        .sum()
}

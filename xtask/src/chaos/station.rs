//! A supervisord of ours with programs that know what must not happen to them, and the ways to find its two processes.

use crate::rpc::Client;
use crate::step::Problem;
use crate::workspace;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(super) const WRITERS: usize = 6;
pub(super) const LOOPERS: usize = 8;
pub(super) const STEADY: usize = 3;
pub(super) const TOGGLED: usize = 3;

/// How long anything may take before it counts as broken.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The folder, and the processes that were started in it.
#[derive(Debug)]
pub(super) struct Station {
    folder: TempDir,
    /// Each daemon that was started; all but the last are dead.
    started: Vec<Child>,
    /// The programs that minder may become, by turns.
    binaries: [PathBuf; 2],
    turn: usize,
}

/// Logs of writers: rotated, never rotated, and looked at on their way (where a piece may come twice after a kill).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    Rotated,
    Whole,
    LookedAt,
}

impl Log {
    pub(super) fn of_writer(number: usize) -> Log {
        [Log::Rotated, Log::Whole, Log::LookedAt][number % 3]
    }
}

impl Station {
    pub(super) fn build() -> Result<Station, Problem> {
        let folder = tempfile::Builder::new().prefix("minder-chaos").tempdir();
        let folder = folder.map_err(|error| Problem::File("a temporary folder".into(), error))?;
        for (name, source) in [("writer", include_str!("writer.c")), ("looper", include_str!("looper.c"))] {
            workspace::compile(folder.path(), name, source)?;
        }
        let built = workspace::target().join("debug/minder");
        let in_folder = |name: &str| folder.path().join(name);
        let copied = |name: &str| {
            let copy = in_folder(name);
            fs::copy(&built, &copy).map_err(|error| Problem::File(copy.display().to_string(), error))?;
            Ok(copy)
        };
        let binaries = [copied("minder")?, copied("minder-next")?];
        symlink(&binaries[0], in_folder("supervisord"))
            .map_err(|error| Problem::File("supervisord".into(), error))?;
        let station = Station { started: Vec::new(), binaries, turn: 0, folder };
        fs::write(station.path("supervisord.conf"), station.configuration())
            .map_err(|error| Problem::File("supervisord.conf".into(), error))?;
        Ok(station)
    }

    fn configuration(&self) -> String {
        let dir = self.folder.path().display().to_string();
        let mut text = format!(
            "[supervisord]\nlogfile={dir}/main.log\nlogfile_maxbytes=0\npidfile={dir}/main.pid\nchildlogdir={dir}\n\
             [unix_http_server]\nfile={dir}/socket\n[rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        );
        for number in 0..WRITERS {
            let log = match Log::of_writer(number) {
                Log::Rotated => "stdout_logfile_maxbytes=20KB\nstdout_logfile_backups=10000\n",
                Log::Whole => "stdout_logfile_maxbytes=0\n",
                Log::LookedAt => "stdout_logfile_maxbytes=0\nstdout_capture_maxbytes=1MB\n",
            };
            text += &format!(
                "[program:writer{number}]\ncommand={dir}/writer {dir} writer{number}\nstartsecs=0\nstdout_logfile={dir}/writer{number}.log\n{log}"
            );
        }
        for number in 0..LOOPERS {
            text += &format!(
                "[program:looper{number}]\ncommand={dir}/looper {dir} looper{number}\nstartsecs=0\nautorestart=true\n"
            );
        }
        for number in 0..STEADY {
            text += &format!("[program:steady{number}]\ncommand=sleep 100000\nstartsecs=0\n");
        }
        for number in 0..TOGGLED {
            text += &format!("[program:toggled{number}]\ncommand=sleep 100000\nstartsecs=0\n");
        }
        text
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a daemon, as whoever finds it dead would.
    pub(super) fn start(&mut self) -> Result<(), Problem> {
        let mut command = Command::new(self.path("supervisord"));
        command.args(["-n", "-s", "-c"]).arg(self.path("supervisord.conf")).stdin(Stdio::null());
        let errors = fs::File::options().create(true).append(true).open(self.path("stderr.txt"));
        command.stdout(Stdio::null()).stderr(errors.map_or_else(|_| Stdio::null(), Stdio::from));
        let child = command.spawn().map_err(|error| Problem::NotStarted("supervisord".into(), error))?;
        self.started.push(child);
        Ok(())
    }

    /// The process in the pidfile.
    pub(super) fn keeper(&self) -> Option<Pid> {
        let pid = fs::read_to_string(self.path("main.pid")).ok()?.trim().parse().ok()?;
        Pid::from_raw(pid)
    }

    /// The keeper's child that is what it is itself.
    pub(super) fn mind(&self) -> Option<Pid> {
        let keeper = self.keeper()?.as_raw_nonzero();
        let own = fs::read_link(format!("/proc/{keeper}/exe")).ok()?;
        let children = fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).ok()?;
        let mut children = children.split_whitespace().filter_map(|word| word.parse::<i32>().ok());
        children
            .find(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == own))
            .and_then(Pid::from_raw)
    }

    /// The program that minder is to become next.
    pub(super) fn next_binary(&mut self) -> PathBuf {
        self.turn = 1 - self.turn;
        self.binaries[self.turn].clone()
    }

    /// A program of this build.
    pub(super) fn minder(&self) -> &Path {
        &self.binaries[0]
    }

    pub(super) fn client(&self) -> Client {
        Client::new(&self.path("socket")).patient(Duration::from_secs(2))
    }

    /// Waits until it answers; how long that took.
    pub(super) fn wait_until_answering(&self) -> Result<Duration, Problem> {
        let begun = Instant::now();
        while self.client().call("supervisor.getState", "").is_err() {
            if begun.elapsed() > PATIENCE {
                return Err(Problem::Failed(
                    "minder".into(),
                    format!("it answers no more\n{}", self.last_words()),
                ));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(begun.elapsed())
    }

    /// The last lines of its log.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.path("main.log")).unwrap_or_default();
        let errors = fs::read_to_string(self.path("stderr.txt")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().chain(errors.lines()).collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Ends it as one should, and waits for that.
    pub(super) fn end(&mut self) -> Result<(), Problem> {
        let keeper =
            self.keeper().ok_or_else(|| Problem::Failed("minder".into(), "it has no pidfile".into()))?;
        let _ = kill_process(keeper, Signal::TERM);
        let begun = Instant::now();
        while self.path("main.pid").exists() {
            if begun.elapsed() > PATIENCE {
                return Err(Problem::Failed(
                    "minder".into(),
                    format!("it does not end\n{}", self.last_words()),
                ));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Processes that still run in the folder.
    pub(super) fn survivors(&self) -> Vec<i32> {
        let marker = self.folder.path().display().to_string();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&marker)
        })
        .collect()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        for pid in self.survivors().into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        for child in &mut self.started {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

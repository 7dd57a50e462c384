//! The real circusd in a directory of its own, with endpoints that are files in it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::programs::Running;
use super::{PATIENCE, venv, wait_for};

/// Ended with this, with all that it started.
pub(crate) struct Circusd {
    running: Running,
    dir: tempfile::TempDir,
}

impl Circusd {
    /// Starts one with these sections, and waits until it takes commands. `HERE` is its directory.
    pub(crate) fn start(sections: &str) -> Circusd {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let here = dir.path().to_str().expect("a plain path");
        let own = format!(
            "[circus]\nendpoint = ipc://{here}/endpoint\npubsub_endpoint = ipc://{here}/pubsub\n\
             multicast_endpoint =\ncheck_delay = 0.2\nlogoutput = {here}/circusd.log\n"
        );
        let file = dir.path().join("circus.ini");
        std::fs::write(&file, own + &sections.replace("HERE", here)).expect("a file");
        let mut command = Command::new(venv().join("bin/circusd"));
        command.arg(&file).current_dir(dir.path());
        let circusd = Circusd { running: Running::start(command), dir };
        wait_for("circusd to take commands", || circusd.log().contains("Arbiter now waiting").then_some(()));
        circusd
    }

    pub(crate) fn here(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.here().join("circusd.log")).unwrap_or_default()
    }

    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("ipc://{}/{name}", self.here().display())
    }

    /// What the original's circusctl prints for a command.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(venv().join("bin/circusctl"));
        command.args(["--endpoint", &self.endpoint("endpoint"), "--timeout", "30", "--json"]).args(arguments);
        let output = command.output().expect("circusctl");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    pub(crate) fn pids(&self, watcher: &str) -> Vec<u64> {
        let listed = self.ctl(&["list", watcher]);
        listed["pids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }

    pub(crate) fn status(&self, watcher: &str) -> String {
        self.ctl(&["status", watcher])["status"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Circusd {
    fn drop(&mut self) {
        // It ends its processes, so it gets the time for that. A signal that comes during its pass over the watchers is lost.
        let begin = Instant::now();
        while self.running.is_alive() && begin.elapsed() < PATIENCE {
            self.running.signal(Signal::TERM);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

//! pm2: a daemon in Node that its command line client asks.

use super::{Answer, Logs, Peer, Reason, Running, Subject, Work, install};
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::step::{self, Problem};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(super) struct Pm2;

impl Peer for Pm2 {
    fn name(&self) -> &'static str {
        "pm2"
    }

    fn configured(&self) -> &'static str {
        "7.0.4, its daemon in the foreground, N applications in fork mode without an interpreter; asked by a process of its client each time (`pm2 start`, `stop all`, `jlist`); it cannot rotate logs by itself and keeps all"
    }

    fn needs(&self, _place: &Place) -> Vec<PathBuf> {
        vec![install::in_path("node"), install::pm2().join("lib/Daemon.js")]
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        match subject {
            Subject::Start(101..) | Subject::Idle(101..) => Some("1000 take it minutes"),
            Subject::Storm => Some("gives up those that end at once"),
            Subject::Start(_) | Subject::Restart | Subject::Idle(_) | Subject::Logs(_) => None,
        }
    }

    fn settled(&self) -> Duration {
        Duration::from_millis(1100)
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn start(&self, _place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        let file = home.join("load.json");
        let (program, arguments) =
            work.command.split_first().ok_or_else(|| Problem::Missing("no command".into()))?;
        let output = if work.logs == Logs::None { json!("/dev/null") } else { json!(home.join("out.log")) };
        let application = json!({"name": "load", "script": program, "args": arguments, "interpreter": "none",
            "exec_mode": "fork", "instances": work.count, "autorestart": true, "min_uptime": 0,
            "max_restarts": 1_000_000, "out_file": output, "error_file": "/dev/null"});
        fs::write(&file, json!({"apps": [application]}).to_string())
            .map_err(|error| Problem::File(file.display().to_string(), error))?;
        let mut command = Command::new(install::in_path("node"));
        command
            .arg(install::pm2().join("lib/Daemon.js"))
            .env("PM2_HOME", home)
            .stderr(std::process::Stdio::null());
        let mut daemon = Daemon::start(self.name(), home, &mut command, Ending::Term)?;
        let socket = home.join("rpc.sock");
        daemon.first_answer(|| {
            let there = socket.exists() && home.join("pub.sock").exists();
            there.then_some(()).ok_or_else(|| Problem::Missing("pm2 is not ready".into()))
        })?;
        let mut station = Station { daemon, home: home.to_owned() };
        station.client(&["start", "load.json"])?;
        Ok(Box::new(station))
    }
}

struct Station {
    daemon: Daemon,
    home: PathBuf,
}

impl Station {
    fn client(&mut self, words: &[&str]) -> Result<usize, Problem> {
        let mut client = Command::new(install::in_path("node"));
        client
            .arg(install::pm2().join("bin/pm2"))
            .args(words)
            .env("PM2_HOME", &self.home)
            .current_dir(&self.home);
        step::output(&mut client).map(|said| said.len())
    }
}

impl Running for Station {
    fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    fn ready(&mut self) -> Result<(), Problem> {
        Ok(())
    }

    fn stop_all(&mut self) -> Option<Result<Answer, Problem>> {
        Some(self.client(&["stop", "all"]).map(|_| Answer::Done))
    }

    fn start_all(&mut self) -> Option<Result<(), Problem>> {
        Some(self.client(&["start", "all"]).map(drop))
    }

    fn states(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.client(&["jlist"]))
    }
}

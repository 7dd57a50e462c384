//! pitchfork: daemons of a project, below a background supervisor.

use super::{Answer, Logs, Peer, Reason, Running, Subject, Work, install};
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::step::{self, Problem};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) struct Pitchfork;

impl Peer for Pitchfork {
    fn name(&self) -> &'static str {
        "pitchfork"
    }

    fn configured(&self) -> &'static str {
        "2.33.0, `pitchfork supervisor run` with a project file of N daemons and `retry = true`; asked by a process of its client each time (`start --all`, `stop --all`, `list`); it keeps all output in its own store"
    }

    fn needs(&self, _place: &Place) -> Vec<PathBuf> {
        vec![program()]
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        match subject {
            Subject::Start(101..) | Subject::Idle(101..) => Some("1000 take it minutes"),
            Subject::Storm => Some("waits before it starts again what has ended"),
            Subject::Logs(_) => {
                Some("its logs are records of a store of its own, not files that are rotated")
            }
            Subject::Start(_) | Subject::Restart | Subject::Idle(_) => None,
        }
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn start(&self, _place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        debug_assert!(!matches!(work.logs, Logs::Rotated(_)));
        let mut text = String::new();
        for number in 0..work.count {
            let _ = writeln!(
                text,
                "[daemons.p{number}]\nrun = \"exec {}\"\nretry = true\nready_delay = 0\n",
                work.line()
            );
        }
        let file = home.join("pitchfork.toml");
        fs::write(&file, text).map_err(|error| Problem::File(file.display().to_string(), error))?;
        let mut command = in_home(home);
        command.args(["supervisor", "run"]);
        let daemon = Daemon::start(self.name(), home, &mut command, Ending::Term)?;
        let mut station = Station { daemon, home: home.to_owned() };
        let home = station.home.clone();
        station
            .daemon
            .first_answer(|| step::output(in_home(&home).args(["supervisor", "status"])).map(drop))?;
        station.client(&["start", "--all"])?;
        Ok(Box::new(station))
    }
}

fn program() -> PathBuf {
    install::cargo_root().join("bin/pitchfork")
}

/// Nothing of the user's own is read or written.
fn in_home(home: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .stdin(Stdio::null());
    command.env("PITCHFORK_STATE_DIR", home.join("state")).env("PITCHFORK_INTERVAL", "1s");
    command
}

struct Station {
    daemon: Daemon,
    home: PathBuf,
}

impl Station {
    fn client(&mut self, words: &[&str]) -> Result<usize, Problem> {
        step::output(in_home(&self.home).args(words)).map(|said| said.len())
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
        Some(self.client(&["stop", "--all"]).map(|_| Answer::Accepted))
    }

    fn start_all(&mut self) -> Option<Result<(), Problem>> {
        Some(self.client(&["start", "--all"]).map(drop))
    }

    fn states(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.client(&["list"]))
    }
}

//! Horust: a supervisor for containers, whose services are files.

use super::{Answer, Logs, Peer, Reason, Running, Subject, Work, install};
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::step::Problem;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) struct Horust;

impl Peer for Horust {
    fn name(&self) -> &'static str {
        "Horust"
    }

    fn configured(&self) -> &'static str {
        "0.1.14, a file for each of the N services with `strategy = \"always\"` and no backoff; it cannot stop and start again by an order, nor tell the state of all"
    }

    fn needs(&self, _place: &Place) -> Vec<PathBuf> {
        vec![install::cargo_root().join("bin/horust")]
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        match subject {
            Subject::Start(1001..) | Subject::Idle(1001..) => Some("takes a minute"),
            Subject::Start(_) | Subject::Restart | Subject::Idle(_) | Subject::Logs(_) | Subject::Storm => {
                None
            }
        }
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn start(&self, _place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        let services = home.join("services");
        let file = |path: &Path, error| Problem::File(path.display().to_string(), error);
        fs::create_dir(&services).map_err(|error| file(&services, error))?;
        for number in 0..work.count {
            let output = match work.logs {
                Logs::None => "stdout = \"/dev/null\"\nstderr = \"/dev/null\"\n".to_owned(),
                Logs::Default => String::new(),
                Logs::Rotated(bytes) => format!(
                    "stdout = \"{}/{number}.log\"\nstdout-rotate-size = \"{bytes} B\"\n",
                    home.display()
                ),
            };
            let path = services.join(format!("{number}.toml"));
            let text = format!(
                "command = \"{}\"\n{output}\n[restart]\nstrategy = \"always\"\nbackoff = \"0s\"\n\n\
                 [termination]\nsignal = \"TERM\"\nwait = \"1s\"\n",
                work.line()
            );
            fs::write(&path, text).map_err(|error| file(&path, error))?;
        }
        let mut command = Command::new(install::cargo_root().join("bin/horust"));
        command.arg("--services-path").arg(&services).arg("--uds-folder-path").arg(home);
        Ok(Box::new(Station(Daemon::start(self.name(), home, &mut command, Ending::Term)?)))
    }
}

struct Station(Daemon);

impl Running for Station {
    fn daemon(&mut self) -> &mut Daemon {
        &mut self.0
    }

    fn ready(&mut self) -> Result<(), Problem> {
        Ok(())
    }

    fn stop_all(&mut self) -> Option<Result<Answer, Problem>> {
        None
    }

    fn start_all(&mut self) -> Option<Result<(), Problem>> {
        None
    }

    fn states(&mut self) -> Option<Result<usize, Problem>> {
        None
    }
}

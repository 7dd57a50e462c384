//! runit: a `runsv` for each program, below one `runsvdir`.

use super::service_folders::Services;
use super::{Answer, Peer, Reason, Running, Subject, Work, install};
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::step::Problem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(super) struct Runit;

impl Peer for Runit {
    fn name(&self) -> &'static str {
        "runit"
    }

    fn configured(&self) -> &'static str {
        "`runsvdir` over N service folders whose `run` is a shell script with one `exec`, `svlogd` beside each where output is kept; orders and states by its control pipes and status files, as `sv` does"
    }

    fn needs(&self, _place: &Place) -> Vec<PathBuf> {
        ["runsvdir", "runsv", "svlogd"].map(install::in_path).into()
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        match subject {
            Subject::Start(1000..) | Subject::Idle(1000..) => {
                Some("`runsvdir` takes fewer than 1000 services")
            }
            Subject::Storm => Some("waits a second before it starts again what lived less than one"),
            Subject::Start(_) | Subject::Restart | Subject::Idle(_) | Subject::Logs(_) => None,
        }
    }

    fn settled(&self) -> Duration {
        Duration::from_millis(1100)
    }

    fn start(&self, _place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        let services = Services::make(home, work, |folder, bytes| {
            // Its own configuration is a file in the folder; a logger's answer to a missing folder is to end.
            let _ = std::fs::write(folder.join("config"), format!("s{bytes}\nn10\n"));
            format!("svlogd {}", folder.display())
        })?;
        let mut command = Command::new(install::in_path("runsvdir"));
        command.arg("-P").arg(&services.root);
        // A runsvdir that is told to hang up ends what it started; told to terminate it would leave it behind.
        let daemon = Daemon::start(self.name(), home, &mut command, Ending::Hangup)?;
        Ok(Box::new(Folders { daemon, services }))
    }
}

/// The folders, and who looks after them.
pub(super) struct Folders {
    pub(super) daemon: Daemon,
    pub(super) services: Services,
}

impl Running for Folders {
    fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    fn ready(&mut self) -> Result<(), Problem> {
        let services = &self.services;
        self.daemon.first_answer(|| {
            services.all_listen().then_some(()).ok_or_else(|| Problem::Missing("runit is not ready".into()))
        })
    }

    fn stop_all(&mut self) -> Option<Result<Answer, Problem>> {
        Some(self.services.order(b'd').map(|()| Answer::Accepted))
    }

    fn start_all(&mut self) -> Option<Result<(), Problem>> {
        Some(self.services.order(b'u'))
    }

    fn states(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.services.states(self.services.count()))
    }

    fn state_of_one(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.services.states(1))
    }
}

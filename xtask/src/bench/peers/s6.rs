//! s6: an `s6-supervise` for each program, below one `s6-svscan`.

use super::runit::Folders;
use super::service_folders::Services;
use super::{Peer, Reason, Running, Subject, Work, install};
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::step::Problem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(super) struct S6;

impl Peer for S6 {
    fn name(&self) -> &'static str {
        "s6"
    }

    fn configured(&self) -> &'static str {
        "`s6-svscan` over N service folders whose `run` is a shell script with one `exec`, `s6-log` beside each where output is kept; orders and states by its control pipes and status files, as `s6-svc` and `s6-svstat` do"
    }

    fn needs(&self, _place: &Place) -> Vec<PathBuf> {
        ["s6-svscan", "s6-supervise", "s6-log"].map(install::in_path).into()
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        match subject {
            Subject::Storm => Some("waits a second before it starts again what lived less than one"),
            Subject::Start(_) | Subject::Restart | Subject::Idle(_) | Subject::Logs(_) => None,
        }
    }

    fn settled(&self) -> Duration {
        Duration::from_millis(1100)
    }

    fn start(&self, _place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        let services = Services::make(home, work, |folder, bytes| {
            // It does not rotate at less than 4 KiB nor at more than 256 MiB.
            format!("s6-log n10 s{} {}", bytes.clamp(4096, 1 << 28), folder.display())
        })?;
        let mut command = Command::new(install::in_path("s6-svscan"));
        command.args(["-c", "2100"]).arg(&services.root);
        let daemon = Daemon::start(self.name(), home, &mut command, Ending::Term)?;
        Ok(Box::new(Folders { daemon, services }))
    }
}

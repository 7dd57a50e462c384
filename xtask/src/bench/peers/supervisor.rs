//! Supervisor, and whoever reads its files and speaks its XML-RPC.

use super::{Answer, Logs, Peer, Reason, Running, Subject, Work};
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::rpc::Client;
use crate::step::Problem;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The original.
pub(super) struct Supervisor;

impl Peer for Supervisor {
    fn name(&self) -> &'static str {
        "Supervisor"
    }

    fn configured(&self) -> &'static str {
        "4.3.0 as `supervisord -n -s -c FILE`: one group of N processes with `startsecs=0`, a Unix socket, asked by XML-RPC over one kept connection"
    }

    fn needs(&self, place: &Place) -> Vec<PathBuf> {
        vec![place.original("supervisord")]
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        matches!(subject, Subject::Start(1001..)).then_some("1000 take it half a minute")
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn start(&self, place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        start(place, self.name(), &place.original("supervisord"), home, work)
    }
}

/// Starts a supervisord, whoever made it, with one group of the work.
pub(super) fn start(
    place: &Place,
    name: &'static str,
    program: &Path,
    home: &Path,
    work: &Work,
) -> Result<Box<dyn Running>, Problem> {
    let logs = match work.logs {
        Logs::None => "stdout_logfile=NONE\nstderr_logfile=NONE\n".to_owned(),
        Logs::Default => String::new(),
        Logs::Rotated(bytes) => {
            format!("stdout_logfile_maxbytes={bytes}\nstdout_logfile_backups=10\nstderr_logfile=NONE\n")
        }
    };
    let programs = format!(
        "[program:load]\ncommand={}\nprocess_name=%(process_num)d\nnumprocs={}\nstartsecs=0\nautorestart=true\n{logs}",
        work.line(),
        work.count
    );
    Ok(Box::new(Station::start(place, name, program, home, &programs)?))
}

/// A running supervisord.
#[derive(Debug)]
pub(in crate::bench) struct Station {
    daemon: Daemon,
    client: Client,
    socket: PathBuf,
}

impl Station {
    /// Starts one whose configuration has these sections besides the usual.
    pub(in crate::bench) fn start(
        place: &Place,
        name: &'static str,
        program: &Path,
        home: &Path,
        programs: &str,
    ) -> Result<Self, Problem> {
        let (socket, configuration) = (home.join("s.sock"), home.join("supervisord.conf"));
        let text = format!(
            "[unix_http_server]\nfile={socket}\n\n[supervisord]\nlogfile={home}/main.log\npidfile={home}/pid\n\
             childlogdir={home}\nnodaemon=true\nminfds={}\n\n[rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\n{programs}",
            place.files_limit,
            socket = socket.display(),
            home = home.display(),
        );
        fs::write(&configuration, text)
            .map_err(|error| Problem::File(configuration.display().to_string(), error))?;
        let mut command = Command::new(program);
        command.args(["-n", "-s", "-c"]).arg(&configuration);
        let daemon = Daemon::start(name, home, &mut command, Ending::Term)?;
        Ok(Self { daemon, client: Client::new(&socket), socket })
    }
}

const GROUP: &str = "<param><value><string>load</string></value></param>";
const AT_ONCE: &str = "<param><value><boolean>0</boolean></value></param>";
const ONE: &str = "<param><value><string>load:0</string></value></param>";

impl Running for Station {
    fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    fn ready(&mut self) -> Result<(), Problem> {
        let client = &mut self.client;
        self.daemon.first_answer(|| client.call("supervisor.getState", "").map(drop))
    }

    fn stop_all(&mut self) -> Option<Result<Answer, Problem>> {
        Some(self.client.call("supervisor.stopProcessGroup", GROUP).map(|_| Answer::Done))
    }

    fn start_all(&mut self) -> Option<Result<(), Problem>> {
        Some(self.client.call("supervisor.startProcessGroup", &format!("{GROUP}{AT_ONCE}")).map(drop))
    }

    fn states(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.client.call("supervisor.getAllProcessInfo", "").map(<[u8]>::len))
    }

    fn state_of_one(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.client.call("supervisor.getProcessInfo", ONE).map(<[u8]>::len))
    }

    fn impatient(&mut self, patience: Duration) {
        self.client = Client::new(&self.socket).patient(patience);
    }
}

//! A supervisor under measurement: minder or the original, with a configuration of its own.

use super::beacons::Moment;
use super::place::Place;
use super::processes;
use super::rpc::Client;
use crate::step::Problem;
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whose figures they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Supervisor,
    Minder,
}

/// Both, the one that is measured against first.
pub(super) const SIDES: [Side; 2] = [Side::Supervisor, Side::Minder];

impl Side {
    /// What it is called in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Supervisor => "Supervisor",
            Self::Minder => "minder",
        }
    }
}

/// A running supervisor. It and all that it runs end with this value.
#[derive(Debug)]
pub(super) struct Station {
    side: Side,
    process: Child,
    socket: PathBuf,
    home: PathBuf,
    /// The moment before it was started.
    pub(super) begun: Moment,
}

/// How long a supervisor may take to answer for the first time.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end.
const END: Duration = Duration::from_secs(60);
/// Between two looks at something that tells nobody when it happens.
const LOOK: Duration = Duration::from_millis(5);

impl Station {
    /// Starts one whose configuration has these sections besides the usual.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(place: &Place, side: Side, programs: &str) -> Result<Self, Problem> {
        let home = place.fresh_folder()?;
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
        let mut command = Command::new(place.supervisord(side));
        command.args(["-n", "-s", "-c"]).arg(&configuration).current_dir(&home);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let begun = Moment::now();
        let process = command.spawn().map_err(|error| Problem::NotStarted(side.name().into(), error))?;
        Ok(Self { side, process, socket, home, begun })
    }

    /// A client, once the server answers.
    ///
    /// # Errors
    /// When it ends, or does not answer in time.
    pub(super) fn client(&mut self) -> Result<Client, Problem> {
        let deadline = Instant::now() + START;
        loop {
            let mut client = Client::new(&self.socket);
            match client.call("supervisor.getState", "") {
                Ok(_) => return Ok(client),
                Err(problem) if Instant::now() > deadline => return Err(problem),
                Err(_) => std::thread::sleep(LOOK),
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(Problem::Failed(self.side.name().into(), status.to_string()));
            }
        }
    }

    /// A client, whether or not the server answers; it waits so long for each answer.
    pub(super) fn client_at_once(&self, patience: Duration) -> Client {
        Client::new(&self.socket).patient(patience)
    }

    /// The process that was started: of minder, the keeper.
    pub(super) fn pid(&self) -> i32 {
        self.process.id().cast_signed()
    }

    /// All processes of the supervisor itself: of minder, the keeper and its child of the same command line.
    pub(super) fn own_pids(&self) -> Vec<i32> {
        let keeper = self.pid();
        let mut pids = vec![keeper];
        if self.side == Side::Minder {
            let line = processes::command_line(keeper);
            let mut children = processes::children(keeper).into_iter();
            pids.extend(children.find(|&child| processes::command_line(child) == line));
        }
        pids
    }
}

impl Station {
    /// Asks it to end; kills it when it does not within this time.
    pub(super) fn end_within(&mut self, patience: Duration) {
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        // Before it ends, so that nobody is forgotten whom it leaves behind.
        let children = processes::children(self.pid());
        processes::signal(self.pid(), Signal::TERM);
        let deadline = Instant::now() + patience;
        while matches!(self.process.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                eprintln!("! {} does not end: killed", self.side.name());
                let _ = self.process.kill();
                let _ = self.process.wait();
                break;
            }
            std::thread::sleep(LOOK);
        }
        for child in children.into_iter().filter(|&child| processes::exists(child)) {
            processes::signal(child, Signal::KILL);
        }
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.end_within(END);
        // Logs are large.
        let _ = fs::remove_dir_all(&self.home);
    }
}

//! Circus, and whoever reads its files and speaks its ZeroMQ messages.

use super::{Answer, Logs, Peer, Reason, Running, Subject, Work};
use crate::bench::circus::client::Client;
use crate::bench::daemon::{Daemon, Ending};
use crate::bench::place::Place;
use crate::step::Problem;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The original.
pub(super) struct Circus;

impl Peer for Circus {
    fn name(&self) -> &'static str {
        "Circus"
    }

    fn configured(&self) -> &'static str {
        "0.19.0 as `circusd FILE`: one watcher of N processes (N watchers for idle and status), `check_delay = 1`, no statsd, asked over one kept ZeroMQ connection"
    }

    fn needs(&self, place: &Place) -> Vec<PathBuf> {
        vec![place.original("circusd")]
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        if matches!(subject, Subject::Start(1001..) | Subject::Idle(101..)) {
            return Some("takes most of a minute");
        }
        refuses(subject)
    }

    fn settled(&self) -> Duration {
        SETTLED
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn start(&self, place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        start(place, self.name(), &place.original("circusd"), home, work)
    }
}

/// What is measured of Supervisor's personality alone, as a watcher that ends all the time is slowed down on purpose.
pub(super) fn refuses(subject: Subject) -> Option<Reason> {
    match subject {
        Subject::Storm => Some("slows down a watcher whose processes end again and again"),
        Subject::Start(_) | Subject::Restart | Subject::Idle(_) | Subject::Logs(_) => None,
    }
}

/// Longer than a pass: one who lived less counts as flapping.
pub(super) const SETTLED: Duration = Duration::from_millis(1100);
/// How long it may take until all watchers have started for the first time.
const START: Duration = Duration::from_secs(120);
/// Between two questions whether they have.
const LOOK: Duration = Duration::from_millis(20);

/// Starts a circusd, whoever made it.
pub(super) fn start(
    place: &Place,
    name: &'static str,
    program: &Path,
    home: &Path,
    work: &Work,
) -> Result<Box<dyn Running>, Problem> {
    let line = work.line();
    let watchers = match work.logs {
        Logs::None => format!("[watcher:load]\ncmd = {line}\nnumprocesses = {}\n", work.count),
        Logs::Default => {
            (0..work.count).map(|number| format!("[watcher:w{number}]\ncmd = {line}\n\n")).collect()
        }
        Logs::Rotated(bytes) => (0..work.count)
            .map(|number| {
                format!(
                    "[watcher:w{number}]\ncmd = {line}\nstdout_stream.class = FileStream\n\
                     stdout_stream.filename = {}/{number}.log\nstdout_stream.max_bytes = {bytes}\n\
                     stdout_stream.backup_count = 2\n\n",
                    home.display()
                )
            })
            .collect(),
    };
    Ok(Box::new(station(place, name, program, home, &watchers)?))
}

/// Starts one whose configuration has these sections besides the usual.
///
/// # Errors
/// When it cannot be started.
pub(in crate::bench) fn station(
    _place: &Place,
    name: &'static str,
    program: &Path,
    home: &Path,
    watchers: &str,
) -> Result<Station, Problem> {
    let (socket, configuration) = (home.join("endpoint"), home.join("circus.ini"));
    // Neither its statistics nor its discovery, which are programs and sockets of their own.
    let text = format!(
        "[circus]\nendpoint = ipc://{socket}\npubsub_endpoint = ipc://{home}/pubsub\n\
         check_delay = 1\nstatsd = false\nmulticast_endpoint =\n\n{watchers}",
        socket = socket.display(),
        home = home.display(),
    );
    fs::write(&configuration, text)
        .map_err(|error| Problem::File(configuration.display().to_string(), error))?;
    let mut command = Command::new(program);
    command.arg("--log-output").arg(home.join("main.log")).arg(&configuration);
    let daemon = Daemon::start(name, home, &mut command, Ending::Term)?;
    Ok(Station { daemon, socket, client: None })
}

/// A running circusd.
#[derive(Debug)]
pub(in crate::bench) struct Station {
    daemon: Daemon,
    socket: PathBuf,
    client: Option<Client>,
}

impl Station {
    /// Whoever asks it.
    ///
    /// # Errors
    /// When nobody listens.
    pub(in crate::bench) fn client(&mut self) -> Result<&mut Client, Problem> {
        match &mut self.client {
            Some(client) => Ok(client),
            empty @ None => Ok(empty.insert(Client::connect(&self.socket)?)),
        }
    }

    fn all(&mut self, command: &str, properties: &Value) -> Result<usize, Problem> {
        self.client()?.timed(command, properties).map(|(_, bytes)| bytes)
    }
}

impl Running for Station {
    fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    fn ready(&mut self) -> Result<(), Problem> {
        let socket = &self.socket;
        let client = self.daemon.first_answer(|| Client::connect(socket))?;
        let client = self.client.insert(client);
        let deadline = Instant::now() + START;
        // Nothing is left to start, so that this does nothing; but it is refused while the daemon is at it.
        while let Err(problem) = client.call("start", &json!({"waiting": true})) {
            if Instant::now() > deadline {
                return Err(problem);
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn stop_all(&mut self) -> Option<Result<Answer, Problem>> {
        Some(self.all("stop", &json!({"waiting": true})).map(|_| Answer::Done))
    }

    fn start_all(&mut self) -> Option<Result<(), Problem>> {
        Some(self.all("start", &json!({"waiting": true})).map(drop))
    }

    fn states(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.all("status", &json!({})))
    }

    fn state_of_one(&mut self) -> Option<Result<usize, Problem>> {
        Some(self.all("status", &json!({"name": "w0"})))
    }
}

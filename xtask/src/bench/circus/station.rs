//! Circus's daemon under measurement, minder's or the original, with a configuration of its own.

use super::client::Client;
use crate::bench::daemon::{Daemon, Original, Side};
use crate::bench::place::Place;
use crate::step::Problem;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// A running circusd. It and all that it runs end with this value.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) daemon: Daemon,
    socket: PathBuf,
}

/// How long it may take until all its watchers have started for the first time.
const START: Duration = Duration::from_secs(120);
/// Between two questions whether they have.
const LOOK: Duration = Duration::from_millis(20);

impl Station {
    /// Starts one whose configuration has these sections besides the usual.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(place: &Place, side: Side, watchers: &str) -> Result<Self, Problem> {
        let home = place.fresh_folder()?;
        let (socket, configuration) = (home.join("endpoint"), home.join("circus.ini"));
        // Neither its statistics nor its discovery, which are programs and sockets of their own.
        let text = format!(
            "[circus]\nendpoint = ipc://{socket}\npubsub_endpoint = ipc://{home}/pubsub\n\
             check_delay = {CHECK_DELAY_SECONDS}\nstatsd = false\nmulticast_endpoint =\n\n{watchers}",
            socket = socket.display(),
            home = home.display(),
        );
        fs::write(&configuration, text)
            .map_err(|error| Problem::File(configuration.display().to_string(), error))?;
        let mut command = Command::new(place.daemon(Original::Circus, side));
        command.arg("--log-output").arg(home.join("main.log")).arg(&configuration);
        Ok(Self { daemon: Daemon::start(side, &home, &mut command)?, socket })
    }

    /// A client, once all watchers have started and a change of something would not be refused.
    ///
    /// # Errors
    /// When the daemon ends, or does not come so far in time.
    pub(super) fn client(&mut self) -> Result<Client, Problem> {
        let socket = &self.socket;
        let mut client = self.daemon.first_answer(|| Client::connect(socket))?;
        let deadline = Instant::now() + START;
        // Nothing is left to start, so that this does nothing; but it is refused while the daemon is at it.
        while let Err(problem) = client.call("start", &json!({"waiting": true})) {
            if Instant::now() > deadline {
                return Err(problem);
            }
            std::thread::sleep(LOOK);
        }
        Ok(client)
    }
}

/// How long it is from one pass over the watchers to the next.
const CHECK_DELAY_SECONDS: u64 = 1;
/// The same.
pub(super) const CHECK_DELAY: Duration = Duration::from_secs(CHECK_DELAY_SECONDS);

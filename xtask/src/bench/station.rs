//! Supervisor's daemon under measurement, minder's or the original, with a configuration of its own.

use super::daemon::{Daemon, Original, Side};
use super::place::Place;
use crate::rpc::Client;
use crate::step::Problem;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A running supervisor. It and all that it runs end with this value.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) daemon: Daemon,
    socket: PathBuf,
}

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
        let mut command = Command::new(place.daemon(Original::Supervisor, side));
        command.args(["-n", "-s", "-c"]).arg(&configuration);
        Ok(Self { daemon: Daemon::start(side, &home, &mut command)?, socket })
    }

    /// A client, once the server answers.
    ///
    /// # Errors
    /// When it ends, or does not answer in time.
    pub(super) fn client(&mut self) -> Result<Client, Problem> {
        let socket = &self.socket;
        self.daemon.first_answer(|| {
            let mut client = Client::new(socket);
            client.call("supervisor.getState", "")?;
            Ok(client)
        })
    }

    /// A client, whether or not the server answers; it waits so long for each answer.
    pub(super) fn client_at_once(&self, patience: Duration) -> Client {
        Client::new(&self.socket).patient(patience)
    }
}

//! A place with Fermentrack's tables, a circusd and the spawner.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use minder_tests::place::{Place, free_port};
use minder_tests::{Finished, Kind};
use rusqlite::Connection;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Much less than the interval at which the spawner looks although nothing was told.
pub(crate) const A_MOMENT: Duration = Duration::from_secs(8);
/// Long enough for the spawner not to have looked for any other reason than being told.
pub(crate) const INTERVAL: &str = "600";

pub(crate) struct Stage {
    pub(crate) place: Place,
    running: Vec<Child>,
    pub(crate) circus: u16,
}

impl Stage {
    /// A place with Fermentrack's tables.
    pub(crate) fn new() -> Self {
        let stage = Self { place: Place::new(), running: Vec::new(), circus: free_port() };
        stage.table().execute_batch(include_str!("fermentrack.sql")).expect("tables");
        stage
    }

    pub(crate) fn with(kind: Kind) -> Self {
        let mut stage = Self::new();
        let config = stage.place.path("circus.ini");
        let [pubsub, stats] = [free_port(), free_port()];
        let text = format!(
            "[circus]\ncheck_delay = 1\nendpoint = tcp://127.0.0.1:{}\npubsub_endpoint = tcp://127.0.0.1:{pubsub}\n\
             # {stats}\n[watcher:other]\ncmd = sleep 1000\n",
            stage.circus
        );
        std::fs::write(&config, text).expect("a configuration");
        let mut daemon = Command::new(kind.program("circusd", &stage.place));
        daemon.arg(&config);
        stage.start(daemon, "circusd.log");
        until("circusd answers", PATIENCE, || stage.watchers().contains(&"other".to_owned()));
        stage.spawn();
        stage
    }

    pub(crate) fn spawn(&mut self) {
        self.spawn_on(&self.database());
        until("the spawner has looked", PATIENCE, || self.looks() > 0);
    }

    /// Starts the spawner on another table.
    pub(crate) fn spawn_on(&mut self, database: &Path) {
        let mut spawner = Command::new(env!("CARGO_BIN_EXE_brewpi"));
        spawner.args(["spawner", "-s", "0", "-i", INTERVAL, "-d"]);
        spawner.env("BREWPI_DATABASE", database);
        self.start(spawner, "spawner.log");
    }

    pub(crate) fn start(&mut self, mut command: Command, log: &str) {
        let file = std::fs::File::create(self.place.path(log)).expect("a log");
        let other = file.try_clone().expect("a descriptor");
        if command.get_envs().all(|(name, _)| name != "BREWPI_DATABASE") {
            command.env("BREWPI_DATABASE", self.database());
        }
        command
            .env("BREWPI_HOME", self.place.path("brewpi"))
            .env("BREWPI_CIRCUS", format!("tcp://127.0.0.1:{}", self.circus))
            .env("BREWPI_SETTLE", "0")
            .env("HOME", self.place.dir())
            .env(minder_tests::place::MARK, self.place.mark())
            .current_dir(self.place.dir());
        let child = command.stdin(Stdio::null()).stdout(file).stderr(other).spawn().expect("a program");
        self.running.push(child);
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.place.path("db.sqlite3")
    }

    pub(crate) fn table(&self) -> Connection {
        Connection::open(self.database()).expect("a database")
    }

    pub(crate) fn sql(&self, sql: &str) {
        self.table().execute_batch(sql).expect("a change");
    }

    /// A device as Django writes one, with a board on this port of the network.
    pub(crate) fn device(&self, name: &str, message_port: u16, board_port: u16) {
        self.sql(&format!(
            "INSERT INTO app_brewpidevice VALUES (NULL, '{name}', 'C', 30, 1, '127.0.0.1', {message_port}, \
             'socket-{message_port}', 'stopped', 'wifi', 'auto', 'None', '', 1, 'esp8266', '127.0.0.1', '127.0.0.1', \
             {board_port}, 'active', NULL, NULL, NULL, 'of a later version')"
        ));
    }

    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.place.path(name)).unwrap_or_default()
    }

    /// A simulated board, and the port that it is at.
    pub(crate) fn board(&mut self) -> u16 {
        let mut board = Command::new(env!("CARGO_BIN_EXE_brewpi"));
        board.args(["simulate", "--port", "0"]);
        self.start(board, "board.log");
        let port_of = |log: String| log.lines().next()?.rsplit_once(':')?.1.trim().parse::<u16>().ok();
        until("the board's port is told", PATIENCE, || port_of(self.log("board.log")).is_some());
        port_of(self.log("board.log")).expect("a port")
    }

    /// How often the spawner has looked.
    pub(crate) fn looks(&self) -> usize {
        self.log("spawner.log").matches("active devices, watchers").count()
    }

    /// What the original's own client says.
    pub(crate) fn ctl(&self, words: &[&str]) -> String {
        let endpoint = format!("tcp://127.0.0.1:{}", self.circus);
        let mut command = Command::new(Kind::Original.program("circusctl", &self.place));
        command.args(["--endpoint", &endpoint, "--timeout", "5"]).args(words);
        let done: Finished = minder_tests::process::finish(command, "");
        done.stdout
    }

    pub(crate) fn watchers(&self) -> Vec<String> {
        self.ctl(&["list"]).trim().split(',').map(|name| name.trim().to_owned()).collect()
    }

    pub(crate) fn appears(&self, name: &str) {
        until(name, A_MOMENT, || self.watchers().contains(&name.to_owned()));
    }

    pub(crate) fn goes(&self, name: &str) {
        until(name, A_MOMENT, || !self.watchers().contains(&name.to_owned()));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.running {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        for (pid, _) in self.place.processes() {
            minder_tests::signal_pid(pid, rustix::process::Signal::KILL);
        }
    }
}

pub(crate) fn until(what: &str, patience: Duration, mut look: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !look() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a script answers at a port; nothing where there is none.
pub(crate) fn ask(port: u16, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

pub(crate) fn acknowledges(port: u16) -> bool {
    ask(port, "ack").as_deref() == Some("ack")
}

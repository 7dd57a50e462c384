//! The script as a process: on a pty and on a port, asked over its socket, with boards that go and come back.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

struct Place {
    dir: tempfile::TempDir,
    running: Vec<Child>,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory"), running: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brewpi"));
        command
            .args(words)
            .env("BREWPI_HOME", self.dir.path())
            .env("BREWPI_SETTLE", "0")
            .env("HOME", self.dir.path());
        command
    }

    fn done(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.command(words).output().expect("a program of ours");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Starts something that goes on; what it says goes into a file.
    fn start(&mut self, words: &[&str], log: &str) -> usize {
        let file = std::fs::File::options().append(true).create(true).open(self.path(log)).expect("a log");
        let other = file.try_clone().expect("a descriptor");
        let child =
            self.command(words).stdin(Stdio::null()).stdout(file).stderr(other).spawn().expect("a program");
        self.running.push(child);
        self.running.len() - 1
    }

    fn board(&mut self) -> usize {
        let pty = self.path("board").display().to_string();
        let board = self.start(&["simulate", "--pty", &pty, "--speed", "20"], "board.log");
        until("the board is there", || self.path("board").exists().then_some(()));
        board
    }

    fn script(&mut self) -> usize {
        let pids = self.dir.path().display().to_string();
        self.start(&["--dbcfg", "cellar", "--pidfiledir", &pids], "script.log")
    }

    fn kill(&mut self, which: usize) {
        self.running[which].kill().expect("a child of ours");
        self.running[which].wait().expect("a child of ours");
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn asked(&self, request: &str) -> Option<String> {
        ask(&self.path("run/cellar.socket"), request)
    }

    fn points(&self) -> usize {
        let files = std::fs::read_dir(self.path("data")).into_iter().flatten().flatten();
        let graph = files.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with("_graph.csv"));
        graph.and_then(|path| std::fs::read_to_string(path).ok()).map_or(0, |text| text.lines().count())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for child in &mut self.running {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn ask(socket: &Path, request: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn running(place: &Place) {
    until("the script runs", || {
        let mode = place.asked("getMode")?;
        (mode == "o" || mode == "b").then_some(())
    });
}

#[test]
fn pages_ask_and_steer_and_data_points_are_kept() {
    let mut place = Place::new();
    place.board();
    let pty = place.path("board").display().to_string();
    assert_eq!(place.done(&["device", "add", "cellar", "--serial", &pty, "--interval", "5"]).0, Some(0));
    place.script();
    running(&place);
    assert_eq!(place.asked("ack").as_deref(), Some("ack"));
    assert_eq!(place.done(&["ask", "cellar", "ack"]), (Some(0), "ack\n".to_owned()));
    assert_eq!(place.done(&["ask", "attic", "ack"]).0, Some(1));
    assert_eq!(place.asked("setBeer=18.126").as_deref(), Some(""));
    until("the board has the set point", || (place.asked("getBeer")? == "18.13").then_some(()));
    let started = place.asked("startNewBrew=Old Ale").expect("an answer");
    assert!(
        started.starts_with("{\"status\": 0, \"statusMessage\": \"Successfully switched to new brew"),
        "{started}"
    );
    until("points are kept", || (place.points() > 1).then_some(()));
    let display =
        until("the display is told", || place.asked("lcd").filter(|lcd| lcd.contains("Beer Const.")));
    assert!(display.contains("\\u2591C"), "the degree sign is one byte: {display}");
    let python = Command::new("python3")
        .args([
            "-c",
            "import json,sys; v=json.loads(sys.argv[1]); assert len(v)==4 and all(len(x)==20 for x in v)",
            &display,
        ])
        .status()
        .expect("python");
    assert!(python.success());
}

#[test]
fn a_board_that_is_unplugged_and_comes_back_is_found_again_and_the_same_beer_goes_on() {
    let mut place = Place::new();
    let board = place.board();
    let pty = place.path("board").display().to_string();
    place.done(&["device", "add", "cellar", "--serial", &pty, "--interval", "5"]);
    place.script();
    running(&place);
    place.asked("startNewBrew=Old Ale");
    until("a point is kept", || (place.points() > 1).then_some(()));
    place.kill(board);
    until("the loss is told", || place.log("script.log").contains("Lost serial connection").then_some(()));
    place.board();
    until("the return is told", || {
        place.log("script.log").contains("Connected to the controller again").then_some(())
    });
    let before = place.points();
    until("points are kept on", || (place.points() > before).then_some(()));
    assert_eq!(
        std::fs::read_dir(place.path("data"))
            .expect("a directory")
            .flatten()
            .filter(|file| { file.path().to_string_lossy().ends_with("_graph.csv") })
            .count(),
        1
    );
}

/// A peer in another language, which judges by itself.
fn peer(words: &[&str]) {
    let output = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer.py"))
        .args(words)
        .output()
        .expect("python");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_simulated_board_speaks_the_lines_of_the_firmware_on_a_pty_and_on_a_port() {
    let mut place = Place::new();
    place.board();
    peer(&["board", "pty", &place.path("board").display().to_string()]);
    place.start(&["simulate", "--port", "0"], "port.log");
    let port = until("the port is told", || {
        let log = place.log("port.log");
        log.lines().next()?.strip_prefix("127.0.0.1:").map(str::to_owned)
    });
    peer(&["board", "port", &port]);
}

#[test]
fn the_script_answers_a_front_end_as_the_original_does() {
    let mut place = Place::new();
    place.board();
    let pty = place.path("board").display().to_string();
    place.done(&["device", "add", "cellar", "--serial", &pty]);
    place.script();
    running(&place);
    until("the display is told", || place.asked("lcd").filter(|lcd| lcd.contains("Temp. control OFF")));
    peer(&["script", "unix", &place.path("run/cellar.socket").display().to_string()]);
}

#[test]
fn a_second_script_of_a_device_says_so_and_ends_with_success() {
    let mut place = Place::new();
    place.board();
    let pty = place.path("board").display().to_string();
    place.done(&["device", "add", "cellar", "--serial", &pty]);
    place.script();
    running(&place);
    let pids = place.dir.path().display().to_string();
    let (status, said) = place.done(&["-w", "cellar", "--pidfiledir", &pids]);
    assert_eq!(status, Some(0));
    assert!(said.contains("Another instance of BrewPi is already running"), "{said}");
    assert_eq!(place.asked("ack").as_deref(), Some("ack"));
}

#[test]
fn a_board_on_a_port_is_reached_too() {
    let mut place = Place::new();
    place.start(&["simulate", "--port", "0"], "board.log");
    let address = until("the port is told", || {
        let log = place.log("board.log");
        log.lines().next().filter(|line| line.starts_with("127.0.0.1:")).map(str::to_owned)
    });
    place.done(&["device", "add", "cellar", "--network", &address]);
    place.script();
    running(&place);
    assert!(place.asked("getVersion").expect("an answer").contains("\"board\": \"esp8266\""));
}

#[test]
fn what_is_wrong_is_said_with_the_words_and_statuses_that_scripts_know() {
    let place = Place::new();
    assert_eq!(place.done(&["--dblist"]).0, Some(0));
    place.done(&["device", "add", "cellar", "--serial", "/nowhere"]);
    let (status, said) = place.done(&["-w", "attic"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("ERROR: No database configuration with the name 'attic' was found!"), "{said}");
    let (status, said) = place.done(&["-w", "cellar", "--pidfiledir", "/nowhere"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("ERROR: pidfiledir \"/nowhere\" does not exist"), "{said}");
    assert!(place.done(&["-L"]).1.contains("  1: cellar"));
}

#[test]
fn a_fermentation_of_fourteen_days_holds_its_profile_within_half_a_degree_through_script_and_lines() {
    let place = Place::new();
    let plot = place.path("plot.svg").display().to_string();
    let (status, said) = place.done(&["ferment", "--plot", &plot]);
    assert_eq!(status, Some(0), "{said}");
    let off = said
        .split("off by ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|off| off.parse::<f64>().ok());
    assert!(off.expect("a number") < 0.5, "{said}");
    assert!(std::fs::read_to_string(plot).expect("a picture").starts_with("<svg"));
}

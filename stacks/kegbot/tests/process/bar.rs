//! A bar in a directory of its own: programs that are started and always ended, and what they say.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Bar {
    directory: tempfile::TempDir,
}

impl Bar {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for name in NAMES {
            symlink(env!("CARGO_BIN_EXE_kegbot"), directory.path().join(name)).expect("a link");
        }
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn command(&self, name: &str, words: &[&str]) -> Command {
        let mut command = Command::new(self.path(name));
        command.args(words).current_dir(self.directory.path());
        command.env("XDG_STATE_HOME", self.path("state")).env_remove("VERBOSE").stdin(Stdio::null());
        for name in ["KEGBOT_API_URL", "KEGBOT_API_KEY", "PAGE_PASSWORD"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, name: &str, words: &[&str]) -> Output {
        self.command(name, words).output().expect("it starts")
    }

    /// Starts a program, whose standard output is followed.
    pub(crate) fn start(&self, name: &str, words: &[&str]) -> Running {
        Running::start(self.command(name, words))
    }

    /// The simulated server with its database here, and the address of its interface.
    pub(crate) fn server(&self, listen: &str) -> (Running, String) {
        let words =
            ["simulate-server", "--listen", listen, "--database", "server.sqlite", "--kb_core_addr", "1"];
        let mut server = self.start("kegbot", &words);
        let line = server.wait_for("http://");
        (server, format!("{line}api/"))
    }

    /// A core of this server, and its port.
    pub(crate) fn core(&self, api_url: &str) -> (Running, u16) {
        let url = format!("--api_url={api_url}");
        let words =
            [&*url, "--kb_core_bind_addr=localhost:0", "--retry_interval=1", "--outbox=outbox.sqlite"];
        let mut core = self.start("kegbot_core.py", &words);
        let line = core.wait_for("Starting server on ('localhost', ");
        let port = line.rsplit(", ").next().and_then(|rest| rest.trim_end_matches(')').parse().ok());
        core.wait_until_said("All threads started.");
        (core, port.expect("a port"))
    }
}

const NAMES: [&str; 8] = [
    "kegbot",
    "kegbot_core.py",
    "kegboard_daemon.py",
    "kegboard-monitor.py",
    "kegboard_tester.py",
    "test_flow.py",
    "lcd_daemon.py",
    "rfid_daemon.py",
];

/// A program that runs, until this goes.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    /// All that it has said.
    pub(crate) said: Vec<String>,
    unread: VecDeque<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (tell, lines) = channel();
        let out = child.stdout.take().expect("its output");
        let err = child.stderr.take().expect("its errors");
        let tell_too = tell.clone();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).for_each(|line| drop(tell.send(line)));
        });
        std::thread::spawn(move || {
            BufReader::new(err).lines().map_while(Result::ok).for_each(|line| drop(tell_too.send(line)));
        });
        Self { child, lines, said: Vec::new(), unread: VecDeque::new() }
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    /// The next line that has this in it; those before it are passed over.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.unread.pop_front() {
                if line.contains(text) {
                    return line;
                }
                continue;
            }
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    self.unread.push_back(line);
                }
                Err(RecvTimeoutError::Timeout) => panic!("no `{text}` in:\n{}", self.said.join("\n")),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without `{text}`:\n{}", self.said.join("\n"))
                }
            }
        }
    }

    /// Waits until it has said this, be it before or behind what was waited for last.
    #[track_caller]
    pub(crate) fn wait_until_said(&mut self, text: &str) {
        if !self.said.iter().any(|line| line.contains(text)) {
            self.wait_for(text);
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Waits for its end, and returns its status and all that it said.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        let status = self.child.wait().expect("it ends").code();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        (status, std::mem::take(&mut self.said))
    }

    /// Asks it to end, and returns its status and all that it said.
    pub(crate) fn stop(self) -> (Option<i32>, Vec<String>) {
        self.signal("TERM");
        self.end()
    }

    /// Ends it as the power does.
    pub(crate) fn kill(self) {
        self.signal("KILL");
        self.end();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What lines of a log say, without their times.
pub(crate) fn without_times(lines: &[String]) -> Vec<String> {
    let text =
        |line: &String| line.get(24..).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    lines.iter().map(text).collect()
}

/// A client of kegnet, of bytes.
pub(crate) struct Wire {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Wire {
    pub(crate) fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a core");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, held: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("it is taken");
    }

    pub(crate) fn event(&mut self, name: &str, data: &Value) {
        let text = serde_json::json!({ "event": name, "data": data }).to_string();
        self.send(format!("{text}\n\n").as_bytes());
    }

    pub(crate) fn reading(&mut self, reading: i64) {
        self.event("MeterUpdate", &serde_json::json!({ "tap_name": "kegboard.flow0", "reading": reading }));
    }

    /// Pours so many ticks behind this count, in believable steps, and returns the new count.
    pub(crate) fn pour(&mut self, from: i64, ticks: i64) -> i64 {
        for reading in (from..=from + ticks).step_by(250) {
            self.reading(reading);
        }
        self.reading(from + ticks);
        from + ticks
    }

    pub(crate) fn stop_flow(&mut self) {
        let data = serde_json::json!({ "tap_name": "kegboard.flow0", "request": "stop_flow" });
        self.event("FlowRequest", &data);
    }

    /// The next message. Nothing if the core has closed.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.held.windows(2).position(|pair| pair == b"\n\n") {
                let message: Vec<u8> = self.held.drain(..end + 2).collect();
                return Some(serde_json::from_slice(&message).expect("JSON"));
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).expect("it is read in time") {
                0 => return None,
                count => self.held.extend(&buffer[..count]),
            }
        }
    }

    /// The next message with this name, and in a few words what came before.
    pub(crate) fn until(&mut self, name: &str) -> (Value, Vec<String>) {
        let mut before = Vec::new();
        loop {
            let message = self.next().unwrap_or_else(|| panic!("the core closed; before: {before:?}"));
            let data = &message["data"];
            if message["event"] == name {
                return (data.clone(), before);
            }
            before.push(match message["event"].as_str() {
                Some("FlowUpdate") => {
                    format!("{} {}", data["state"].as_str().unwrap_or_default(), data["ticks"])
                }
                Some("SetRelayOutputEvent") => {
                    format!("{} {}", data["output_name"], data["output_mode"]).replace('"', "")
                }
                other => format!("{other:?}"),
            });
        }
    }
}

/// GETs from a server, and gives what follows the headers.
pub(crate) fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("a URL");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("a server");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is taken");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text.split_once("\r\n\r\n").expect("headers").1.to_owned()
}

/// The drinks that a server has, the newest first.
pub(crate) fn drinks(api_url: &str) -> Vec<Value> {
    let answer: Value = serde_json::from_str(&get(&format!("{api_url}drinks"))).expect("JSON");
    answer["objects"].as_array().expect("a list").clone()
}

/// Waits until a server has so many drinks.
#[track_caller]
pub(crate) fn wait_for_drinks(api_url: &str, count: usize) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let all = drinks(api_url);
        if all.len() >= count {
            return all;
        }
        assert!(Instant::now() < end, "{} drinks and not {count}", all.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until something is there.
pub(crate) fn wait_for_path(path: &Path) {
    let end = Instant::now() + PATIENCE;
    while std::fs::symlink_metadata(path).is_err() {
        assert!(Instant::now() < end, "no {}", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

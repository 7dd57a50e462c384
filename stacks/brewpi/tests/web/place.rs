//! A directory with a device, its simulated controller, its script, and the pages.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    dir: tempfile::TempDir,
    running: Vec<Child>,
    /// Where the pages are: an address and a port.
    pub(crate) address: String,
}

impl Place {
    /// With a device `cellar` in row 1, and pages.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut place = Self { dir, running: Vec::new(), address: String::new() };
        let board = place.path("board").display().to_string();
        let (status, said) = place.done(&["device", "add", "cellar", "--serial", &board, "--interval", "5"]);
        assert_eq!(status, Some(0), "{said}");
        std::fs::create_dir_all(place.path("log")).expect("a directory");
        place.start(&["web", "--listen", "127.0.0.1:0"], "web.log", "web.log");
        place.address = until("the pages are there", || {
            let told = place.read("web.log");
            let line = told.lines().next()?.strip_prefix("http://")?.strip_suffix('/')?;
            Some(line.to_owned())
        });
        place
    }

    /// The same, with the controller and its script.
    pub(crate) fn with_script() -> Self {
        let mut place = Self::new();
        let board = place.path("board").display().to_string();
        place.start(&["simulate", "--pty", &board, "--speed", "20"], "board.log", "board.log");
        until("the board is there", || place.path("board").exists().then_some(()));
        let pids = place.dir.path().display().to_string();
        let words = ["--dbcfg", "cellar", "--pidfiledir", &pids];
        place.start(&words, "log/dev-cellar-stdout.log", "log/dev-cellar-stderr.log");
        until("the controller has spoken", || place.get("/").contains(">Fridge<").then_some(()));
        place
    }

    /// Ends the pages, which were started first.
    pub(crate) fn end_pages(&mut self) {
        self.running[0].kill().expect("a child of ours");
        self.running[0].wait().expect("a child of ours");
    }

    /// Starts the pages again, where they were.
    pub(crate) fn start_pages_again(&mut self) {
        let address = self.address.clone();
        self.start(&["web", "--listen", &address], "web.log", "web.log");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brewpi"));
        command
            .args(words)
            .env("BREWPI_HOME", self.dir.path())
            .env("BREWPI_SETTLE", "0")
            .env("HOME", self.dir.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn done(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.command(words).output().expect("a program of ours");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    fn start(&mut self, words: &[&str], out: &str, err: &str) {
        let open =
            |name| std::fs::File::options().append(true).create(true).open(self.path(name)).expect("a log");
        let child = self.command(words).stdout(open(out)).stderr(open(err)).spawn().expect("a program");
        self.running.push(child);
    }

    /// What the script has heard last of its controller.
    pub(crate) fn measured(&self) -> String {
        self.read("log/dev-cellar-stdout.log").lines().last().unwrap_or_default().to_owned()
    }

    /// One request on a connection of its own; the whole answer.
    pub(crate) fn ask(&self, line: &str, headers: &[&str], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let host = format!("Host: {}", self.address);
        let host = if headers.iter().any(|header| header.starts_with("Host:")) { "X: y" } else { &host };
        let headers = [headers, &[host, "Connection: close"]].concat().join("\r\n");
        let length = body.len();
        write!(stream, "{line} HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\n\r\n{body}")
            .expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), &[], "")
    }

    /// Sends a form as a page of ours would, from a browser that has looked at it.
    pub(crate) fn post(&self, path: &str, form: &str) -> String {
        let page = self.get("/profiles/new");
        let cookie = format!("Cookie: {}", between(&page, "set-cookie: ", ";"));
        let token = between(&page, "name=\"token\" value=\"", "\"");
        let origin = format!("Origin: http://{}", self.address);
        let kind = "Content-Type: application/x-www-form-urlencoded";
        self.ask(&format!("POST {path}"), &[&cookie, &origin, kind], &format!("token={token}&{form}"))
    }

    /// Opens a stream of events.
    pub(crate) fn stream(&self, path: &str) -> Stream {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).expect("sent");
        Stream { stream, seen: String::new() }
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

pub(crate) struct Stream {
    stream: TcpStream,
    seen: String,
}

impl Stream {
    /// Reads on until this comes.
    pub(crate) fn wait(&mut self, sign: &str) {
        while !self.seen.contains(sign) {
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).unwrap_or(0);
            assert!(count > 0, "{sign:?} did not come:\n{}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

pub(crate) fn between<'a>(text: &'a str, before: &str, behind: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}")).1;
    rest.split_once(behind).unwrap_or_else(|| panic!("no {behind:?} in {text}")).0
}

pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

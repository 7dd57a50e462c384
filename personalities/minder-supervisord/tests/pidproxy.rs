//! pidproxy against real processes: which signals arrive where, and when it ends.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A name for this test program in the role of pidproxy: the tests run it again as a child.
const ROLE: &str = "MINDER_TEST_PIDPROXY";

/// Not a test of its own: what the children run.
#[test]
fn role() {
    let Some(arguments) = std::env::var_os(ROLE) else { return };
    let arguments = arguments.into_string().unwrap();
    let arguments = std::iter::once("pidproxy").chain(arguments.split('|')).map(OsString::from).collect();
    let status = minder_supervisord::pidproxy::main(arguments);
    #[allow(clippy::exit, reason = "a test cannot return a status to its parent otherwise")]
    std::process::exit(if status == ExitCode::SUCCESS { 0 } else { 1 });
}

struct Proxy {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Proxy {
    fn start(arguments: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "role", "--nocapture", "--test-threads=1"]).env(ROLE, arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for a line that ends like this: the test harness writes before it on the same line.
    fn wait_for(&mut self, end: &str) {
        assert!(self.lines.by_ref().any(|line| line.unwrap().ends_with(end)), "no line {end:?}");
    }
}

fn script(pidfile: &Path, then: &str) -> String {
    let at = pidfile.display();
    format!(
        "{at}|/bin/sh|-c|trap 'echo hup' HUP; trap 'echo term; exit' TERM; echo $$ > {at}; echo up; {then}"
    )
}

#[test]
fn signals_reach_the_process_in_the_pidfile() {
    let directory = tempfile::tempdir().unwrap();
    let pidfile = directory.path().join("pid");
    let mut proxy = Proxy::start(&script(&pidfile, "while :; do sleep 0.05; done"));
    proxy.wait_for("up");
    proxy.signal(Signal::HUP);
    proxy.wait_for("hup");
    proxy.signal(Signal::TERM);
    proxy.wait_for("term");
    assert_eq!(proxy.child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_ends_with_its_command() {
    let directory = tempfile::tempdir().unwrap();
    let mut proxy = Proxy::start(&script(&directory.path().join("pid"), "exit 3"));
    assert_eq!(proxy.child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_a_pidfile_it_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let pidfile = directory.path().join("pid");
    let mut proxy = Proxy::start(&script(&pidfile, "while :; do sleep 0.05; done"));
    proxy.wait_for("up");
    let kept = directory.path().join("kept");
    std::fs::rename(&pidfile, &kept).unwrap();
    proxy.signal(Signal::TERM);
    proxy.wait_for(&format!("Can't read child pidfile {}!", pidfile.display()));
    std::fs::rename(&kept, &pidfile).unwrap();
    proxy.signal(Signal::TERM);
    proxy.wait_for("term");
    assert_eq!(proxy.child.wait().unwrap().code(), Some(0));
}

#[test]
fn wrong_calls_and_commands_that_cannot_run_are_failures() {
    for arguments in ["only-a-pidfile", "pidfile|/no/such/command"] {
        let mut proxy = Proxy::start(arguments);
        assert_eq!(proxy.child.wait().unwrap().code(), Some(1), "{arguments}");
    }
}

//! Commands that run to their end, and signals by pid.

use crate::wait::{self, PATIENCE};
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// What a program left behind when it ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// `exit N` or `signal N`.
    pub status: String,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

/// Runs a command to its end with something on its standard input.
///
/// # Panics
/// When it cannot be started, or does not end within [`PATIENCE`].
pub fn finish(command: Command, typed: &str) -> Finished {
    finish_within(PATIENCE, command, typed)
}

/// The same with another bound.
///
/// # Panics
/// When it cannot be started, or does not end in time.
pub fn finish_within(limit: Duration, mut command: Command, typed: &str) -> Finished {
    use std::io::{Read, Write};
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a command");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that does not read its input is no failure.
    let _ = stdin.write_all(typed.as_bytes());
    drop(stdin);
    let collect = |mut stream: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = collect(Box::new(child.stdout.take().expect("a pipe")));
    let stderr = collect(Box::new(child.stderr.take().expect("a pipe")));
    let status = wait::within(limit, || child.try_wait().expect("a child"));
    if status.is_none() {
        let _ = child.kill();
    }
    let status = status.map_or_else(|| format!("did not end: {command:?}"), status_text);
    Finished { status, stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() }
}

/// `exit N` or `signal N`.
pub(crate) fn status_text(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or(0)),
    }
}

/// Sends a signal; a process that is gone is no failure.
pub fn signal_pid(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

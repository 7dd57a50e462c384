//! The Python process in which hooks run, and what is said to it.
//!
//! ```text
//!  {"id": 7, "do": "call", "callable": …, "hook": …, "watcher": {…}, "extra": {…}} ─▶ interpreter.py
//!  {"id": 7, "ok": {"truth": true, "stats": …}}    or    {"id": 7, "failed": {"kind", "text", "trace"}} ◀─
//! ```
//!
//! Its program comes first on its standard input, so no file of ours has to lie anywhere.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

use super::child::HookProcess;
use super::{HookError, Import, WatcherView};

const PROGRAM: &str = include_str!("interpreter.py");
/// Reads as many bytes as its second argument says, and is then that program, for which the first argument is meant.
const LOADER: &str = "\
import os, sys
wanted, program = int(sys.argv[2]), b''
while len(program) < wanted:
    program += os.read(0, wanted - len(program)) or sys.exit()
exec(compile(program, '<minder hooks>', 'exec'))";
/// The longest answer, in bytes. The stats of a process are some hundred.
const ANSWER_MAX: u64 = 1 << 20;

/// A running interpreter. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Interpreter {
    process: HookProcess,
    requests: pipe::Sender,
    answers: BufReader<pipe::Receiver>,
    last_id: u64,
}

impl Interpreter {
    /// Starts it, without waiting for anything. `patience` is how long it lets a hook finish after the daemon's end.
    pub(super) fn start(patience: Duration) -> Result<Self, HookError> {
        let mut command = Command::new("python3");
        command.args(["-c", LOADER, &patience.as_secs_f64().to_string(), &PROGRAM.len().to_string()]);
        command.arg("minder-hooks").stdin(Stdio::piped()).stdout(Stdio::piped());
        let (process, stdin, stdout) =
            HookProcess::spawn(&mut command).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => HookError::NoPython,
                _ => HookError::System(error),
            })?;
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(HookError::System(io::ErrorKind::BrokenPipe.into()));
        };
        let requests = pipe::Sender::from_owned_fd(OwnedFd::from(stdin))?;
        let answers = BufReader::new(pipe::Receiver::from_owned_fd(OwnedFd::from(stdout))?);
        Ok(Self { process, requests, answers, last_id: 0 })
    }

    /// Whether it can be asked again.
    pub(super) fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// Asks, and waits for the answer; the caller sets the bound. After an error other than
    /// [`HookError::Raised`] the interpreter is of no use any more.
    pub(super) async fn ask(&mut self, mut request: Value) -> Result<Value, HookError> {
        let first = self.last_id == 0;
        self.last_id += 1;
        request["id"] = self.last_id.into();
        let mut bytes = if first { PROGRAM.as_bytes().to_vec() } else { Vec::new() };
        bytes.extend_from_slice(request.to_string().as_bytes());
        bytes.push(b'\n');
        if self.requests.write_all(&bytes).await.is_err() {
            return Err(HookError::Died(self.process.ended().await));
        }
        // A child that a hook left behind may hold the pipe open when the interpreter itself is gone.
        tokio::select! {
            biased;
            answer = answer_to(self.last_id, &mut self.answers) => match answer? {
                Some(answer) => verdict(answer),
                None => Err(HookError::Died(self.process.ended().await)),
            },
            status = self.process.ended() => Err(HookError::Died(status)),
        }
    }
}

/// The answer of this number. Others are passed over: a hook may have forked, and both of it answer. `None`: there
/// will be none.
async fn answer_to(id: u64, answers: &mut BufReader<pipe::Receiver>) -> Result<Option<Value>, HookError> {
    loop {
        let mut line = Vec::new();
        if answers.take(ANSWER_MAX).read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let answer: Value = serde_json::from_slice(&line).map_err(|_| HookError::Garbled)?;
        if answer.get("id").and_then(Value::as_u64) == Some(id) {
            return Ok(Some(answer));
        }
    }
}

fn verdict(mut answer: Value) -> Result<Value, HookError> {
    if let Some(result) = answer.get_mut("ok") {
        return Ok(result.take());
    }
    let part = |name: &str| answer["failed"][name].as_str().map(str::to_owned).ok_or(HookError::Garbled);
    Err(HookError::Raised { kind: part("kind")?, text: part("text")?, trace: part("trace")? })
}

/// To find a callable.
pub(super) fn resolve_request(callable: &str, python_path: &[String], import: Import) -> Value {
    let afresh = match import {
        Import::Once => false,
        Import::Again => true,
    };
    json!({ "do": "resolve", "callable": callable, "path": python_path, "afresh": afresh })
}

/// To call one.
pub(super) fn call_request(
    callable: &str,
    hook: &str,
    watcher: &WatcherView,
    extra: &[(String, Value)],
) -> Value {
    let extra: Map<String, Value> = extra.iter().cloned().collect();
    json!({
        "do": "call",
        "callable": callable,
        "path": watcher.python_path(),
        "hook": hook,
        "watcher": watcher.to_json(),
        "extra": extra,
    })
}

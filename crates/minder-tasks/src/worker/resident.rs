//! A process that stays, and is told of each run by a line of JSON.

use std::ffi::OsStr;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use minder_core::agenda::ResidentSpec;
use rustix::pipe::PipeFlags;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::time::timeout;

use super::child::Child;
use super::command::{self, More, read_some, rfc_3339, verdict_of};
use super::leftovers::RESIDENT;
use super::patience::{Act, GRACE, Patience};
use super::tail::Tail;
use crate::log::log;
use crate::run::{Exit, Outcome, RECORD_BYTES_MAX, Record, Run, Verdict};

/// How long it may take to end after the end of its standard input.
const FAREWELL: Duration = Duration::from_secs(5);

/// A longer answer is none: there is a record in it, and a little around that.
const ANSWER_BYTES_MAX: usize = RECORD_BYTES_MAX + 4096;

/// Alive, as far as we know.
#[derive(Debug)]
pub(super) struct Resident {
    name: String,
    child: Child,
    stdin: Option<Sender>,
    stdout: Receiver,
    /// What has come of an answer so far.
    answer: Vec<u8>,
    stderr: Option<Receiver>,
    tail: Tail,
}

/// Whether a resident can be told of another run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fit {
    /// It can.
    Yes,
    /// It has ended, or what it says cannot be understood any more.
    No,
}

/// What came of telling it.
enum Heard {
    Answer(Vec<u8>),
    Ended(Exit),
    /// It said more than it may.
    Endless,
}

impl Resident {
    /// Starts it. `mark` says to everybody whose it is.
    pub(super) fn start(spec: &ResidentSpec, mark: &OsStr) -> io::Result<Self> {
        let (their_stdin, stdin) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (stdout, their_stdout) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, their_stderr) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let mut command = command::command(&spec.command)?;
        command.env(RESIDENT, mark);
        command.stdin(their_stdin).stdout(their_stdout).stderr(their_stderr);
        let child = Child::spawn(&mut command)?;
        let name = spec.name.to_string();
        log(&format!("resident {name}: pid {}", child.pid()));
        Ok(Self {
            tail: Tail::new(name.as_str()),
            name,
            child,
            stdin: Some(Sender::from_owned_fd(stdin)?),
            stdout: command::receiver(stdout)?,
            answer: Vec::new(),
            stderr: Some(command::receiver(stderr)?),
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Whether it has ended, though nobody has looked since.
    pub(super) fn has_ended(&self) -> bool {
        self.child.has_ended()
    }

    /// Logs what it says between runs. Ready when it has ended.
    pub(super) fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(stderr) = &mut self.stderr {
            let mut buffer = [0; 4096];
            let mut buffer = ReadBuf::new(&mut buffer);
            match Pin::new(stderr).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.tail.push(buffer.filled()),
                Poll::Ready(_) => self.stderr = None,
                Poll::Pending => break,
            }
        }
        self.child.poll_ended(context).map(|exit| {
            if let Ok(exit) = exit {
                log(&format!("resident {}: ended: {}", self.name, words(exit)));
            }
        })
    }

    /// Does a run, and says how it ended, and whether another one can follow.
    pub(super) async fn perform(&mut self, run: &Run, patience: &mut Patience) -> (Outcome, Fit) {
        self.tail.begin(format!("{} {}", run.task, run.id.short()));
        self.forget_unasked();
        let heard = self.tell(run, patience).await;
        self.drain_stderr();
        self.tail.flush();
        let (verdict, exit, reason, fit) = match (patience.cut(), heard) {
            (Some(cut), heard) => {
                let (verdict, reason) = verdict_of(cut);
                (verdict, heard.ok().and_then(|heard| heard.exit()), reason, Fit::No)
            }
            (None, Ok(Heard::Answer(answer))) => match read(&answer, run) {
                Ok(Ok(output)) => (Verdict::Done(output), None, None, Fit::Yes),
                Ok(Err(error)) => (Verdict::Failed, None, Some(error), Fit::Yes),
                Err(nonsense) => (Verdict::Failed, None, Some(nonsense), Fit::No),
            },
            (None, Ok(Heard::Ended(exit))) => {
                let reason = format!("resident {} ended: {}", self.name, words(exit));
                (Verdict::Failed, Some(exit), Some(reason), Fit::No)
            }
            (None, Ok(Heard::Endless)) => {
                let reason = format!("its answer is longer than {ANSWER_BYTES_MAX} bytes");
                (Verdict::Failed, None, Some(reason), Fit::No)
            }
            (None, Err(error)) => {
                let reason = format!("cannot talk to resident {}: {error}", self.name);
                (Verdict::Failed, None, Some(reason), Fit::No)
            }
        };
        (Outcome { verdict, exit, duration: patience.spent(), tail: self.tail.text(), reason }, fit)
    }

    /// Tells it of a run, and waits for an answer. When the run is cut short, for its end.
    async fn tell(&mut self, run: &Run, patience: &mut Patience) -> io::Result<Heard> {
        let line = line(run);
        let mut unsent = line.as_bytes();
        loop {
            let is_cut = patience.cut().is_some();
            let (stdin, stderr) = (self.stdin.as_mut(), self.stderr.as_ref());
            tokio::select! {
                biased;
                act = patience.over() => self.child.signal(match act {
                    Act::Terminate => Signal::TERM,
                    Act::Kill => Signal::KILL,
                }),
                // An answer that it gave before it ended counts.
                heard = hear(&self.stdout, &mut self.answer), if !is_cut => match heard? {
                    Some(heard) => return Ok(heard),
                    None => return self.child.ended().await.map(Heard::Ended),
                },
                exit = self.child.ended() => return exit.map(Heard::Ended),
                sent = send(stdin, &mut unsent), if !is_cut && !unsent.is_empty() => if sent.is_err() {
                    // It does not read any more: it ends, or has to.
                    unsent = &[];
                    self.child.signal(Signal::TERM);
                },
                more = listen(stderr, &mut self.tail) => if more == More::Never {
                    self.stderr = None;
                },
            }
        }
    }

    /// What it said while nobody had asked it.
    fn forget_unasked(&mut self) {
        let mut buffer = [0; 4096];
        let mut count = self.answer.len();
        self.answer.clear();
        while let Ok(more @ 1..) = self.stdout.try_read(&mut buffer) {
            count += more;
            // It would go on for ever otherwise.
            if count > ANSWER_BYTES_MAX {
                break;
            }
        }
        if count > 0 {
            log(&format!("resident {}: said {count} bytes that nobody had asked for", self.name));
        }
    }

    fn drain_stderr(&mut self) {
        const ROUNDS: usize = 64;
        let Some(stderr) = &self.stderr else { return };
        for _ in 0..ROUNDS {
            if read_some(stderr, &mut self.tail) != More::Yes {
                return;
            }
        }
    }

    /// Has it end: by the end of its standard input, by SIGTERM, by SIGKILL.
    pub(super) async fn end(mut self) {
        self.stdin = None;
        for (wait, signal) in [(FAREWELL, Signal::TERM), (GRACE, Signal::KILL)] {
            let ended = async {
                tokio::select! {
                    ended = self.child.ended() => drop(ended),
                    () = listen_on(&mut self.stderr, &mut self.tail) => {}
                }
            };
            if timeout(wait, ended).await.is_ok() {
                break;
            }
            self.child.signal(signal);
        }
        self.drain_stderr();
        self.tail.flush();
    }
}

impl Heard {
    fn exit(&self) -> Option<Exit> {
        match self {
            Self::Ended(exit) => Some(*exit),
            Self::Answer(_) | Self::Endless => None,
        }
    }
}

fn line(run: &Run) -> String {
    let mut line = json!({
        "run": run.id.as_str(),
        "task": run.task.as_str(),
        "attempt": run.attempt,
        "due": rfc_3339(run.due),
        "input": run.input.as_ref().map(Record::value),
    })
    .to_string();
    line.push('\n');
    line
}

/// An answer, and what is wrong with it.
fn read(answer: &[u8], run: &Run) -> Result<Result<Option<Record>, String>, String> {
    let shown = || {
        let text = String::from_utf8_lossy(answer);
        let begin: String = text.trim_end().chars().take(80).collect();
        format!(
            "its answer was not understood: found `{begin}`, expected a line such as {{\"run\":\"{}\"}}",
            run.id
        )
    };
    let value: Value = serde_json::from_slice(answer).map_err(|_| shown())?;
    if value.get("run").and_then(Value::as_str) != Some(run.id.as_str()) {
        return Err(shown());
    }
    match value.get("error") {
        None | Some(Value::Null) => {}
        Some(Value::String(error)) => return Ok(Err(error.clone())),
        Some(error) => return Ok(Err(error.to_string())),
    }
    let output = value.get("output").and_then(Record::of);
    match output {
        Some(record) if record.as_str().len() > RECORD_BYTES_MAX => Ok(Err(format!(
            "its output record: {} bytes, expected no more than {RECORD_BYTES_MAX}",
            record.as_str().len()
        ))),
        output => Ok(Ok(output)),
    }
}

/// Waits for a whole line. `None`: nothing more will come. What has come so far stays in `answer`.
async fn hear(stdout: &Receiver, answer: &mut Vec<u8>) -> io::Result<Option<Heard>> {
    loop {
        let mut buffer = [0; 16 * 1024];
        stdout.readable().await?;
        match stdout.try_read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if let Some(end) = answer.iter().position(|byte| *byte == b'\n') {
            let rest = answer.split_off(end + 1);
            return Ok(Some(Heard::Answer(std::mem::replace(answer, rest))));
        }
        if answer.len() > ANSWER_BYTES_MAX {
            return Ok(Some(Heard::Endless));
        }
    }
}

async fn send(stdin: Option<&mut Sender>, unsent: &mut &[u8]) -> io::Result<()> {
    let Some(stdin) = stdin else { return Err(io::ErrorKind::BrokenPipe.into()) };
    let count = stdin.write(unsent).await?;
    *unsent = &unsent[count..];
    Ok(())
}

/// Never ends once there is nothing more to come.
async fn listen(stderr: Option<&Receiver>, tail: &mut Tail) -> More {
    let Some(stderr) = stderr else { return std::future::pending().await };
    match stderr.readable().await {
        Ok(()) => read_some(stderr, tail),
        Err(_) => More::Never,
    }
}

async fn listen_on(stderr: &mut Option<Receiver>, tail: &mut Tail) {
    loop {
        if listen(stderr.as_ref(), tail).await == More::Never {
            *stderr = None;
        }
    }
}

fn words(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal {signal}"),
    }
}

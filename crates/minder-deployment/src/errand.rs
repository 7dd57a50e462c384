//! A task that is done here and now, apart from beat and workers, by the protocol of tasks.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use minder_core::agenda::JobCommand;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

use crate::checks::command_of;
use crate::outside;

/// The longest answer of a resident, bytes.
const ANSWER_MAX: usize = 16 << 20;
/// How long a resident may take to end after its input has.
const ENDING: Duration = Duration::from_secs(10);

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub struct Errand {
    /// The task's name.
    pub task: String,
    /// When.
    pub due: Timestamp,
    /// What it is given.
    pub input: Value,
    /// How long it may take.
    pub limit: Duration,
}

/// Does a task by a process of its own, whose output is told and not shown.
///
/// # Errors
/// Why it failed, for a person.
pub fn by_command(job: &JobCommand, errand: &Errand) -> Result<Value, String> {
    let mut command = command_of(job).ok_or("it has no command")?;
    let folder = std::env::temp_dir().join(format!("minder-errand-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let output = folder.join("output");
    command.env("MINDER_TASK", &errand.task).env("MINDER_RUN", "errand").env("MINDER_ATTEMPT", "1");
    command.env("MINDER_DUE", format!("{:.0}", errand.due)).env("MINDER_OUTPUT", &output);
    let answer = outside::run(&errand.task, command, &errand.input.to_string(), errand.limit);
    let written = std::fs::read_to_string(&output).unwrap_or_default();
    // It was ours alone; what is left of it is temporary by its place.
    let _ = std::fs::remove_dir_all(&folder);
    let answer = answer.map_err(|silence| silence.to_string())?;
    if !answer.is_well() {
        return Err(answer.last_words());
    }
    if written.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&written).map_err(|error| format!("its output is no JSON: {error}"))
}

/// A process that does one errand after another.
#[derive(Debug)]
pub struct Resident {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    buffer: Vec<u8>,
}

/// Where a resident's log goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// To this process's standard error.
    Shown,
    /// Nowhere.
    Hidden,
}

impl Resident {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(job: &JobCommand, log: Log) -> io::Result<Self> {
        let command = command_of(job).ok_or_else(|| io::Error::other("it has no command"))?;
        Self::start_command(command, log)
    }

    /// Starts one of a command that is ready.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_command(mut command: Command, log: Log) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(match log {
            Log::Shown => Stdio::inherit(),
            Log::Hidden => Stdio::null(),
        });
        // In a group of its own, so that Ctrl-C is for us alone.
        let mut child = command.process_group(0).spawn()?;
        let missing = || io::Error::other("a child without its pipes");
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(missing)?;
        Ok(Self { child, input, output, buffer: Vec::new() })
    }

    /// Does an errand.
    ///
    /// # Errors
    /// Why it failed, for a person. After a time-out, or when it did not keep to the protocol, the resident has been killed.
    pub fn run(&mut self, errand: &Errand) -> Result<Value, String> {
        let line = json!({
            "run": "errand", "task": errand.task, "attempt": 1,
            "due": format!("{:.0}", errand.due), "input": errand.input,
        });
        let input = self.input.as_mut().ok_or("it has ended")?;
        let written = input.write_all(format!("{line}\n").as_bytes());
        let answer = match written.and_then(|()| self.line(errand.limit)) {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                self.kill();
                return Err(format!("it did not end within {} s", errand.limit.as_secs_f64()));
            }
            Err(error) => {
                self.kill();
                return Err(format!("its process has ended: {error}"));
            }
        };
        let answer: Value =
            serde_json::from_str(&answer).map_err(|error| format!("its answer is no JSON: {error}"))?;
        match answer.get("error") {
            None | Some(Value::Null) => Ok(answer.get("output").cloned().unwrap_or(Value::Null)),
            Some(Value::String(why)) => Err(why.clone()),
            Some(other) => Err(other.to_string()),
        }
    }

    /// Reads a line. `None`: the time is over.
    fn line(&mut self, limit: Duration) -> io::Result<Option<String>> {
        let end = Instant::now() + limit;
        let mut block = vec![0; 64 * 1024];
        loop {
            if let Some(length) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=length).collect();
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            if self.buffer.len() > ANSWER_MAX {
                return Err(io::Error::other("its answer is too long"));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
            let mut set = [PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN)];
            match poll(&mut set, Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let count = self.output.read(&mut block)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&block[..count]);
        }
    }

    fn kill(&mut self) {
        self.input = None;
        outside::end_all(&mut self.child);
    }
}

impl Drop for Resident {
    /// Ends it by the end of its input, and kills it when that is not enough.
    fn drop(&mut self) {
        self.input = None;
        match outside::wait(&mut self.child, ENDING) {
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => self.kill(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Errand, Log, Resident, by_command};
    use minder_core::agenda::JobCommand;
    use minder_core::ids::ByteString;
    use serde_json::{Value, json};
    use std::time::Duration;

    fn shell(script: &str) -> JobCommand {
        let argv = ["sh", "-c", script].map(|word| ByteString::from(word.as_bytes())).to_vec();
        JobCommand { argv, directory: None, environment: Vec::new() }
    }

    fn errand(limit: Duration) -> Errand {
        let due = "2027-03-01T22:00:00Z".parse().expect("a time");
        Errand { task: "t".into(), due, input: json!({"n": 1}), limit }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_command_is_told_by_its_environment_and_answers_by_a_file() {
        let job =
            shell(r#"read line; echo "{\"task\":\"$MINDER_TASK\",\"input\":$line}" > "$MINDER_OUTPUT""#);
        // Its input has no line's end, so `read` fails, and the shell goes on.
        let output = by_command(&job, &errand(LONG)).expect("it works");
        assert_eq!(output, json!({"task": "t", "input": {"n": 1}}));
        assert_eq!(by_command(&shell("exit 0"), &errand(LONG)), Ok(Value::Null));
        assert_eq!(by_command(&shell("echo why; exit 1"), &errand(LONG)), Err("why".into()));
    }

    #[test]
    fn a_resident_does_one_errand_after_another() {
        let script = r#"while read line; do case $line in *'"task":"t"'*) n=$((n+1)); echo "{\"output\":$n}";; esac; done"#;
        let mut resident = Resident::start(&shell(script), Log::Hidden).expect("started");
        assert_eq!(resident.run(&errand(LONG)), Ok(json!(1)));
        assert_eq!(resident.run(&errand(LONG)), Ok(json!(2)));
        let mut failing =
            Resident::start(&shell(r#"read l; echo '{"error":"no"}'"#), Log::Hidden).expect("started");
        assert_eq!(failing.run(&errand(LONG)), Err("no".into()));
    }

    #[test]
    fn a_resident_that_says_nothing_is_killed() {
        let mut silent = Resident::start(&shell("read l; exec sleep 600"), Log::Hidden).expect("started");
        let why = silent.run(&errand(Duration::from_millis(10))).expect_err("no answer");
        assert_eq!(why, "it did not end within 0.01 s");
        let mut gone = Resident::start(&shell("exit 0"), Log::Hidden).expect("started");
        assert!(gone.run(&errand(LONG)).expect_err("no answer").starts_with("its process has ended"));
    }
}

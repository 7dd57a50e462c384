//! Outputs of a slot that have no pipe, and logs that are exchanged while a process lives.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::control::Overhears;
use minder_core::event::Channel;
use minder_core::ids::{InstanceId, ProgramName, Signal};
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, Sink, Stamp, StampLook, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};
use minder_keeper::wire::{ChildFds, ErrorTo, OutputTo, StdinFrom};
use minder_runtime::launch;
use minder_runtime::logs::{Pumped, Told};
use minder_runtime::pipes::PipeSet;
use minder_runtime::slot::Slot;
use rustix::pipe::PipeFlags;

fn output(log: LogTarget) -> OutputSpec {
    OutputSpec {
        log,
        rotation: Rotation::Never,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    }
}

fn file(path: &Path) -> OutputSpec {
    output(LogTarget::File(path.as_os_str().as_bytes().into()))
}

fn direct(sink: Sink) -> OutputSpec {
    output(LogTarget::Direct(sink))
}

fn program(stdout: OutputSpec, stderr: ErrorOutput) -> ProgramSpec {
    ProgramSpec {
        name: ProgramName::new("web"),
        command: Command {
            line: "web".into(),
            file: None,
            words: Ok(vec![(*b"web").into()]),
            search: std::sync::Arc::default(),
            choice: Choice::First,
        },
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 0,
        startup: Startup::Automatic,
        restart: RestartPolicy::Never,
        expected_exits: ExpectedExits(Vec::new()),
        readiness: Readiness::StaysUp(Duration::ZERO),
        backoff: Backoff { retries: 0, step: Duration::ZERO, shortage: Shortage::Counts },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: Duration::ZERO,
            reach: Reach::Process,
            kill_reach: Reach::Process,
        },
        stdin: StdinSource::Null,
        stdout,
        stderr,
        notices: std::sync::Arc::default(),
    }
}

/// A slot with a process, as far as the slot can tell.
struct Running {
    runtime: tokio::runtime::Runtime,
    pipes: PipeSet,
    slot: Slot,
    spec: ProgramSpec,
    stdout: Option<fs::File>,
    stderr: Option<fs::File>,
}

impl Running {
    fn new(spec: ProgramSpec) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let pipes = runtime.block_on(async { PipeSet::new().unwrap() });
        let mut slot = Slot::new(InstanceId(1), &spec, Overhears::Nothing);
        slot.choose_logs(None, None).unwrap();
        let mut running = Self { runtime, pipes, slot, spec, stdout: None, stderr: None };
        running.begins(7);
        running
    }

    /// A new process.
    fn begins(&mut self, pid: u32) {
        let request = launch::request(&self.spec, "web", &(*b"/bin/web").into(), &[], Vec::new());
        let (stdout, our_stdout) = pair(request.stdout == OutputTo::Pipe);
        let (stderr, our_stderr) = pair(request.stderr == ErrorTo::Pipe);
        (self.stdout, self.stderr) = (stdout, stderr);
        self.slot.open_logs().unwrap();
        let fds = ChildFds { stdout: our_stdout, stderr: our_stderr, ..ChildFds::default() };
        self.slot.attach(fds, pid, &self.pipes).unwrap();
    }

    fn ends(&mut self) {
        for channel in [Channel::Stdout, Channel::Stderr] {
            self.slot.detach(channel, &self.pipes, &mut Vec::new());
        }
    }

    fn says(&mut self, channel: Channel, text: &str) {
        let program = match channel {
            Channel::Stdout => &mut self.stdout,
            Channel::Stderr => &mut self.stderr,
        };
        program.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        let mut told = Vec::new();
        assert_eq!(self.slot.pump(channel, &self.pipes, &mut told), Pumped::Empty);
        assert_eq!(told, []);
    }

    fn becomes(&mut self, stdout: OutputSpec, stderr: ErrorOutput) -> Vec<(Channel, Told)> {
        let new = program(stdout, stderr);
        let told = self.slot.set_outputs(&self.spec, &new, Overhears::Nothing, &self.pipes);
        self.spec = new;
        told
    }

    /// Whether a pipe with bytes in it wakes the mind.
    fn is_watched(&mut self) -> bool {
        let mut tokens = Vec::new();
        let ready = async {
            let ready = self.pipes.ready(&mut tokens);
            tokio::select! { biased; _ = ready => true, () = tokio::task::yield_now() => false }
        };
        self.runtime.block_on(ready)
    }
}

fn pair(wanted: bool) -> (Option<fs::File>, Option<OwnedFd>) {
    if !wanted {
        return (None, None);
    }
    let (read, write) = rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
    (Some(write.into()), Some(read))
}

#[test]
fn an_output_without_a_pipe_goes_where_the_keeper_sends_it() {
    let null = ErrorOutput::Own(direct(Sink::Null));
    let own = ErrorOutput::Own(direct(Sink::Own));
    let cases = [
        (direct(Sink::Null), own, OutputTo::Null, ErrorTo::Inherit),
        (direct(Sink::Own), null, OutputTo::Inherit, ErrorTo::Null),
        (direct(Sink::Own), ErrorOutput::WithStdout, OutputTo::Inherit, ErrorTo::Stdout),
        (output(LogTarget::Nowhere), ErrorOutput::WithStdout, OutputTo::Pipe, ErrorTo::Stdout),
    ];
    for (stdout, stderr, expected_stdout, expected_stderr) in cases {
        let spec = program(stdout, stderr);
        let request = launch::request(&spec, "web", &(*b"/bin/web").into(), &[], Vec::new());
        assert_eq!(
            (request.stdin, request.stdout, request.stderr),
            (StdinFrom::Null, expected_stdout, expected_stderr)
        );
    }
    let mut running = Running::new(program(direct(Sink::Own), ErrorOutput::Own(direct(Sink::Null))));
    assert_eq!(running.slot.log_path(Channel::Stdout), None);
    assert_eq!(running.slot.clear_logs(), []);
    running.ends();
}

#[test]
fn a_log_is_exchanged_while_its_process_lives_and_the_other_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    let stderr = ErrorOutput::Own(file(&path("err")));
    let mut running = Running::new(program(file(&path("one")), stderr.clone()));
    running.says(Channel::Stdout, "first\n");
    running.says(Channel::Stderr, "error\n");
    fs::rename(path("err"), path("err-moved")).unwrap();
    let stamped = OutputFilter::Stamped(Stamp { time: "T".into(), look: StampLook::Plain });
    let two = OutputSpec { filter: stamped, ..file(&path("two")) };
    assert_eq!(running.becomes(two, stderr), []);
    assert_eq!(read("two"), "");
    running.says(Channel::Stdout, "second\n");
    running.says(Channel::Stderr, "still the same file\n");
    assert_eq!(read("one"), "first\n");
    assert_eq!(read("two"), "T [7] | second\n");
    assert_eq!(read("err-moved"), "error\nstill the same file\n");
    running.ends();
    running.begins(8);
    running.says(Channel::Stdout, "third\n");
    assert_eq!(read("two"), "T [7] | second\nT [8] | third\n");
}

#[test]
fn what_a_full_log_has_not_taken_is_for_the_log_that_follows() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    let log = directory.path().join("log");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let stderr = ErrorOutput::WithStdout;
    let stripped = OutputSpec { filter: OutputFilter::StripAnsi, ..file(&fifo) };
    let mut running = Running::new(program(stripped, stderr.clone()));
    // Nobody reads the pipe, so it fills up.
    let mut said = Vec::new();
    for letter in b'a'..=b'z' {
        let chunk = vec![letter; 10_000];
        running.stdout.as_mut().unwrap().write_all(&chunk).unwrap();
        said.extend_from_slice(&chunk);
        if running.slot.pump(Channel::Stdout, &running.pipes, &mut Vec::new()) == Pumped::Held {
            break;
        }
    }
    assert!(!running.is_watched());
    assert_eq!(running.becomes(file(&log), stderr), []);
    assert!(running.is_watched());
    running.says(Channel::Stdout, "end");
    let kept = fs::read(&log).unwrap();
    said.extend_from_slice(b"end");
    // The chunk that was held is there as a whole.
    assert_eq!(kept.len(), 10_003);
    assert!(said.ends_with(&kept));
}

#[test]
fn a_pipe_that_is_to_be_no_more_is_heard_until_its_process_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let mut running = Running::new(program(file(&path("out")), ErrorOutput::Own(file(&path("err")))));
    assert_eq!(running.becomes(file(&path("out")), ErrorOutput::WithStdout), []);
    running.says(Channel::Stdout, "out ");
    running.says(Channel::Stderr, "error ");
    running.ends();
    running.begins(8);
    assert!(running.stderr.is_none());
    assert_eq!(running.slot.note(b"note", &mut Vec::new()), Channel::Stdout);
    assert_eq!(fs::read_to_string(path("out")).unwrap(), "out error note");
    assert_eq!(fs::read_to_string(path("err")).unwrap(), "");
    running.becomes(file(&path("out")), ErrorOutput::Own(file(&path("err"))));
    running.ends();
    running.begins(9);
    running.says(Channel::Stderr, "own again");
    assert_eq!(fs::read_to_string(path("err")).unwrap(), "own again");
}

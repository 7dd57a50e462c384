//! A run that is a process.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

use minder_core::agenda::JobCommand;
use minder_core::ids::ByteString;
use minder_core::time::WallTime;
use minder_schedule::text::duration_text;
use rustix::pipe::PipeFlags;
use rustix::process::Signal;
use tokio::net::unix::pipe::Receiver;

use super::child::Child;
use super::leftovers;
use super::patience::{Act, Cut, Patience};
use super::run_folder::RunFolder;
use super::tail::Tail;
use crate::run::{Exit, Outcome, Run, Verdict};
use crate::state_dir::StateDir;

/// Does a run, and says how it ended. `began` is told its pid.
pub(super) async fn perform(
    job: &JobCommand,
    run: &Run,
    state: &StateDir,
    patience: &mut Patience,
    began: impl FnOnce(u32),
) -> Outcome {
    let mut tail = Tail::new(format!("{} {}", run.task, run.id.short()));
    let ended = process(job, run, state, patience, began, &mut tail).await;
    tail.flush();
    // It may be done again at once, and not beside what is left of it in sessions of their own.
    if patience.cut().is_some() {
        leftovers::kill_of_run(run, state);
    }
    let (verdict, exit, reason) = match ended {
        Ok((exit, folder)) => judge(exit, &folder, patience.cut()),
        Err(reason) => (Verdict::Failed, None, Some(reason)),
    };
    Outcome { verdict, exit, duration: patience.spent(), tail: tail.text(), reason }
}

fn judge(exit: Exit, folder: &RunFolder, cut: Option<&Cut>) -> (Verdict, Option<Exit>, Option<String>) {
    let (verdict, reason) = match cut {
        Some(cut) => verdict_of(cut),
        None => match (exit, folder.record()) {
            (Exit::Code(0), Ok(record)) => (Verdict::Done(record), None),
            (Exit::Code(0), Err(reason)) => (Verdict::Failed, Some(reason)),
            (Exit::Code(code), _) => (Verdict::Failed, Some(format!("exit status {code}"))),
            (Exit::Signal(signal), _) => (Verdict::Failed, Some(format!("ended by signal {signal}"))),
        },
    };
    (verdict, Some(exit), reason)
}

/// What it means that a run was ended.
pub(super) fn verdict_of(cut: &Cut) -> (Verdict, Option<String>) {
    match cut {
        Cut::TimedOut(after) => {
            (Verdict::TimedOut, Some(format!("took longer than {}", duration_text(*after))))
        }
        Cut::Stopped(reason) => (Verdict::Cancelled, Some(reason.clone())),
        Cut::GivenBack => (Verdict::GivenBack, None),
    }
}

async fn process(
    job: &JobCommand,
    run: &Run,
    state: &StateDir,
    patience: &mut Patience,
    began: impl FnOnce(u32),
    tail: &mut Tail,
) -> Result<(Exit, RunFolder), String> {
    let folder = RunFolder::make(state, run).map_err(|error| format!("cannot make its folder: {error}"))?;
    let name = || job.argv.first().map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    let cannot_start = |error: io::Error| format!("cannot start `{}`: {error}", name().unwrap_or_default());
    let (mut child, mut output) = start(job, run, &folder).map_err(cannot_start)?;
    began(child.pid());
    let exit = loop {
        tokio::select! {
            biased;
            act = patience.over() => child.signal(match act {
                Act::Terminate => Signal::TERM,
                Act::Kill => Signal::KILL,
            }),
            exit = child.ended() => break exit.map_err(|error| format!("cannot wait for it: {error}"))?,
            () = take(&mut output, tail) => {}
        }
    };
    drain(output.as_ref(), tail);
    Ok((exit, folder))
}

fn start(job: &JobCommand, run: &Run, folder: &RunFolder) -> io::Result<(Child, Option<Receiver>)> {
    let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let mut command = command(job)?;
    command.env("MINDER_TASK", run.task.as_str());
    command.env("MINDER_RUN", run.id.as_str());
    command.env("MINDER_ATTEMPT", run.attempt.to_string());
    command.env("MINDER_DUE", rfc_3339(run.due));
    command.env("MINDER_OUTPUT", folder.output());
    command.env_remove("MINDER_INPUT");
    let stdin = match folder.input() {
        Some(input) => {
            command.env("MINDER_INPUT", &input);
            Stdio::from(File::open(input)?)
        }
        None => Stdio::null(),
    };
    command.stdin(stdin).stdout(write.try_clone()?).stderr(write);
    let child = Child::spawn(&mut command)?;
    // With it go the worker's own ends of the pipe for writing.
    drop(command);
    Ok((child, Some(receiver(read)?)))
}

/// The process of a job, with the job's own variables.
pub(super) fn command(job: &JobCommand) -> io::Result<Command> {
    let os = |bytes: &ByteString| OsStr::from_bytes(bytes.as_bytes()).to_owned();
    let Some((program, arguments)) = job.argv.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "an empty command"));
    };
    let mut command = Command::new(os(program));
    command.args(arguments.iter().map(os));
    command.envs(job.environment.iter().map(|(name, value)| (os(name), os(value))));
    if let Some(directory) = &job.directory {
        command.current_dir(os(directory));
    }
    Ok(command)
}

pub(super) fn receiver(read: OwnedFd) -> io::Result<Receiver> {
    Receiver::from_owned_fd(read)
}

/// Takes some of what comes. Never ends once there is nothing more to come.
async fn take(output: &mut Option<Receiver>, tail: &mut Tail) {
    let Some(receiver) = output else { return std::future::pending().await };
    if receiver.readable().await.is_err() || read_some(receiver, tail) == More::Never {
        *output = None;
    }
}

/// What the process has printed and nobody has read. What others still print who hold its output is not waited for.
fn drain(output: Option<&Receiver>, tail: &mut Tail) {
    /// A pipe has no more than this unless somebody goes on writing.
    const ROUNDS: usize = 64;
    for _ in 0..ROUNDS {
        if output.is_none_or(|receiver| read_some(receiver, tail) != More::Yes) {
            return;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum More {
    /// There may be more.
    Yes,
    /// Not now.
    Later,
    /// Not ever.
    Never,
}

pub(super) fn read_some(receiver: &Receiver, tail: &mut Tail) -> More {
    let mut buffer = [0; 16 * 1024];
    match receiver.try_read(&mut buffer) {
        Ok(0) => More::Never,
        Ok(count) => {
            tail.push(&buffer[..count]);
            More::Yes
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => More::Yes,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => More::Later,
        Err(_) => More::Never,
    }
}

/// In UTC, to the microsecond where there are any.
pub(crate) fn rfc_3339(time: WallTime) -> String {
    jiff::Timestamp::from_microsecond(time.0).map(|time| time.to_string()).unwrap_or_default()
}

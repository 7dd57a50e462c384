//! What the mind holds of one slot: the pipes of its process, and the logs its output goes to.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};

use minder_core::control::Overhears;
use minder_core::event::Channel;
use minder_core::ids::{BytePath, InstanceId};
use minder_core::program::{ErrorOutput, LogTarget, OutputSpec, ProgramSpec, Publish, Sink};
use minder_keeper::wire::{ChildFds, ChildId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::clock;
use crate::logs::{Audience, ChannelLog, LogError, Pumped, Told};
use crate::mark::Mark;
use crate::owed::Owed;
use crate::pipes::{Pipe, PipeSet, Token, Trigger};

/// How many bytes may wait until a program reads its standard input. What comes beyond is refused.
pub const STDIN_QUEUED_MAX: usize = 4 << 20;

/// One slot's pipes and logs.
#[derive(Debug)]
pub struct Slot {
    id: InstanceId,
    /// The keeper's name of its process, from the order until the exit has been seen.
    pub child: Option<ChildId>,
    /// By what is known whatever descends from it.
    pub mark: Option<Mark>,
    /// How many signals its process was sent.
    pub signals: u32,
    /// The one that goes to it next, or has gone last.
    pub owed: Option<Owed>,
    stdin: Option<Stdin>,
    stdout: Stream,
    /// `None` where it goes the way of standard output.
    stderr: Option<Stream>,
}

#[derive(Debug)]
struct Stdin {
    pipe: OwnedFd,
    /// What the program has not read yet; the pipe is watched for room while there is some.
    waiting: VecDeque<u8>,
}

#[derive(Debug)]
struct Stream {
    pipe: Option<OwnedFd>,
    way: Way,
    log: ChannelLog,
}

/// How the output of the next process goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Through a pipe into the log.
    Piped,
    /// As standard output goes; this stream is only there for the pipe of the present process.
    Merged,
    /// Without us. The log leads to the same place, for what a process still has in its pipe when this is changed, and
    /// for words of our own; it is opened only for those.
    Direct,
}

/// Why a program was not given what it should read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FeedError {
    /// It has no such pipe, or does not read it any more.
    Closed,
    /// It has not read what it was given before.
    Full,
}

impl Slot {
    /// A slot without a process.
    pub fn new(id: InstanceId, spec: &ProgramSpec, overhears: Overhears) -> Self {
        let stdout = Stream::new(&spec.stdout, Channel::Stdout, spec, overhears);
        let stderr = match &spec.stderr {
            ErrorOutput::Own(output) => Some(Stream::new(output, Channel::Stderr, spec, overhears)),
            ErrorOutput::WithStdout => None,
        };
        Self { id, child: None, mark: None, signals: 0, owed: None, stdin: None, stdout, stderr }
    }

    /// Exchanges the logs of the streams of which `new` says something else than `old`, which this slot was made of, and
    /// returns what the owners are to know. A process that runs keeps its pipes, and what it says from now on goes into
    /// the new logs. A stream that had no pipe, or is to have none any more, goes the new way with the next process. A log
    /// with an automatic name may have another one afterwards.
    pub fn set_outputs(
        &mut self,
        old: &ProgramSpec,
        new: &ProgramSpec,
        overhears: Overhears,
        pipes: &PipeSet,
    ) -> Vec<(Channel, Told)> {
        let mut all_told = Vec::new();
        for channel in [Channel::Stdout, Channel::Stderr] {
            let output = output_of(new, channel);
            if output_of(old, channel) == output {
                continue;
            }
            // Until its process ends, a pipe that is to be no more leads where standard output leads.
            let next = Stream::new(output.unwrap_or(&new.stdout), channel, new, overhears);
            let path = match output {
                Some(output) if output_of(old, channel).is_some_and(|old| old.log == output.log) => {
                    self.log_path(channel)
                }
                Some(_) => None,
                None => self.log_path(Channel::Stdout),
            };
            let mut told = Vec::new();
            self.exchange(channel, next, path.cloned(), pipes, &mut told);
            if channel == Channel::Stderr && output.is_none() {
                self.stderr.take_if(|stream| stream.pipe.is_none());
                self.stderr.iter_mut().for_each(|stream| stream.way = Way::Merged);
            }
            all_told.extend(told.into_iter().map(|told| (channel, told)));
        }
        all_told
    }

    fn exchange(
        &mut self,
        channel: Channel,
        mut next: Stream,
        path: Option<BytePath>,
        pipes: &PipeSet,
        told: &mut Vec<Told>,
    ) {
        let id = self.id;
        if let Err(error) = next.log.choose_path(path) {
            told.push(Told::Trouble(error));
        }
        match self.stream(channel) {
            Some(stream) => {
                stream.release(id, channel, pipes);
                next.pipe = stream.pipe.take();
                let before = mem::replace(stream, next);
                before.log.hand_over(&mut stream.log, clock::now().wall, told);
                if let Some(pipe) = &stream.pipe {
                    let token = Token { id, pipe: source_of(channel) };
                    pipes.tell_again(pipe, token, stream.log.trigger());
                    // If it cannot be, the first bytes tell.
                    let _ = stream.log.open();
                }
            }
            None => self.stderr = Some(next),
        }
    }

    /// Chooses the names of the logs that have none of their own, or takes those an earlier mind chose.
    ///
    /// # Errors
    /// When such a file cannot be made.
    pub fn choose_logs(
        &mut self,
        stdout: Option<BytePath>,
        stderr: Option<BytePath>,
    ) -> Result<(), LogError> {
        self.stdout.log.choose_path(stdout)?;
        self.stderr.as_mut().map_or(Ok(()), |stream| stream.log.choose_path(stderr))
    }

    /// The file of an output stream.
    pub fn log_path(&self, channel: Channel) -> Option<&BytePath> {
        let stream = match channel {
            Channel::Stdout => &self.stdout,
            Channel::Stderr => self.stderr.as_ref()?,
        };
        match stream.way {
            Way::Piped | Way::Merged => stream.log.path(),
            Way::Direct => None,
        }
    }

    /// The logs that cannot be written at the moment, and how many bytes each has lost.
    pub fn lost(&self) -> Vec<(BytePath, u64)> {
        let streams = [Some(&self.stdout), self.stderr.as_ref()];
        streams.into_iter().flatten().filter_map(|stream| stream.log.lost()).collect()
    }

    /// Opens the logs, before a process starts.
    ///
    /// # Errors
    /// The first that cannot be opened; the other is open all the same.
    pub fn open_logs(&mut self) -> Result<(), LogError> {
        let stdout = self.stdout.open();
        let stderr = self.stderr.as_mut().map_or(Ok(()), Stream::open);
        stdout.and(stderr)
    }

    /// Takes the pipes of a process: one that has just begun, or that an earlier mind has left.
    ///
    /// # Errors
    /// When one cannot be watched.
    pub fn attach(&mut self, fds: ChildFds, pid: u32, pipes: &PipeSet) -> io::Result<()> {
        self.stdin = fds.stdin.map(|pipe| Stdin { pipe, waiting: VecDeque::new() });
        self.stdout.pipe = fds.stdout;
        self.stdout.log.process_began(pid);
        if let Some(stream) = &mut self.stderr {
            stream.log.process_began(pid);
        }
        let mut watched = Ok(());
        if let Some(pipe) = &self.stdout.pipe {
            watched = pipes.watch(pipe, Token { id: self.id, pipe: Pipe::Stdout }, self.stdout.log.trigger());
        }
        if let (Some(stream), Some(pipe)) = (&mut self.stderr, fds.stderr) {
            let token = Token { id: self.id, pipe: Pipe::Stderr };
            watched = watched.and(pipes.watch(&pipe, token, stream.log.trigger()));
            stream.pipe = Some(pipe);
        }
        watched
    }

    /// Gives the pipes of the process away, for whoever serves it from now on.
    pub fn give_up_pipes(&mut self) -> ChildFds {
        ChildFds {
            pidfd: None,
            stdin: self.stdin.take().map(|stdin| stdin.pipe),
            stdout: self.stdout.pipe.take(),
            stderr: self.stderr.as_mut().and_then(|stream| stream.pipe.take()),
        }
    }

    /// Moves what an output pipe holds, a bounded amount at once.
    pub fn pump(&mut self, channel: Channel, pipes: &PipeSet, told: &mut Vec<Told>) -> Pumped {
        let id = self.id;
        let Some(stream) = self.stream(channel) else { return Pumped::Ended };
        let Some(pipe) = &stream.pipe else { return Pumped::Ended };
        let pumped = stream.log.pump(pipe.as_fd(), clock::now().wall, told);
        match pumped {
            Pumped::Empty => {}
            Pumped::More => {
                let token = Token { id, pipe: source_of(channel) };
                if stream.log.trigger() == Trigger::News {
                    pipes.tell_again(pipe, token, Trigger::News);
                }
            }
            Pumped::Ended => {
                if let Some(pipe) = stream.pipe.take() {
                    pipes.forget(pipe);
                }
            }
            // Whoever reads the log is slow. The program is made to wait too, as with any pipe.
            Pumped::Held => stream.hold(id, channel, pipes),
        }
        pumped
    }

    /// Whether an output pipe holds nothing, so that there is nothing to move.
    pub fn is_silent(&self, channel: Channel) -> bool {
        let stream = match channel {
            Channel::Stdout => Some(&self.stdout),
            Channel::Stderr => self.stderr.as_ref(),
        };
        let pipe = stream.and_then(|stream| stream.pipe.as_ref());
        pipe.is_none_or(|pipe| matches!(rustix::io::ioctl_fionread(pipe), Ok(0)))
    }

    /// Where a stream goes has room again.
    pub fn target_ready(&mut self, channel: Channel, pipes: &PipeSet) {
        let id = self.id;
        if let Some(stream) = self.stream(channel) {
            stream.release(id, channel, pipes);
        }
    }

    /// Waits until a stream's log takes more, a quarter of a second at most; whether it does.
    pub fn wait_for_target(&self, channel: Channel) -> bool {
        let stream = match channel {
            Channel::Stdout => Some(&self.stdout),
            Channel::Stderr => self.stderr.as_ref(),
        };
        let Some(target) = stream.and_then(|stream| stream.log.target()) else { return false };
        let mut fds = [PollFd::from_borrowed_fd(target, PollFlags::OUT)];
        let quarter = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
        matches!(poll(&mut fds, Some(&quarter)), Ok(ready) if ready > 0)
    }

    /// The process has ended: closes its pipes, which have been read to the end.
    pub fn detach(&mut self, channel: Channel, pipes: &PipeSet, told: &mut Vec<Told>) {
        if let Some(stdin) = self.stdin.take()
            && !stdin.waiting.is_empty()
        {
            pipes.forget(&stdin.pipe);
        }
        if let Some(stream) = self.stream(channel) {
            if let Some(target) = stream.log.target() {
                pipes.forget(target);
            }
            if let Some(pipe) = stream.pipe.take() {
                pipes.forget(pipe);
            }
            stream.log.process_ended(clock::now().wall, told);
            if channel == Channel::Stderr {
                self.stderr.take_if(|stream| stream.way == Way::Merged);
            }
        }
    }

    /// Puts a text of minder's own where the process's standard error would go.
    pub fn note(&mut self, text: &[u8], told: &mut Vec<Told>) -> Channel {
        let now = clock::now().wall;
        match &mut self.stderr {
            Some(stream) => {
                stream.log.write(text, now, told);
                Channel::Stderr
            }
            None => {
                self.stdout.log.write(text, now, told);
                Channel::Stdout
            }
        }
    }

    /// Gives the program something to read.
    ///
    /// # Errors
    /// When it does not read.
    pub fn feed(&mut self, bytes: &[u8], pipes: &PipeSet) -> Result<(), FeedError> {
        let stdin = self.stdin.as_mut().ok_or(FeedError::Closed)?;
        if stdin.waiting.len() + bytes.len() > STDIN_QUEUED_MAX {
            return Err(FeedError::Full);
        }
        let was_idle = stdin.waiting.is_empty();
        stdin.waiting.extend(bytes);
        match stdin.write() {
            Ok(()) if was_idle && !stdin.waiting.is_empty() => {
                let token = Token { id: self.id, pipe: Pipe::Stdin };
                pipes.watch(&stdin.pipe, token, Trigger::Bytes).map_err(|_| FeedError::Full)
            }
            Ok(()) => Ok(()),
            Err(error) => {
                self.close_stdin(pipes);
                Err(error)
            }
        }
    }

    /// There is room in the pipe of standard input.
    ///
    /// # Errors
    /// When nobody reads it any more.
    pub fn stdin_ready(&mut self, pipes: &PipeSet) -> Result<(), FeedError> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        let written = stdin.write();
        if written.is_err() {
            self.close_stdin(pipes);
        } else if stdin.waiting.is_empty() {
            pipes.forget(&stdin.pipe);
        }
        written
    }

    fn close_stdin(&mut self, pipes: &PipeSet) {
        if let Some(stdin) = self.stdin.take() {
            pipes.forget(stdin.pipe);
        }
    }

    /// Closes the log files and opens them again under their names.
    pub fn reopen_logs(&mut self) -> Vec<LogError> {
        self.each_log(ChannelLog::reopen)
    }

    /// Removes the log files and begins new ones.
    pub fn clear_logs(&mut self) -> Vec<LogError> {
        self.each_log(ChannelLog::clear)
    }

    fn each_log(&mut self, act: impl Fn(&mut ChannelLog) -> Result<(), LogError>) -> Vec<LogError> {
        [Some(&mut self.stdout), self.stderr.as_mut()]
            .into_iter()
            .flatten()
            .filter(|stream| stream.way != Way::Direct)
            .filter_map(|stream| act(&mut stream.log).err())
            .collect()
    }

    fn stream(&mut self, channel: Channel) -> Option<&mut Stream> {
        match channel {
            Channel::Stdout => Some(&mut self.stdout),
            Channel::Stderr => self.stderr.as_mut(),
        }
    }
}

impl Stream {
    /// Without a pipe.
    fn new(output: &OutputSpec, channel: Channel, program: &ProgramSpec, overhears: Overhears) -> Self {
        let audience = match (output.publish, overhears) {
            (Publish::Silent, Overhears::Nothing) => Audience::None,
            (Publish::Chunks | Publish::Dialogue, _) | (_, Overhears::Everything) => Audience::Chunks,
        };
        let name = program.name.as_str();
        let (way, log) = match (&output.log, channel) {
            (LogTarget::Direct(Sink::Own), Channel::Stdout) => (Way::Direct, Some("/dev/stdout")),
            (LogTarget::Direct(Sink::Own), Channel::Stderr) => (Way::Direct, Some("/dev/stderr")),
            (LogTarget::Direct(Sink::Null), _) => (Way::Direct, None),
            (
                LogTarget::Nowhere | LogTarget::File(_) | LogTarget::Followed(_) | LogTarget::Fresh { .. },
                _,
            ) => (Way::Piped, None),
        };
        let log = match log {
            None => ChannelLog::new(output, name, audience),
            Some(path) => {
                let output = OutputSpec { log: LogTarget::File(path.as_bytes().into()), ..output.clone() };
                ChannelLog::new(&output, name, audience)
            }
        };
        Self { pipe: None, way, log }
    }

    fn open(&mut self) -> Result<(), LogError> {
        match self.way {
            Way::Piped | Way::Merged => self.log.open(),
            Way::Direct => Ok(()),
        }
    }

    /// Waits for room in the target instead of for bytes in the pipe.
    fn hold(&self, id: InstanceId, channel: Channel, pipes: &PipeSet) {
        if let (Some(pipe), Some(target)) = (&self.pipe, self.log.target()) {
            let token = Token { id, pipe: target_of(channel) };
            if pipes.watch(target, token, Trigger::Bytes).is_ok() {
                pipes.forget(pipe);
            }
        }
    }

    fn release(&self, id: InstanceId, channel: Channel, pipes: &PipeSet) {
        if let Some(target) = self.log.target() {
            pipes.forget(target);
        }
        if let Some(pipe) = &self.pipe {
            let token = Token { id, pipe: source_of(channel) };
            // It was watched before, and its place is still there.
            let _ = pipes.watch(pipe, token, self.log.trigger());
        }
    }
}

/// What is said of an output, unless it goes the way of standard output.
fn output_of(spec: &ProgramSpec, channel: Channel) -> Option<&OutputSpec> {
    match (channel, &spec.stderr) {
        (Channel::Stdout, _) => Some(&spec.stdout),
        (Channel::Stderr, ErrorOutput::Own(output)) => Some(output),
        (Channel::Stderr, ErrorOutput::WithStdout) => None,
    }
}

fn source_of(channel: Channel) -> Pipe {
    match channel {
        Channel::Stdout => Pipe::Stdout,
        Channel::Stderr => Pipe::Stderr,
    }
}

fn target_of(channel: Channel) -> Pipe {
    match channel {
        Channel::Stdout => Pipe::StdoutTarget,
        Channel::Stderr => Pipe::StderrTarget,
    }
}

impl Stdin {
    /// Writes as much as the pipe takes.
    fn write(&mut self) -> Result<(), FeedError> {
        while !self.waiting.is_empty() {
            match rustix::io::write(&self.pipe, self.waiting.as_slices().0) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(FeedError::Closed),
            }
        }
        Ok(())
    }
}

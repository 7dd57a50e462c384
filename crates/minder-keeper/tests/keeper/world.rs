//! A real keeper with a mind that does nothing by itself: it lends its line to the test, which then speaks for it.
//!
//! ```text
//!   test ──starts──▶ front ═becomes═▶ keeper ──starts──▶ mind ──its port, over a socket──▶ test
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use minder_keeper::wire::{
    ChildFds, ChildId, ChildState, Delivery, ErrorTo, FromKeeper, Leader, OutputTo, Pipes, Port,
    SpawnRequest, StageFailure, StdinFrom, ToKeeper,
};
use minder_keeper::{Boot, Keeper, MindCommand, RESTART_VARIABLE, Role};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use rustix::process::{Pid, Signal};

/// What the front hands over under the name `snapshot`.
pub(crate) const SNAPSHOT: &str = "what the front has read";
/// The first argument of a front, a keeper and a mind.
pub(crate) const ARGUMENT: &str = "as-front";
/// Sets the keeper's patience, in milliseconds.
const PATIENCE_VARIABLE: &str = "TEST_PATIENCE_MS";
/// Nothing here takes as long as this.
const LONG: Duration = Duration::from_secs(30);

/// What this executable does when it is not the test itself.
pub(crate) fn play(role: Role, arguments: &[String]) -> Option<ExitCode> {
    let socket = arguments.get(2);
    match role {
        Role::Front if arguments.get(1).is_some_and(|first| first == ARGUMENT) => Some(play_front(socket?)),
        Role::Front => None,
        Role::Keeper(boot) => {
            let mut keeper = Keeper::new(boot, MindCommand::own()).unwrap();
            if let Ok(patience) = std::env::var(PATIENCE_VARIABLE) {
                keeper = keeper.with_patience(Duration::from_millis(patience.parse().unwrap()));
            }
            Some(ExitCode::from(u8::try_from(keeper.run()).unwrap()))
        }
        Role::Mind(port) => {
            // The stream carries the port first. Then a byte is a wish to exit, and its end is no wish at all.
            // The last mind of a test may find nobody there any more.
            let Ok(mut stream) = UnixStream::connect(socket?) else { return Some(ExitCode::FAILURE) };
            lend(&stream, b'm', Some(&port));
            let mut status = [0];
            let read = stream.read(&mut status).unwrap_or(0);
            Some(ExitCode::from(if read == 0 { 99 } else { status[0] }))
        }
    }
}

fn play_front(socket: &str) -> ExitCode {
    if std::env::var_os(RESTART_VARIABLE).is_some() {
        let stream = UnixStream::connect(socket).unwrap();
        lend(&stream, b'f', None);
        return ExitCode::from(5);
    }
    let memfd = rustix::fs::memfd_create("snapshot", MemfdFlags::CLOEXEC).unwrap();
    rustix::io::write(&memfd, SNAPSHOT.as_bytes()).unwrap();
    let boot = Boot { held: vec![(b"snapshot".to_vec(), memfd)], succession: None };
    let argv = std::env::args_os().collect::<Vec<_>>();
    let envs = std::env::vars_os().collect::<Vec<_>>();
    panic!("{}", boot.exec(&argv, &envs));
}

fn lend(stream: &UnixStream, kind: u8, port: Option<&Port>) {
    let pid = std::process::id().to_le_bytes();
    let bytes = [kind, pid[0], pid[1], pid[2], pid[3]];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = port.map(|port| [port.as_fd()]);
    if let Some(fds) = &fds {
        assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
    }
    rustix::net::sendmsg(stream, &[IoSlice::new(&bytes)], &mut control, SendFlags::empty()).unwrap();
}

/// A keeper, ended and cleared away with this value.
pub(crate) struct World {
    pub(crate) keeper: Child,
    pub(crate) directory: tempfile::TempDir,
    listener: UnixListener,
    groups: Vec<u32>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with_patience(patience: Duration) -> Self {
        Self::with(|command| {
            command.env(PATIENCE_VARIABLE, patience.as_millis().to_string());
        })
    }

    /// `prepare` may change how the front is started.
    pub(crate) fn with(prepare: impl FnOnce(&mut Command)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        // By way of a shell, so that a test can have limits and ignored signals of its own set before.
        let mut command = Command::new("/bin/sh");
        command.env("BEFORE", "").args(["-c", "eval \"$BEFORE\"; exec \"$0\" \"$@\""]);
        command.arg(std::env::current_exe().unwrap()).arg(ARGUMENT).arg(&socket);
        prepare(&mut command);
        Self { keeper: command.spawn().unwrap(), directory, listener, groups: Vec::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The next mind, still before its hello.
    pub(crate) fn mind(&self) -> TestMind {
        let (kind, pid, stream, port) = self.caller();
        assert_eq!(kind, b'm', "a mind was expected");
        TestMind {
            pid,
            stream,
            port: port.unwrap(),
            announced: RefCell::default(),
            arrived: RefCell::default(),
        }
    }

    /// The next mind after its hello, which must be that of a keeper without children.
    pub(crate) fn fresh_mind(&self) -> TestMind {
        let mind = self.mind();
        let hello = mind.hello();
        assert!(hello.children.is_empty());
        mind.say(&ToKeeper::Ready);
        mind
    }

    /// Waits for the front that replaces the keeper: its pid.
    pub(crate) fn front_again(&self) -> u32 {
        let (kind, pid, _, _) = self.caller();
        assert_eq!(kind, b'f', "a front was expected");
        pid
    }

    fn caller(&self) -> (u8, u32, UnixStream, Option<Port>) {
        await_readable(&self.listener, "a process to call");
        let (stream, _) = self.listener.accept().unwrap();
        await_readable(&stream, "its port");
        let mut bytes = [0; 5];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        rustix::net::recvmsg(&stream, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).unwrap();
        let port = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next().map(Port::from),
            _ => None,
        });
        (bytes[0], u32::from_le_bytes(bytes[1..].try_into().unwrap()), stream, port)
    }

    /// Remembers a process group to be killed at the end.
    pub(crate) fn clear_away(&mut self, pid: u32) {
        self.groups.push(pid);
    }

    pub(crate) fn signal_keeper(&self, signal: Signal) {
        rustix::process::kill_process(pid(self.keeper.id()), signal).unwrap();
    }

    pub(crate) fn keeper_status(&mut self) -> Option<i32> {
        self.keeper.wait().unwrap().code()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        for group in &self.groups {
            let _ = rustix::process::kill_process_group(pid(*group), Signal::KILL);
        }
    }
}

/// A mind whose mouth and ears the test is.
pub(crate) struct TestMind {
    pub(crate) pid: u32,
    pub(crate) port: Port,
    stream: UnixStream,
    /// What processes said of themselves, until the keeper said it too.
    announced: RefCell<BTreeMap<ChildId, ChildFds>>,
    /// What came together with what has been heard.
    arrived: RefCell<VecDeque<(FromKeeper, Vec<OwnedFd>)>>,
}

/// What a hello contained.
pub(crate) struct Hello {
    pub(crate) keeper: u32,
    pub(crate) lives: u32,
    pub(crate) children: Vec<(ChildId, u32, ChildState, Option<StageFailure>, ChildFds)>,
    pub(crate) held: Vec<(Vec<u8>, OwnedFd)>,
}

/// A process that was spawned.
pub(crate) struct Spawned {
    pub(crate) pid: u32,
    pub(crate) failure: Option<StageFailure>,
    pub(crate) fds: ChildFds,
}

impl TestMind {
    /// Says it, as soon as the keeper has made room.
    pub(crate) fn say(&self, message: &ToKeeper) {
        while let Err(error) = self.port.send(message, &[]) {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            self.await_room();
        }
    }

    /// Sends any packet at all.
    pub(crate) fn blurt(&self, packet: &[u8]) {
        while let Err(error) = rustix::net::send(&self.port, packet, SendFlags::DONTWAIT) {
            assert_eq!(error, rustix::io::Errno::AGAIN);
            self.await_room();
        }
    }

    fn await_room(&self) {
        let timeout = Timespec::try_from(LONG).unwrap();
        let mut fds = [PollFd::new(&self.port, PollFlags::OUT)];
        assert_eq!(poll(&mut fds, Some(&timeout)).unwrap(), 1, "the keeper does not read");
    }

    /// The next message, whatever it takes.
    pub(crate) fn hear(&self) -> (FromKeeper, Vec<OwnedFd>) {
        let waiting = self.arrived.borrow_mut().pop_front();
        waiting.unwrap_or_else(|| {
            await_readable(&self.port, "the keeper to speak");
            let Delivery { messages, mut fds } =
                self.port.receive().unwrap().expect("the keeper has hung up");
            let mut arrived = self.arrived.borrow_mut();
            arrived.extend(messages.into_iter().map(|message| (message, std::mem::take(&mut fds))));
            arrived.pop_front().expect("no packet is empty")
        })
    }

    /// The next message of the keeper's that is not about an orphan: a shell may leave those at any time.
    pub(crate) fn hear_own(&self) -> (FromKeeper, Vec<OwnedFd>) {
        loop {
            match self.hear() {
                (FromKeeper::Reaped { .. }, _) => {}
                (FromKeeper::Cloned { child, pipes, .. }, fds) => {
                    self.announced.borrow_mut().insert(child, pipes.unpack(fds).unwrap());
                }
                other => return other,
            }
        }
    }

    /// The descriptors of a process, from itself or from the keeper.
    pub(crate) fn fds_of(&self, child: ChildId, pipes: Pipes, fds: Vec<OwnedFd>) -> ChildFds {
        let announced = self.announced.borrow_mut().remove(&child);
        if pipes == Pipes::NONE { announced.unwrap() } else { pipes.unpack(fds).unwrap() }
    }

    pub(crate) fn hello(&self) -> Hello {
        let (FromKeeper::Hello { version, keeper, lives }, _) = self.hear() else { panic!("no hello") };
        assert_eq!(version, minder_keeper::wire::VERSION);
        let mut hello = Hello { keeper, lives, children: Vec::new(), held: Vec::new() };
        loop {
            match self.hear() {
                (FromKeeper::Child { child, pid, state, failure, pipes, .. }, fds) => {
                    hello.children.push((child, pid, state, failure, pipes.unpack(fds).unwrap()));
                }
                // The keeper's own, for the keeper after it.
                (FromKeeper::Held { name }, _) if name == b"origin" => {}
                (FromKeeper::Held { name }, mut fds) => hello.held.push((name, fds.pop().unwrap())),
                (FromKeeper::HelloEnd, _) => return hello,
                (other, _) => panic!("in a hello: {other:?}"),
            }
        }
    }

    pub(crate) fn spawn(&self, world: &mut World, child: u32, request: SpawnRequest) -> Spawned {
        self.say(&ToKeeper::Spawn { child: ChildId(child), request: Box::new(request) });
        match self.hear_own() {
            (FromKeeper::Spawned { child: which, pid, failure, pipes }, fds) => {
                assert_eq!(which, ChildId(child));
                world.clear_away(pid);
                Spawned { pid, failure, fds: self.fds_of(which, pipes, fds) }
            }
            (other, _) => panic!("instead of a process: {other:?}"),
        }
    }

    /// Waits for that child's end, and acknowledges it: its raw status.
    pub(crate) fn await_exit(&self, child: u32) -> i32 {
        let (FromKeeper::Exited { child: which, status }, _) = self.hear_own() else { panic!("no exit") };
        assert_eq!(which, ChildId(child));
        self.say(&ToKeeper::Acknowledge { child: which });
        status
    }

    /// Runs a shell script to its end: what it printed, on both of its outputs.
    pub(crate) fn output(&self, world: &mut World, child: u32, request: SpawnRequest) -> String {
        let spawned = self.spawn(world, child, request);
        assert_eq!(spawned.failure, None);
        self.await_exit(child);
        read_available(spawned.fds.stdout.as_ref().unwrap())
    }

    pub(crate) fn kill(self) {
        rustix::process::kill_process(pid(self.pid), Signal::KILL).unwrap();
    }

    pub(crate) fn exit(mut self, status: u8) {
        self.stream.write_all(&[status]).unwrap();
    }
}

/// A shell script whose outputs both go to one pipe.
pub(crate) fn script(text: &str) -> SpawnRequest {
    SpawnRequest {
        program: b"/bin/sh".to_vec(),
        argv: ["sh", "-c", text].map(|word| word.as_bytes().to_vec()).to_vec(),
        environment: vec![b"PATH=/usr/bin:/bin".to_vec()],
        directory: None,
        credentials: None,
        umask: None,
        limits: Vec::new(),
        leader: Leader::Group,
        stdin: StdinFrom::Null,
        stdout: OutputTo::Pipe,
        stderr: ErrorTo::Stdout,
        inherited: Vec::new(),
        pid_variable: None,
    }
}

/// Reads what is there, without waiting for an end: the keeper has a copy of every pipe.
pub(crate) fn read_available(fd: &OwnedFd) -> String {
    let mut text = Vec::new();
    let mut file = File::from(fd.try_clone().unwrap());
    match file.read_to_end(&mut text) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
    }
    String::from_utf8(text).unwrap()
}

/// Reads until a line is complete.
pub(crate) fn read_line(fd: &OwnedFd) -> String {
    let mut text = String::new();
    while !text.ends_with('\n') {
        await_readable(fd, "a line");
        let more = read_available(fd);
        assert!(!more.is_empty(), "the end came after {text:?}");
        text += &more;
    }
    text
}

pub(crate) fn await_readable(fd: &impl AsFd, what: &str) {
    let timeout = Timespec::try_from(LONG).unwrap();
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let ready = rustix::io::retry_on_intr(|| poll(&mut fds, Some(&timeout))).unwrap();
    assert_eq!(ready, 1, "waited in vain for {what}");
}

pub(crate) fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).unwrap()
}

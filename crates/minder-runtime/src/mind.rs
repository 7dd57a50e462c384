//! The one loop: waits for the keeper, a pipe, a request or a deadline, turns it into inputs of the supervision,
//! and carries out the effects. It owns everything; nothing here is shared and nothing polls.
//!
//! ```text
//!  keeper ──exits, processes──┐
//!  pipes ───bytes─────────────┤                                    ┌─▶ keeper: spawn, signal
//!  faces ───requests──────────┼─▶ Input ─▶ Supervision ─▶ Effect ──┼─▶ ledger, roster
//!  clock ───deadlines─────────┘                                    └─▶ Event ─▶ observers, waiters ─▶ Order
//! ```
//!
//! When the keeper is killed the loop ends, and this process becomes the next keeper: see `succession`.
//!
//! Inputs, events and orders go through queues, one after the other, so that nothing here calls itself.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use minder_core::control::{Ending, Order, Reader};
use minder_core::event::{Channel, Event, Output};
use minder_core::ids::{Errno, InstanceId, Pid, Signal};
use minder_core::input::Input;
use minder_core::plan::Plan;
use minder_core::supervision::{Mode, Supervision};
use minder_core::time::Instant;
use minder_keeper::wire::{ChildId, Delivery, FromKeeper, Pipes, SpawnStep, StageFailure, ToKeeper};
use tokio::sync::mpsc;

use crate::aftermath::{Aftermath, Dead};
use crate::clock;
use crate::faces::Faces;
use crate::group_sockets::GroupSockets;
use crate::handle::Asked;
use crate::keeper_link::KeeperLink;
use crate::ledger::Ledger;
use crate::listeners::Listeners;
use crate::logs::{Pumped, Told};
use crate::mark::Marks;
use crate::pipes::{Pipe, PipeSet, Token};
use crate::processes::Processes;
use crate::roster::Roster;
use crate::slot::Slot;
use crate::status::exit_status;
use crate::waiters::Waiters;

/// Everything the mind knows and holds.
pub struct Mind {
    pub(crate) world: Supervision,
    pub(crate) slots: BTreeMap<InstanceId, Box<Slot>>,
    pub(crate) children: BTreeMap<ChildId, InstanceId>,
    /// Those that were made but never ran their program, and count as not made; their end is still to be told.
    pub(crate) unborn: BTreeMap<ChildId, StageFailure>,
    /// What another keeper would have to know of them.
    pub(crate) processes: Processes,
    pub(crate) marks: Marks,
    /// Those that have ended in a stop, while what they have left is still to end.
    pub(crate) aftermaths: BTreeMap<InstanceId, Aftermath>,
    /// Those that have ended in a stop, and nobody has looked yet for what they have left.
    pub(crate) dead: Dead,
    pub(crate) next_child: u32,
    pub(crate) link: KeeperLink,
    pub(crate) pipes: PipeSet,
    pub(crate) ledger: Ledger,
    /// Slots that are gone for good, and still have a line in the ledger.
    pub(crate) gone: Vec<InstanceId>,
    pub(crate) roster: Roster,
    pub(crate) sockets: GroupSockets,
    pub(crate) listeners: Listeners,
    pub(crate) faces: Faces,
    pub(crate) reader: Box<dyn Reader>,
    /// As it was read last.
    pub(crate) plan: Arc<Plan>,
    pub(crate) waiters: Waiters,
    pub(crate) inputs: VecDeque<Input>,
    pub(crate) events: VecDeque<Event>,
    /// What minder was started with; every program's environment begins with it.
    pub(crate) environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// The process in the pidfile.
    pub(crate) keeper: u32,
    /// How many minds there were before.
    pub(crate) lives: u32,
    pub(crate) finished: bool,
    /// When the storm of the start is over.
    pub(crate) calm_at: Option<Instant>,
    /// What is done then.
    pub(crate) calm_down: fn(),
}

impl Mind {
    /// Goes on until everything has stopped, the keeper is gone, or one of `programs` arrives to be minder from now on; says
    /// what is to follow.
    ///
    /// # Errors
    /// When the kernel refuses to wait.
    pub async fn run(
        &mut self,
        mut requests: mpsc::Receiver<Asked>,
        mut programs: mpsc::Receiver<OwnedFd>,
    ) -> io::Result<Departure> {
        let mut ready = Vec::new();
        self.end_turn();
        while !self.finished {
            let deadline = self.deadline();
            tokio::select! {
                // The keeper first: what has ended should not be reported as running.
                biased;
                linked = self.link.ready() => {
                    linked?;
                    self.link.flush();
                    self.link.note_full();
                    let line = self.hear_keeper()?;
                    if line == Line::Open {
                        self.look_after_dead();
                    } else {
                        self.keeper_is_gone();
                        self.flush_journal();
                        return Ok(Departure::Orphaned);
                    }
                }
                Some(asked) = requests.recv() => self.answer_all(asked, &mut requests),
                Some(program) = programs.recv() => {
                    self.trouble("minder becomes another program; what it looks after is not touched".to_owned());
                    self.end_turn();
                    return Ok(Departure::Replaced(program));
                }
                watched = self.pipes.ready(&mut ready) => {
                    watched?;
                    for token in ready.drain(..) {
                        self.pipe_ready(token);
                    }
                }
                () = until(deadline) => self.due(),
            }
            self.end_turn();
        }
        Ok(Departure::Ended(self.roster.ending))
    }

    /// Tells the keeper what is to follow, once everything has stopped and been put away.
    ///
    /// # Errors
    /// When the keeper is gone or does not listen within five seconds.
    pub async fn farewell(mut self, ending: Ending) -> io::Result<()> {
        self.link.take_down_shelf();
        self.link.send(match ending {
            Ending::Exit => ToKeeper::Finish { status: 0 },
            Ending::Again => ToKeeper::Again,
        });
        self.say_last().await
    }

    /// Has the keeper become another program, which starts the next mind. To be followed by the end of this process.
    ///
    /// # Errors
    /// When the keeper is gone or does not listen within five seconds.
    pub async fn hand_over(mut self, program: OwnedFd) -> io::Result<()> {
        self.link.become_program(program);
        self.say_last().await
    }

    /// Where what outlives keeper and mind is kept, if that is a place that others can find.
    pub fn shelf(&self) -> Option<PathBuf> {
        self.link.shelf().path()
    }

    async fn say_last(&mut self) -> io::Result<()> {
        let flushed = async {
            loop {
                self.link.flush();
                self.link.note_full();
                if self.link.is_flushed() {
                    return Ok(());
                }
                self.link.ready().await?;
            }
        };
        tokio::time::timeout(FAREWELL, flushed).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }

    fn deadline(&self) -> Option<Instant> {
        let own = [self.calm_at, self.dead.look_at()];
        own.into_iter().chain([self.world.deadline(), self.faces.deadline()]).flatten().min()
    }

    fn due(&mut self) {
        self.look_after_dead();
        self.inputs.push_back(Input::Tick);
        let orders = self.faces.wake(clock::now(), &self.world);
        self.carry_out_orders(orders);
    }

    /// Takes all inputs and tells all events, until there is none of either.
    pub(crate) fn settle(&mut self) {
        loop {
            if let Some(event) = self.events.pop_front() {
                self.tell(&event);
            } else if let Some(input) = self.inputs.pop_front() {
                self.step(input);
            } else {
                let refused = self.link.take_refused();
                if refused.is_empty() {
                    return;
                }
                for (child, errno) in refused {
                    self.not_spawned(child, SpawnStep::Clone, errno);
                }
            }
        }
    }

    fn step(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.world.step(clock::now(), input, &mut effects);
        self.owe(&effects);
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn tell(&mut self, event: &Event) {
        if let Event::Moved(moved) = event {
            self.waiters.moved(moved.id, &moved.after);
        }
        let orders = self.faces.tell(clock::now(), &self.world, event);
        self.carry_out_orders(orders);
    }

    fn carry_out_orders(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Journal(lines) => self.faces.journal.write(&lines),
                Order::Feed(id, bytes) => {
                    let fed = self.slots.get_mut(&id).map(|slot| slot.feed(&bytes, &self.pipes));
                    if !matches!(fed, Some(Ok(()))) {
                        self.events.push_back(Event::StdinBroken { id });
                    }
                }
                Order::Remember(name, value) => self.faces.remember(name, &value, &mut self.link),
                Order::Announce(announcement) => self.events.push_back(Event::Announced(announcement)),
            }
        }
    }

    /// Answers a request, and those that wait behind it: what comes of them is sent and written together.
    fn answer_all(&mut self, (request, reply): Asked, requests: &mut mpsc::Receiver<Asked>) {
        self.answer(request, reply);
        for _ in 1..REQUESTS_AT_ONCE {
            self.settle();
            let Ok((request, reply)) = requests.try_recv() else { return };
            self.answer(request, reply);
        }
    }

    /// Settles all, and sends and writes what has come together meanwhile.
    fn end_turn(&mut self) {
        loop {
            self.settle();
            // What was done is in the log before the keeper forgets it.
            self.flush_journal();
            if self.events.is_empty() {
                break;
            }
        }
        self.link.flush();
        if self.calm_at.is_some_and(|at| at <= clock::now().monotonic) {
            self.calm_at = None;
            self.link.send(ToKeeper::Ready);
            self.link.flush();
            self.inputs = VecDeque::new();
            self.events = VecDeque::new();
            self.link.shrink();
            // Last of all, so that little runs before there is something to do again.
            (self.calm_down)();
        }
    }

    /// Trouble with minder's own log is told to everybody else, but not written into it.
    pub(crate) fn flush_journal(&mut self) {
        let mut told = Vec::new();
        self.faces.journal.flush(&mut told);
        self.tell_of_journal(told);
    }

    pub(crate) fn tell_of_journal(&mut self, told: Vec<Told>) {
        for told in told {
            let text = match told {
                Told::Trouble(error) => error.to_string(),
                Told::Recovered { lost } => {
                    format!("minder's own log can be written again; {lost} bytes were lost")
                }
                Told::Chunk(_) | Told::Captured(_) => continue,
            };
            self.events.push_back(Event::Trouble(text.into()));
        }
    }

    fn hear_keeper(&mut self) -> io::Result<Line> {
        loop {
            match self.link.try_receive() {
                Ok(None) => return Ok(Line::Open),
                Ok(Some(Delivery { messages, mut fds })) => {
                    for message in messages {
                        self.keeper_said(&message, std::mem::take(&mut fds));
                        // One at a time, so that its consequences come before the next one's.
                        self.settle();
                    }
                }
                // A packet that is no message is gone; the next may be one.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    self.trouble(format!("the keeper sent something that is no message: {error}"));
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Line::Closed),
                Err(error) => return Err(error),
            }
        }
    }

    fn keeper_said(&mut self, message: &FromKeeper, fds: Vec<OwnedFd>) {
        match *message {
            FromKeeper::Cloned { child, pid, pipes } => match pipes.unpack(fds) {
                Ok(fds) => self.processes.announced(child, pid, fds),
                Err(_) => self.trouble(format!("process {pid} came without its pipes: too many open files")),
            },
            FromKeeper::Spawned { child, pid, failure, pipes } => {
                let told = self.processes.take_announced(child);
                let fds = if pipes == Pipes::NONE { told } else { pipes.unpack(fds).ok() };
                if fds.is_none() {
                    self.trouble(format!("process {pid} came without its pipes: too many open files"));
                }
                self.spawned(child, pid, failure, fds.unwrap_or_default());
            }
            FromKeeper::NotSpawned { child, step, errno } => self.not_spawned(child, step, Errno(errno)),
            FromKeeper::Exited { child, status } => self.ended(child, status),
            FromKeeper::SignalFailed { child, errno } => {
                // ESRCH: it has just ended, and that is about to be told.
                if let Some(&id) = self.children.get(&child)
                    && errno != libc::ESRCH
                {
                    self.inputs.push_back(Input::SignalFailed(id, Errno(errno)));
                }
            }
            FromKeeper::Reaped { pid, status } => {
                if let Some(pid) = Pid::new(pid) {
                    let status = exit_status(status);
                    self.events.push_back(Event::OrphanReaped { pid, status });
                }
            }
            FromKeeper::Asked { signal } => self.asked(signal),
            // Parts of the greeting, which has been read before the loop began.
            FromKeeper::Hello { .. }
            | FromKeeper::Child { .. }
            | FromKeeper::Held { .. }
            | FromKeeper::HelloEnd => {}
        }
    }

    fn pipe_ready(&mut self, token: Token) {
        match token.pipe {
            Pipe::Stdout => drop(self.pump(token.id, Channel::Stdout)),
            Pipe::Stderr => drop(self.pump(token.id, Channel::Stderr)),
            Pipe::StdoutTarget => self.target_ready(token.id, Channel::Stdout),
            Pipe::StderrTarget => self.target_ready(token.id, Channel::Stderr),
            Pipe::Leftover => self.leftover_ended(token.id),
            Pipe::Stdin => {
                let Some(slot) = self.slots.get_mut(&token.id) else { return };
                if slot.stdin_ready(&self.pipes).is_err() {
                    self.events.push_back(Event::StdinBroken { id: token.id });
                }
            }
        }
        self.settle();
    }

    fn target_ready(&mut self, id: InstanceId, channel: Channel) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.target_ready(channel, &self.pipes);
        }
        self.pump(id, channel);
    }

    pub(crate) fn pump(&mut self, id: InstanceId, channel: Channel) -> Pumped {
        let Some(slot) = self.slots.get_mut(&id) else { return Pumped::Ended };
        let mut told = Vec::new();
        let pumped = slot.pump(channel, &self.pipes, &mut told);
        self.pass_on(id, channel, told);
        pumped
    }

    pub(crate) fn pass_on(&mut self, id: InstanceId, channel: Channel, told: Vec<Told>) {
        for told in told {
            let event = match told {
                Told::Chunk(bytes) => self.output(id, channel, bytes).map(Event::Output),
                Told::Captured(bytes) => self.output(id, channel, bytes).map(Event::Captured),
                Told::Trouble(trouble) => Some(Event::Trouble(trouble.to_string().into())),
                Told::Recovered { lost } => Some(self.recovered(id, channel, lost)),
            };
            self.events.extend(event);
        }
    }

    fn recovered(&self, id: InstanceId, channel: Channel, lost: u64) -> Event {
        let path = self.slots.get(&id).and_then(|slot| slot.log_path(channel));
        let path =
            path.map_or_else(String::new, |path| String::from_utf8_lossy(path.as_bytes()).into_owned());
        Event::Trouble(format!("the log `{path}` can be written again; {lost} bytes were lost").into())
    }

    fn output(&self, id: InstanceId, channel: Channel, bytes: Vec<u8>) -> Option<Output> {
        let pid = self.world.instance(id)?.facts.pid()?;
        Some(Output { id, pid, channel, bytes })
    }

    /// A signal came to the keeper, which is the process that people know.
    fn asked(&mut self, signal: i32) {
        let Ok(number) = u8::try_from(signal) else { return };
        self.events.push_back(Event::Asked(Signal(number)));
        match signal {
            // Somebody who has heard it will see to it, and has it remembered.
            _ if self.faces.obeys(Signal(number)) => {}
            libc::SIGTERM | libc::SIGINT | libc::SIGQUIT => self.shut_down(Ending::Exit),
            libc::SIGHUP => self.shut_down(Ending::Again),
            libc::SIGUSR2 => self.reopen_logs(),
            _ => {}
        }
        // Done, and kept where the next mind finds it; only then may the keeper forget that it was asked.
        self.settle();
        self.link.send(ToKeeper::Obeyed { signal });
    }

    /// Everything is to stop. A restart that is on its way becomes an end when somebody asks for that, but an end
    /// becomes no restart.
    pub(crate) fn shut_down(&mut self, ending: Ending) {
        match (self.world.mode(), ending) {
            (Mode::Resting | Mode::Running, _) => {
                self.roster.ending = ending;
                self.inputs.push_back(Input::Shutdown);
            }
            (Mode::Stopping | Mode::Stopped, Ending::Exit) => {
                self.roster.ending = ending;
                self.keep_roster();
            }
            (Mode::Stopping | Mode::Stopped, Ending::Again) => {}
        }
    }

    fn reopen_logs(&mut self) {
        // What is told before belongs into the old files.
        self.events.push_back(Event::LogReopenBegan);
        self.settle();
        let mut told = Vec::new();
        let reopened = self.faces.journal.reopen(&mut told);
        self.tell_of_journal(told);
        if let Err(error) = reopened {
            self.trouble(error.to_string());
        }
        let errors: Vec<_> = self.slots.values_mut().flat_map(|slot| slot.reopen_logs()).collect();
        for error in errors {
            self.trouble(error.to_string());
        }
    }

    pub(crate) fn trouble(&mut self, text: String) {
        self.events.push_back(Event::Trouble(text.into()));
    }
}

/// How a mind's work ends.
#[derive(Debug)]
pub enum Departure {
    /// Everything has stopped; what is to follow.
    Ended(Ending),
    /// The keeper was killed; this process is to become one. See [`Mind::succeed`].
    Orphaned,
    /// Keeper and mind are to be this program from now on. See [`Mind::hand_over`].
    Replaced(OwnedFd),
}

/// Whether the keeper is still there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Open,
    Closed,
}

/// Sleeps until a deadline; for ever if there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep(at.since(clock::now().monotonic)).await,
        None => std::future::pending().await,
    }
}

/// How many requests are answered before the loop looks at anything else.
const REQUESTS_AT_ONCE: usize = 64;

/// How long the last messages to the keeper may take.
const FAREWELL: Duration = Duration::from_secs(5);

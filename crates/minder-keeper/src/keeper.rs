//! The loop: wait for a signal or for the mind, do what is asked, tell what has happened.
//!
//! ```text
//!   signalfd ─▶ reap ─▶ Children ─┐
//!                                 ├─▶ outbox ─flush─▶ mind
//!   mind ─▶ obey ─▶ Children, Held┘
//! ```
//!
//! Nothing blocks but the one `poll`. What cannot be told yet waits in the outbox, as the id of a child and not as
//! a message, and is composed from the table when there is room.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{WaitStatus, getpid};

use crate::announce::Audience;
use crate::births;
use crate::boot::{Boot, Succession, exec_front};
use crate::held::Held;
use crate::mind::{Debt, Household, Line, Lives, Mind, MindCommand, MindEnd, Next};
use crate::origin::Origin;
use crate::outbox::{Letter, Outbox, line_after};
use crate::reap::{Children, reap};
use crate::signals::{self, SignalSet, Signals};
use crate::spawn::{Cloner, Refusal, has_room};
use crate::thrift;
use crate::wire::{ChildId, Delivery, FromKeeper, NAME_BYTES_MAX, SpawnRequest, SpawnStep, ToKeeper};

/// How long a mind may owe an answer before it is taken for hung and replaced.
const PATIENCE: Duration = Duration::from_secs(30);
/// With more letters than this waiting, nothing more is read from the mind: it has to read first.
const OUTBOX_MAX: usize = 4096;
/// After how many messages signals have their turn again; the packet that is read is done whole.
const BATCH: usize = 64;
/// For how many messages an order counts: to clone takes long, and who has ended meanwhile should be told of soon.
const CLONE: usize = 8;
/// When to try again after the kernel had no room for a message; there is no event to wait for.
const STARVED_RETRY: Duration = Duration::from_millis(20);

/// The keeper itself. See the crate's documentation.
#[derive(Debug)]
pub struct Keeper {
    command: MindCommand,
    patience: Duration,
    origin: Origin,
    signals: Signals,
    cloner: Cloner,
    held: Held,
    children: Children,
    lives: Lives,
    mind: Option<Mind>,
    /// When the next mind is due, while there is none.
    due: Instant,
    outbox: Outbox,
    /// Signals that came, and that the mind has not been told of.
    asked: SignalSet,
    /// Those it has been told of, and has not obeyed.
    told: SignalSet,
    farewell: Option<Ending>,
}

/// What there is to do.
#[derive(Debug, Clone, Copy)]
struct Woken {
    /// A signal came.
    signalled: bool,
    /// The mind spoke, or closed its end.
    spoken: bool,
    /// A child of an earlier keeper has ended.
    adopted_ended: bool,
}

/// How the keeper ends.
#[derive(Debug)]
enum Ending {
    Exit(i32),
    Again,
    /// By becoming this program.
    Become(OwnedFd),
}

impl Keeper {
    /// Makes this process, which must have only one thread, a keeper: it takes the signals, lowers its oom score,
    /// raises its limit of open files and becomes the reaper of orphans.
    ///
    /// # Errors
    /// Those of the kernel, when a descriptor or memory cannot be had.
    pub fn new(boot: Boot, command: MindCommand) -> io::Result<Self> {
        rustix::process::set_child_subreaper(Some(getpid()))?;
        let signals = Signals::take()?;
        let cloner = Cloner::new(signals.changed)?;
        let mut held = Held::default();
        boot.held.into_iter().for_each(|(name, fd)| held.hold(name, fd));
        let mut children = Children::default();
        let mut lives = Lives::default();
        if let Some(succession) = boot.succession {
            lives = Lives::continued(succession.lives);
            for kept in succession.children {
                let pid = kept.pid;
                if let Err(error) = children.take_over(kept) {
                    report(format_args!("the end of process {pid} will not be heard of: {error}"));
                }
            }
        }
        let origin = Origin::of(&mut held)?;
        Ok(Self {
            command,
            patience: PATIENCE,
            origin,
            signals,
            cloner,
            held,
            children,
            lives,
            mind: None,
            due: Instant::now(),
            outbox: Outbox::default(),
            asked: SignalSet::default(),
            told: SignalSet::default(),
            farewell: None,
        })
    }

    /// Takes a mind for hung after this long instead of 30 s.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Keeps, until a mind says farewell. The result is the exit status; after
    /// [`Again`](ToKeeper::Again) it returns only when the program could not be executed.
    #[must_use]
    pub fn run(mut self) -> i32 {
        // Children may have ended while one program became another.
        let mut ending = self.reap(Instant::now());
        loop {
            match ending.take().or_else(|| self.turn()) {
                None => {}
                Some(Ending::Exit(status)) => return status,
                Some(Ending::Again) => {
                    self.leave_signals();
                    self.signals.changed.reset_all();
                    self.origin.restore();
                    let error = exec_front();
                    report(format_args!("cannot execute this program again: {error}"));
                    return 1;
                }
                Some(Ending::Become(program)) => {
                    let error = self.become_program(&program);
                    report(format_args!(
                        "cannot become the new program, and goes on as the old one: {error}"
                    ));
                }
            }
        }
    }

    /// Hands everything over to another program in this process. Returns only when that failed; then all is as before.
    fn become_program(&mut self, program: &OwnedFd) -> io::Error {
        let succession = Succession { lives: self.lives.count + 1, children: self.children.bequeath() };
        let boot = Boot { held: self.held.bequeath(), succession: Some(succession) };
        self.leave_signals();
        let path = format!("/proc/self/fd/{}", program.as_raw_fd());
        let argv = std::env::args_os().collect::<Vec<_>>();
        let envs = std::env::vars_os().collect::<Vec<_>>();
        let error = boot.exec_program(Path::new(&path), &argv, &envs);
        boot.close_on_exec();
        boot.held.into_iter().for_each(|(name, fd)| self.held.hold(name, fd));
        for kept in boot.succession.into_iter().flat_map(|succession| succession.children) {
            // It was watched before.
            let _ = self.children.take_over(kept);
        }
        self.due = Instant::now();
        error
    }

    /// Leaves what nobody has obeyed to the keeper that comes after the front: blocked, it waits with the kernel.
    fn leave_signals(&mut self) {
        let mut left = self.asked.with(self.told);
        while let Some(signal) = left.first() {
            left.remove(signal);
            // To ourselves, by a number that came from the kernel: it cannot fail.
            let _ = signals::send(getpid().as_raw_nonzero().get(), signal);
        }
    }

    fn turn(&mut self) -> Option<Ending> {
        let now = Instant::now();
        if self.mind.is_none()
            && self.due <= now
            && let Some(ending) = self.start_mind(now)
        {
            return Some(ending);
        }
        self.flush();
        let timeout = self.wake_at(now).map(|at| at.saturating_duration_since(now));
        let Woken { signalled, spoken, adopted_ended } = self.wait(timeout);
        let now = Instant::now();
        if spoken {
            self.listen(BATCH, now);
        }
        if adopted_ended {
            let ended = self.children.bury_adopted();
            ended.into_iter().for_each(|child| self.outbox.push(Letter::News(child)));
        }
        if signalled {
            let mut arrived = self.signals.drain();
            let children_changed = arrived.has(libc::SIGCHLD);
            arrived.remove(libc::SIGCHLD);
            while let Some(signal) = arrived.first() {
                arrived.remove(signal);
                self.asked.add(signal);
            }
            if children_changed {
                return self.reap(now);
            }
        }
        None
    }

    fn wait(&self, timeout: Option<Duration>) -> Woken {
        let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
        let adopted = self.children.adopted_fd();
        fds.extend(adopted.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let mind_at = fds.len();
        if let Some(mind) = self.mind.as_ref().filter(|mind| mind.line != Line::Dead) {
            let mut interest = PollFlags::empty();
            interest.set(PollFlags::IN, self.outbox.len() < OUTBOX_MAX);
            interest.set(PollFlags::OUT, mind.line == Line::Full);
            fds.push(PollFd::new(&mind.port, interest));
        }
        // Rounded up by the millisecond, so that what is due then really is.
        let timeout = timeout.map(|timeout| timeout + Duration::from_millis(1));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        // It fails when a signal came that is not ours, or memory is short: another turn does no harm.
        let _ = poll(&mut fds, timeout.as_ref());
        let spoken = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        let has = |index: usize, flags| {
            fds.get(index).is_some_and(|fd: &PollFd<'_>| fd.revents().intersects(flags))
        };
        Woken {
            signalled: has(0, PollFlags::IN),
            spoken: has(mind_at, spoken),
            adopted_ended: adopted.is_some() && has(1, PollFlags::IN),
        }
    }

    /// The next moment at which something has to happen by itself. A mind that is overdue is killed here.
    fn wake_at(&mut self, now: Instant) -> Option<Instant> {
        let owes = self.farewell.is_some()
            || !self.outbox.is_empty()
            || self.asked != SignalSet::default()
            || self.told != SignalSet::default()
            || self.children.unseen() > 0;
        let Some(mind) = &mut self.mind else { return Some(self.due) };
        let debt = if owes || mind.line == Line::Dead { Debt::Answer } else { Debt::None };
        let mut overdue = mind.overdue_at(debt, self.patience, now)?;
        if overdue <= now {
            // It is not reaped yet, so this is its pid. Nothing is left to do but to wait for its end.
            let _ = signals::send(mind.pid.cast_signed(), libc::SIGKILL);
            mind.heard(now);
            overdue = now + self.patience;
        }
        Some(if mind.line == Line::Starved { overdue.min(now + STARVED_RETRY) } else { overdue })
    }

    /// Buries all that have ended, and starts or ends what follows from that.
    fn reap(&mut self, now: Instant) -> Option<Ending> {
        let mut mind_status = None;
        while let Some((pid, status)) = reap() {
            if self.mind.as_ref().is_some_and(|mind| mind.pid == pid) {
                mind_status = Some(status);
            } else if let Some(child) = self.children.bury(pid, status.as_raw()) {
                self.outbox.push(Letter::News(child));
            } else if self.outbox.len() < OUTBOX_MAX {
                self.outbox.push(Letter::Reply(FromKeeper::Reaped { pid, status: status.as_raw() }));
            }
        }
        self.mind_ended(mind_status?, now)
    }

    fn start_mind(&mut self, now: Instant) -> Option<Ending> {
        self.mind = Mind::start(&self.command, &self.cloner, &self.origin, now);
        if self.mind.is_none() {
            return self.follow(Duration::ZERO, MindEnd::NotStarted, now);
        }
        self.children.forget_told();
        self.outbox.greet(self.lives.count, &self.children, &self.held);
        None
    }

    fn mind_ended(&mut self, status: WaitStatus, now: Instant) -> Option<Ending> {
        // What it said last is still to be done: often it is the farewell.
        self.listen(usize::MAX, now);
        let mind = self.mind.take()?;
        self.outbox.clear();
        // Whatever it was told and had not done, the next one is told again.
        self.asked = self.asked.with(self.told);
        self.told = SignalSet::default();
        if let Some(ending) = self.farewell.take() {
            return Some(ending);
        }
        let end = match (status.exit_status(), status.terminating_signal()) {
            (Some(status), _) => MindEnd::Exit(status),
            (None, Some(libc::SIGKILL)) if mind.ready => MindEnd::Killed,
            (None, _) => MindEnd::Crash,
        };
        self.follow(now - mind.born, end, now)
    }

    fn follow(&mut self, lived: Duration, end: MindEnd, now: Instant) -> Option<Ending> {
        let household = if self.children.is_empty() { Household::Empty } else { Household::Children };
        match self.lives.another_ended(lived, end, household) {
            Next::Start(wait) => {
                self.due = now + wait;
                None
            }
            Next::Exit(status) => Some(Ending::Exit(status)),
        }
    }

    /// Reads from the mind, and does what it says.
    fn listen(&mut self, most: usize, now: Instant) {
        let mut left = most;
        while left > 0 {
            let Some(mind) = &mut self.mind else { return };
            match mind.port.receive::<ToKeeper>() {
                Ok(Some(Delivery { messages, mut fds })) => {
                    mind.heard(now);
                    for message in messages {
                        left = left.saturating_sub(if matches!(message, ToKeeper::Spawn { .. }) {
                            CLONE
                        } else {
                            1
                        });
                        self.obey(message, std::mem::take(&mut fds));
                    }
                }
                // Garbage is a mistake of the mind's, which it has to find out by itself.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    mind.heard(now);
                    left -= 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(None) | Err(_) => {
                    mind.line = Line::Dead;
                    return;
                }
            }
        }
    }

    fn obey(&mut self, message: ToKeeper, fds: Vec<OwnedFd>) {
        match message {
            ToKeeper::Spawn { child, request } => match self.spawn(child, *request) {
                Ok(()) => self.outbox.push(Letter::News(child)),
                Err(Refusal { step, errno }) => {
                    self.outbox.push(Letter::Reply(FromKeeper::NotSpawned { child, step, errno }));
                }
            },
            ToKeeper::Signal { child, signal, reach } => {
                if let Err(errno) = self.children.signal(child, signal, reach) {
                    self.outbox.push(Letter::Reply(FromKeeper::SignalFailed { child, errno }));
                }
            }
            ToKeeper::Noted { child } => self.children.note(child),
            ToKeeper::Acknowledge { child } => self.children.acknowledge(child),
            ToKeeper::Hold { name } => {
                if let Ok([fd]) = <[OwnedFd; 1]>::try_from(fds)
                    && name.len() <= NAME_BYTES_MAX
                {
                    self.held.hold(name, fd);
                }
            }
            ToKeeper::Release { name } => self.held.release(&name),
            ToKeeper::Ready => {
                self.lives.ever_ready = true;
                self.mind.iter_mut().for_each(|mind| mind.ready = true);
                self.outbox.shrink();
                thrift::give_back();
            }
            ToKeeper::Obeyed { signal } => self.told.remove(signal),
            ToKeeper::Finish { status } => self.farewell = Some(Ending::Exit(status.into())),
            ToKeeper::Again => self.farewell = Some(Ending::Again),
            ToKeeper::Become => self.farewell = fds.into_iter().next().map(Ending::Become),
        }
    }

    fn spawn(&mut self, child: ChildId, request: SpawnRequest) -> Result<(), Refusal> {
        if self.children.has(child) {
            return Err(Refusal { step: SpawnStep::Request, errno: libc::EEXIST });
        }
        if !has_room(&self.signals) {
            return Err(Refusal { step: SpawnStep::Pipes, errno: libc::EMFILE });
        }
        let line = self.mind.as_ref().filter(|mind| mind.line == Line::Open).map(|mind| mind.port.as_fd());
        let register = self.held.get(births::NAME);
        let born =
            self.cloner.spawn(request, &self.held, &self.origin, Some(Audience { child, line, register }))?;
        self.children.add(child, born);
        Ok(())
    }

    /// Tells the mind what waits, as far as there is room.
    fn flush(&mut self) {
        let Some(mind) = &mut self.mind else { return };
        self.outbox.flush(mind, &mut self.children, &self.held);
        // One that came again is told again, but only when the first is done.
        while self.outbox.is_empty()
            && mind.line != Line::Dead
            && let Some(signal) = self.asked.without(self.told).first()
        {
            mind.line = line_after(mind.port.send(&FromKeeper::Asked { signal }, &[]));
            if mind.line != Line::Open {
                return;
            }
            self.asked.remove(signal);
            self.told.add(signal);
        }
    }
}

/// Tells whoever started the keeper; there may be nobody.
pub(crate) fn report(what: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(io::stderr(), "minder keeper: {what}");
}

//! All that can be asked of minder, and how a face takes part: `Control` for those that ask from outside,
//! `Observer` for those that live in the mind's loop and see each event in order.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;

use crate::change::PlanChange;
use crate::event::{Announcement, Event};
use crate::ids::{BytePath, Errno, GroupName, InstanceId, Signal, SocketName, UnitName};
use crate::instance::{Facts, Phase, Rest, Trouble};
use crate::plan::{Plan, SocketAddress};
use crate::program::{CommandProblem, ProgramSpec};
use crate::socket::SocketSpec;
use crate::stop::{Reach, StopOrder};
use crate::supervision::{Mode, Supervision};
use crate::time::{Instant, Now};

/// Something that can be asked. A name is resolved at the moment the request is carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// What is known of some programs → [`Reply::Reports`], in the order of groups and of programs in them.
    Report(Selection),
    /// Start a program → [`Reply::Done`].
    Start(InstanceId, Until),
    /// Stop a program → [`Reply::Done`].
    Stop(InstanceId, Until),
    /// Stop a program otherwise than its policy has it → [`Reply::Done`].
    StopBy(InstanceId, StopOrder, Until),
    /// Send a signal to the process of a program, or to others of its family → [`Reply::Done`].
    Signal(InstanceId, Signal, Reach),
    /// Write to the standard input of a program → [`Reply::Done`].
    Feed(InstanceId, Vec<u8>),
    /// Remove the log files of a program and begin new ones → [`Reply::Done`].
    ClearLogs(InstanceId),
    /// Remove minder's own log file and begin a new one → [`Reply::Done`].
    ClearJournal,
    /// Read the configuration again, without applying it → [`Reply::Change`].
    Reread,
    /// The plan that was read last, and the groups of it that are active → [`Reply::Plan`].
    Plan,
    /// Take a group of the plan into service → [`Reply::Done`].
    AddGroup(GroupName),
    /// Take a group out of service → [`Reply::Done`].
    RemoveGroup(GroupName),
    /// Take the groups of this plan into service, or give those in service the shape that they have there; others stay as
    /// they are → [`Reply::Done`]. Refused, without effect, while a program that would go runs.
    Shape(Reading),
    /// Open a socket that is not open yet → [`Reply::Done`].
    OpenSocket(Arc<SocketSpec>),
    /// Close a socket, and remove its file → [`Reply::Done`].
    CloseSocket(SocketName),
    /// Which sockets are open, and where → [`Reply::Sockets`].
    Sockets,
    /// Answer when somebody connects to one of these sockets → [`Reply::Done`].
    AwaitConnection(Vec<SocketName>),
    /// Keep this under a name where the face's successor finds it if the mind is killed → [`Reply::Done`].
    Remember(&'static str, Vec<u8>),
    /// Close minder's own log and open it again under its name → [`Reply::Done`].
    ReopenJournal,
    /// Stop everything, then do `Ending` → [`Reply::Done`], before anything has stopped.
    Shutdown(Ending),
    /// Tell something to all who listen → [`Reply::Done`].
    Announce(Announcement),
    /// Append whole lines to minder's own log → [`Reply::Done`].
    Journal(Vec<u8>),
    /// What minder itself is doing → [`Reply::Status`].
    Status,
    /// What is wrong at the moment that no program is to blame for → [`Reply::Troubles`].
    Troubles,
}

/// Which programs are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// All of them.
    All,
    /// Those of a group. An unknown one is [`Refusal::NoSuchGroup`].
    Group(GroupName),
    /// One. An unknown one is [`Refusal::NoSuchProgram`].
    Unit(UnitName),
}

/// When an answer is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// When the order has been carried out: the process is there, the signal is sent.
    Ordered,
    /// When it had its effect: the program is up, or down.
    Settled,
}

/// What follows when everything has stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// minder ends.
    Exit,
    /// minder starts afresh, in the same process, and reads its command line and configuration again.
    Again,
}

/// The answer to a request that was granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// It is done.
    Done,
    /// What is known of programs.
    Reports(Vec<Report>),
    /// What applying the configuration would change.
    Change(PlanChange),
    /// The plan, and the names of the groups in service.
    Plan(Arc<Plan>, Vec<GroupName>),
    /// minder itself.
    Status(Status),
    /// A line for each; none when all is well.
    Troubles(Vec<Box<str>>),
    /// The open sockets, by name, with the addresses they are bound to; none for a file.
    Sockets(Vec<(SocketName, Option<SocketAddr>)>),
}

/// What is known of one program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Its slot.
    pub id: InstanceId,
    /// Its group.
    pub group: GroupName,
    /// The group's priority.
    pub group_priority: i64,
    /// What it is.
    pub spec: Arc<ProgramSpec>,
    /// What is known of it.
    pub facts: Facts,
    /// The file of its standard output, once chosen.
    pub stdout_log: Option<BytePath>,
    /// The file of its standard error, once chosen.
    pub stderr_log: Option<BytePath>,
}

/// What minder itself is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// The process that is the parent of all: the one in the pidfile.
    pub pid: u32,
    /// Where the whole stands.
    pub mode: Mode,
    /// minder's own log file.
    pub journal: Option<BytePath>,
    /// Both clocks.
    pub now: Now,
}

/// Why a request was not granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Everything is being stopped.
    ShuttingDown,
    /// There is no such program.
    NoSuchProgram,
    /// There is no such group.
    NoSuchGroup,
    /// The program's command cannot be executed.
    Command(CommandProblem),
    /// It runs already, or will as soon as its next attempt is due.
    AlreadyWanted,
    /// It does not run.
    NotRunning,
    /// The kernel refused to let minder signal its process.
    Lost,
    /// It could not be started.
    NotStarted(Trouble),
    /// Something else happened to it meanwhile.
    Interrupted,
    /// It does not read its standard input.
    StdinClosed,
    /// The group is in service already.
    AlreadyActive,
    /// A program of the group has a process, or will.
    StillRunning,
    /// The configuration cannot be read: the reader's own words.
    Config(String),
    /// A file could not be removed or made.
    File(BytePath, Errno),
    /// The listening socket of the group cannot be opened.
    Socket(SocketAddress, Errno),
    /// A socket cannot be opened.
    NoSocket(SocketName, Errno),
    /// The kernel refused a signal.
    SignalRefused(Errno),
    /// minder has no own log file.
    NoJournal,
}

/// The answer to a request, when it is there.
pub type Answer = Pin<Box<dyn Future<Output = Result<Reply, Refusal>>>>;

/// The one interface through which every face asks.
pub trait Control {
    /// Asks. The future may be dropped: what was asked is done all the same.
    fn ask(&self, request: Request) -> Answer;
}

/// A part of a face that lives in the mind's loop: it sees every event in its order, at the moment it happens,
/// and may answer with orders. It must not block.
pub trait Observer {
    /// Takes notice of `event`. `world` is as it is just after the event's step.
    fn observe(&mut self, now: Now, world: &Supervision, event: &Event, orders: &mut Vec<Order>);

    /// When it wants to be woken. Asked after each call.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Its time has come.
    fn wake(&mut self, _now: Now, _world: &Supervision, _orders: &mut Vec<Order>) {}

    /// Whether it sees to what a signal to minder asks for, when it hears of it by [`Event::Asked`]. Then nobody else does:
    /// what it has not done by the time it returns it must have ordered to be remembered.
    fn obeys(&self, _signal: Signal) -> bool {
        false
    }

    /// Whether it wants [`Event::Output`] of every stream, whatever the program's spec says.
    fn overhears(&self) -> Overhears {
        Overhears::Nothing
    }
}

/// Whether an observer listens to streams that are not published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overhears {
    /// Only those that are published.
    Nothing,
    /// All.
    Everything,
}

/// What an observer wants done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Append this to minder's own log: one or more whole lines.
    Journal(Vec<u8>),
    /// Write this to the standard input of a program. If it cannot take it, [`Event::StdinBroken`] follows.
    Feed(InstanceId, Vec<u8>),
    /// Keep this under a name where the observer's successor finds it if the mind is killed.
    Remember(&'static str, Vec<u8>),
    /// Tell all.
    Announce(Announcement),
}

/// Reads the configuration; handed to the runtime so that it need not know any format.
pub trait Reader {
    /// Reads the files again.
    ///
    /// # Errors
    /// The first problem, in the words of the dialect.
    fn reread(&mut self) -> Result<Reading, String>;

    /// Has the plan of an earlier reading again, from its snapshot alone.
    ///
    /// # Errors
    /// Why the snapshot cannot be used: it is damaged, or of a version that is not known.
    fn restore(&self, snapshot: &[u8]) -> Result<Plan, String>;
}

/// What a [`Reader`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What should run.
    pub plan: Plan,
    /// From which the same reading can be had again, without looking at any file.
    pub snapshot: Vec<u8>,
}

/// Whether a start may be ordered, before the executable is looked for.
///
/// # Errors
/// Why it may not.
pub fn may_start(facts: &Facts) -> Result<(), Refusal> {
    match facts.phase {
        Phase::Lost { .. } => Err(Refusal::Lost),
        Phase::Down(_) | Phase::Stopping { .. } => Ok(()),
        Phase::Spawning | Phase::Starting { .. } | Phase::Up { .. } | Phase::Waiting { .. } => {
            Err(Refusal::AlreadyWanted)
        }
    }
}

/// What came of a start, or `None` if that is not known yet.
pub fn start_outcome(facts: &Facts, until: Until) -> Option<Result<(), Refusal>> {
    let failed = |facts: &Facts| match &facts.trouble {
        Some(trouble) => Err(Refusal::NotStarted(trouble.clone())),
        None => Err(Refusal::Interrupted),
    };
    match (facts.phase, until) {
        (Phase::Spawning, _) | (Phase::Starting { .. }, Until::Settled) => None,
        (Phase::Starting { .. }, Until::Ordered) | (Phase::Up { .. }, _) => Some(Ok(())),
        (Phase::Stopping { .. }, Until::Ordered) => Some(Ok(())),
        (Phase::Stopping { .. }, Until::Settled) => Some(Err(Refusal::Interrupted)),
        (Phase::Waiting { .. } | Phase::Down(_) | Phase::Lost { .. }, _) => Some(failed(facts)),
    }
}

/// What came of a stop, or `None` if that is not known yet.
pub fn stop_outcome(facts: &Facts, until: Until) -> Option<Result<(), Refusal>> {
    match (facts.phase, until) {
        (Phase::Down(Rest::Fresh | Rest::Asked | Rest::Ended | Rest::GaveUp), _) => Some(Ok(())),
        (Phase::Lost { .. }, _) => Some(Err(Refusal::Lost)),
        (_, Until::Ordered) => Some(Ok(())),
        (Phase::Spawning | Phase::Starting { .. } | Phase::Up { .. }, Until::Settled) => None,
        (Phase::Stopping { .. } | Phase::Waiting { .. }, Until::Settled) => None,
    }
}

//! What somebody or chance does to the world, at a moment that the scenario names.

use std::fmt;
use std::time::Duration;

use minder_core::ids::{ExitStatus, Signal};
use minder_core::supervision::Instance;

/// One program of one group, by its place in the scenario. Its names are made of it: `g1:p0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Unit {
    /// Which group.
    pub group: u8,
    /// Which program of it.
    pub program: u8,
}

impl Unit {
    /// Whose slot this is.
    pub fn of(instance: &Instance) -> Self {
        Self { group: number(instance.group.as_str()), program: number(instance.spec.name.as_str()) }
    }

    pub(crate) fn word(self) -> u64 {
        u64::from(self.group) << 8 | u64::from(self.program)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}:p{}", self.group, self.program)
    }
}

/// The number in a name such as `g1`.
pub(crate) fn number(name: &str) -> u8 {
    name.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(u8::MAX)
}

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// Somebody asks for a start.
    Start(Unit),
    /// Somebody asks for a stop.
    Stop(Unit),
    /// Somebody asks for a stop with so much patience.
    StopBy(Unit, Duration),
    /// Somebody asks for a stop, and for a start when it is down.
    Restart(Unit),
    /// Somebody has a signal sent.
    Signal(Unit, Signal),
    /// The process ends by itself, now.
    Crash(Unit, ExitStatus),
    /// So many of the next attempts fail for want of something.
    Break(Unit, u8),
    /// The process ignores, from now on, what asks it to end.
    Harden(Unit),
    /// The files say something else about this group from now on; the number tells the versions apart.
    Edit(u8, u8),
    /// Somebody has the files read again.
    Reread,
    /// Somebody takes a group into service.
    Add(u8),
    /// Somebody takes a group out of service.
    Remove(u8),
    /// Somebody gives a group so many programs.
    Reshape(u8, u8),
    /// The mind is killed after it has crossed so many more boundaries: each message and each note for the next mind is one.
    KillMind(u16),
    /// The keeper is killed; the mind takes its place.
    KillKeeper,
    /// Both are killed; somebody starts minder again.
    KillBoth,
    /// The wall clock jumps by so many seconds.
    Jump(i64),
    /// Somebody sends minder a signal that asks it to end, or asks for that over a socket.
    Shutdown(Way),
}

/// How somebody asks minder to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By TERM to the keeper.
    Signal,
    /// By a request.
    Request,
}

impl Move {
    /// The word under which it is counted.
    pub fn kind(self) -> &'static str {
        match self {
            Move::Start(_) => "start",
            Move::Stop(_) | Move::StopBy(..) => "stop",
            Move::Restart(_) => "restart",
            Move::Signal(..) => "signal",
            Move::Crash(..) => "crash",
            Move::Break(..) => "break",
            Move::Harden(_) => "harden",
            Move::Edit(..) | Move::Reread => "reread",
            Move::Add(_) => "add",
            Move::Remove(_) => "remove",
            Move::Reshape(..) => "reshape",
            Move::KillMind(_) => "kill mind",
            Move::KillKeeper => "kill keeper",
            Move::KillBoth => "kill both",
            Move::Jump(_) => "clock jump",
            Move::Shutdown(_) => "shutdown",
        }
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Start(unit) => write!(f, "somebody asks for a start of {unit}"),
            Move::Stop(unit) => write!(f, "somebody asks for a stop of {unit}"),
            Move::StopBy(unit, grace) => write!(f, "somebody asks for a stop of {unit} within {grace:?}"),
            Move::Restart(unit) => write!(f, "somebody asks for a restart of {unit}"),
            Move::Signal(unit, signal) => write!(f, "somebody has signal {} sent to {unit}", signal.0),
            Move::Crash(unit, status) => {
                write!(f, "the process of {unit} ends by itself: {}", ending(*status))
            }
            Move::Break(unit, times) => {
                write!(f, "the next {times} attempts to make a process of {unit} fail")
            }
            Move::Harden(unit) => write!(f, "the process of {unit} ignores TERM from now on"),
            Move::Edit(group, version) => write!(f, "somebody edits group g{group} (version {version})"),
            Move::Reread => write!(f, "somebody has the files read again"),
            Move::Add(group) => write!(f, "somebody adds group g{group}"),
            Move::Remove(group) => write!(f, "somebody removes group g{group}"),
            Move::Reshape(group, size) => write!(f, "somebody gives group g{group} {size} programs"),
            Move::KillMind(0) => write!(f, "kill -9 of the mind"),
            Move::KillMind(after) => write!(f, "kill -9 of the mind, {after} boundaries from now"),
            Move::KillKeeper => write!(f, "kill -9 of the keeper"),
            Move::KillBoth => write!(f, "kill -9 of keeper and mind"),
            Move::Jump(seconds) => write!(f, "the wall clock jumps by {seconds} s"),
            Move::Shutdown(Way::Signal) => write!(f, "somebody sends TERM to minder"),
            Move::Shutdown(Way::Request) => write!(f, "somebody asks minder to end"),
        }
    }
}

/// A status in words.
pub(crate) fn ending(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("exit {code}"),
        ExitStatus::Signal { signal, .. } => format!("signal {}", signal.0),
        ExitStatus::Unknown => "status unknown".to_owned(),
    }
}

//! Facts, in the past tense, that are published to whoever listens.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::ids::Signal;
use crate::ids::{ExitStatus, GroupName, InstanceId, Pid};
use crate::instance::Facts;
use crate::plan::SocketAddress;
use crate::stop::Reach;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Supervision began: what starts by itself is about to.
    Began,
    /// Everything is being stopped; nothing starts any more.
    StopBegan,
    /// An instance went from one phase to another.
    Moved(Box<Moved>),
    /// A process was asked to end.
    StopSignalled {
        /// Its slot.
        id: InstanceId,
        /// The process.
        pid: Pid,
        /// What was sent.
        signal: Signal,
        /// To whom.
        reach: Reach,
        /// Whether this is the polite request or what follows it.
        urgency: Urgency,
    },
    /// A process that descends from a program's was signalled along with it.
    RelativeSignalled {
        /// The program's slot.
        id: InstanceId,
        /// The other process.
        pid: Pid,
        /// What was sent.
        signal: Signal,
    },
    /// A stream of a program brought bytes. Published only where the program's spec asks for it, or a face
    /// listens to everything.
    Output(Output),
    /// A marked part of a stream was complete.
    Captured(Output),
    /// A program does not read its standard input any more.
    StdinBroken {
        /// Its slot.
        id: InstanceId,
    },
    /// A group was added.
    GroupAdded(GroupName),
    /// A group was removed.
    GroupRemoved(GroupName),
    /// The listening socket of a group was opened.
    SocketOpened(GroupName, SocketAddress),
    /// The listening socket of a group was closed.
    SocketClosed(GroupName, SocketAddress),
    /// A process ended that minder had not started: an orphan it had inherited.
    OrphanReaped {
        /// Which.
        pid: Pid,
        /// How it ended.
        status: ExitStatus,
    },
    /// A face told something to all.
    Announced(Announcement),
    /// minder was asked by a signal.
    Asked(Signal),
    /// The log files are about to be closed and opened again.
    LogReopenBegan,
    /// Something of minder's own went wrong, and this is what happens now.
    Trouble(Box<str>),
}

/// How urgently a process was asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// The policy's stop signal.
    Asked,
    /// `SIGKILL`, because it took longer than its grace.
    Overdue,
}

/// An instance that went from one phase to another: everything that was known before and after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Its slot.
    pub id: InstanceId,
    /// Just before.
    pub before: Facts,
    /// Just after.
    pub after: Facts,
}

/// Bytes of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// The slot.
    pub id: InstanceId,
    /// The process that wrote them.
    pub pid: Pid,
    /// Which stream.
    pub channel: Channel,
    /// What it wrote.
    pub bytes: Vec<u8>,
}

/// An output stream of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a face told to all, in its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// What it is about.
    pub topic: Box<str>,
    /// The rest.
    pub body: Box<str>,
}

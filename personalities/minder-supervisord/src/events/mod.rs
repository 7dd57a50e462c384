//! Supervisor's events: their types, which form a tree, and what each tells.
//!
//! ```text
//!  minder_core::event::Event ─▶ notice() ─▶ Notice { kind, payload } ─▶ pools that subscribe to kind or above
//! ```

mod payload;

pub use payload::{Notice, notice, tick};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal in $parent:expr;)*) => {
        /// A type of event.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum EventType {
            $($(#[$doc])* $kind,)*
        }

        impl EventType {
            /// All of them, the root first.
            pub const ALL: &[EventType] = &[$(EventType::$kind,)*];

            /// Its name on the wire and in files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(EventType::$kind => $name,)*
                }
            }

            /// The type it belongs to; only the root has none.
            #[must_use]
            pub const fn parent(self) -> Option<EventType> {
                match self {
                    $(EventType::$kind => $parent,)*
                }
            }
        }
    };
}

kinds! {
    /// The root.
    Event = "EVENT" in None;
    /// A program went from one state to another.
    ProcessState = "PROCESS_STATE" in Some(EventType::Event);
    /// It is down because somebody asked.
    ProcessStateStopped = "PROCESS_STATE_STOPPED" in Some(EventType::ProcessState);
    /// It ended by itself.
    ProcessStateExited = "PROCESS_STATE_EXITED" in Some(EventType::ProcessState);
    /// It is being started.
    ProcessStateStarting = "PROCESS_STATE_STARTING" in Some(EventType::ProcessState);
    /// It was asked to end.
    ProcessStateStopping = "PROCESS_STATE_STOPPING" in Some(EventType::ProcessState);
    /// It ended too quickly.
    ProcessStateBackoff = "PROCESS_STATE_BACKOFF" in Some(EventType::ProcessState);
    /// Too many attempts failed.
    ProcessStateFatal = "PROCESS_STATE_FATAL" in Some(EventType::ProcessState);
    /// It runs.
    ProcessStateRunning = "PROCESS_STATE_RUNNING" in Some(EventType::ProcessState);
    /// It cannot be signalled.
    ProcessStateUnknown = "PROCESS_STATE_UNKNOWN" in Some(EventType::ProcessState);
    /// A program sent a marked part of its output.
    ProcessCommunication = "PROCESS_COMMUNICATION" in Some(EventType::Event);
    /// On standard output.
    ProcessCommunicationStdout = "PROCESS_COMMUNICATION_STDOUT" in Some(EventType::ProcessCommunication);
    /// On standard error.
    ProcessCommunicationStderr = "PROCESS_COMMUNICATION_STDERR" in Some(EventType::ProcessCommunication);
    /// A program wrote something.
    ProcessLog = "PROCESS_LOG" in Some(EventType::Event);
    /// On standard output.
    ProcessLogStdout = "PROCESS_LOG_STDOUT" in Some(EventType::ProcessLog);
    /// On standard error.
    ProcessLogStderr = "PROCESS_LOG_STDERR" in Some(EventType::ProcessLog);
    /// A client told something.
    RemoteCommunication = "REMOTE_COMMUNICATION" in Some(EventType::Event);
    /// The daemon itself.
    SupervisorStateChange = "SUPERVISOR_STATE_CHANGE" in Some(EventType::Event);
    /// It begins.
    SupervisorStateChangeRunning = "SUPERVISOR_STATE_CHANGE_RUNNING" in Some(EventType::SupervisorStateChange);
    /// It stops everything.
    SupervisorStateChangeStopping = "SUPERVISOR_STATE_CHANGE_STOPPING" in Some(EventType::SupervisorStateChange);
    /// Time went on.
    Tick = "TICK" in Some(EventType::Event);
    /// Every 5 seconds of the wall clock.
    Tick5 = "TICK_5" in Some(EventType::Tick);
    /// Every minute.
    Tick60 = "TICK_60" in Some(EventType::Tick);
    /// Every hour.
    Tick3600 = "TICK_3600" in Some(EventType::Tick);
    /// The groups that are in service.
    ProcessGroup = "PROCESS_GROUP" in Some(EventType::Event);
    /// One came.
    ProcessGroupAdded = "PROCESS_GROUP_ADDED" in Some(EventType::ProcessGroup);
    /// One went.
    ProcessGroupRemoved = "PROCESS_GROUP_REMOVED" in Some(EventType::ProcessGroup);
}

impl EventType {
    /// The type of this name, in any case of letters.
    #[must_use]
    pub fn parse(name: &str) -> Option<EventType> {
        EventType::ALL.iter().copied().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Whether who asked for this is told of `other`: the same, or one below it.
    #[must_use]
    pub fn includes(self, other: EventType) -> bool {
        let mut at = Some(other);
        while let Some(kind) = at {
            if kind == self {
                return true;
            }
            at = kind.parent();
        }
        false
    }

    /// Whether it only stands for those below it and never happens itself.
    #[must_use]
    pub fn is_abstract(self) -> bool {
        EventType::ALL.iter().any(|kind| kind.parent() == Some(self))
    }
}

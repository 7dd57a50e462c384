//! Why a call fails: Supervisor's fault numbers, and which of minder's refusals is which.

use minder_core::control::Refusal;
use minder_core::program::CommandProblem;

use crate::words::lossy;
use crate::xmlrpc::Fault;

/// A fault's number and name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// 1
    UnknownMethod,
    /// 2
    IncorrectParameters,
    /// 3
    BadArguments,
    /// 4
    SignatureUnsupported,
    /// 6
    ShutdownState,
    /// 10
    BadName,
    /// 11
    BadSignal,
    /// 20
    NoFile,
    /// 21
    NotExecutable,
    /// 30
    Failed,
    /// 40
    AbnormalTermination,
    /// 50
    SpawnError,
    /// 60
    AlreadyStarted,
    /// 70
    NotRunning,
    /// 80: no fault, but the status of a part that succeeded.
    Success,
    /// 90
    AlreadyAdded,
    /// 91
    StillRunning,
    /// 92
    CantReread,
}

impl Code {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Code::UnknownMethod => 1,
            Code::IncorrectParameters => 2,
            Code::BadArguments => 3,
            Code::SignatureUnsupported => 4,
            Code::ShutdownState => 6,
            Code::BadName => 10,
            Code::BadSignal => 11,
            Code::NoFile => 20,
            Code::NotExecutable => 21,
            Code::Failed => 30,
            Code::AbnormalTermination => 40,
            Code::SpawnError => 50,
            Code::AlreadyStarted => 60,
            Code::NotRunning => 70,
            Code::Success => 80,
            Code::AlreadyAdded => 90,
            Code::StillRunning => 91,
            Code::CantReread => 92,
        }
    }

    /// The name that begins the fault's text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Code::UnknownMethod => "UNKNOWN_METHOD",
            Code::IncorrectParameters => "INCORRECT_PARAMETERS",
            Code::BadArguments => "BAD_ARGUMENTS",
            Code::SignatureUnsupported => "SIGNATURE_UNSUPPORTED",
            Code::ShutdownState => "SHUTDOWN_STATE",
            Code::BadName => "BAD_NAME",
            Code::BadSignal => "BAD_SIGNAL",
            Code::NoFile => "NO_FILE",
            Code::NotExecutable => "NOT_EXECUTABLE",
            Code::Failed => "FAILED",
            Code::AbnormalTermination => "ABNORMAL_TERMINATION",
            Code::SpawnError => "SPAWN_ERROR",
            Code::AlreadyStarted => "ALREADY_STARTED",
            Code::NotRunning => "NOT_RUNNING",
            Code::Success => "SUCCESS",
            Code::AlreadyAdded => "ALREADY_ADDED",
            Code::StillRunning => "STILL_RUNNING",
            Code::CantReread => "CANT_REREAD",
        }
    }
}

/// Why a call fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// With a fault, which HTTP sees as a success.
    Fault(Fault),
    /// In a way that Supervisor does not foresee: HTTP 500, or a fault `FAILED` inside a `multicall`.
    Crash(Crash),
}

/// An exception that Supervisor would not catch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    /// The exception's class in Python.
    pub class: &'static str,
    /// Its text.
    pub message: String,
}

impl Failure {
    /// An exception that Supervisor would not catch.
    #[must_use]
    pub fn crash(class: &'static str, message: String) -> Failure {
        Failure::Crash(Crash { class, message })
    }

    /// As a fault: what a `multicall` puts in the place of a result.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        match self {
            Failure::Fault(fault) => fault,
            Failure::Crash(Crash { class, message }) => {
                let text = format!("FAILED: <class '{class}'>:{message}");
                Fault { code: Code::Failed.number(), text }
            }
        }
    }
}

/// A fault with its name and, behind a colon, what it is about.
#[must_use]
pub fn fault(code: Code, detail: Option<&str>) -> Failure {
    let text = match detail {
        Some(detail) => format!("{}: {detail}", code.name()),
        None => code.name().to_owned(),
    };
    Failure::Fault(Fault { code: code.number(), text })
}

/// A refusal as a fault. `name` is what the caller called the program or group.
#[must_use]
pub fn of_refusal(refusal: &Refusal, name: Option<&str>) -> Failure {
    match refusal {
        Refusal::ShuttingDown => fault(Code::ShutdownState, None),
        Refusal::NoSuchProgram | Refusal::NoSuchGroup => fault(Code::BadName, name),
        // Where the command's line is known, `of_start` says more.
        Refusal::Command(problem) => of_command(problem, ""),
        Refusal::AlreadyWanted => fault(Code::AlreadyStarted, name),
        Refusal::NotRunning => fault(Code::NotRunning, name),
        Refusal::Lost => {
            fault(Code::Failed, Some(&format!("{} is in an unknown process state", name.unwrap_or_default())))
        }
        Refusal::NotStarted(_) => fault(Code::SpawnError, name),
        Refusal::Interrupted => fault(Code::AbnormalTermination, name),
        Refusal::StdinClosed => fault(Code::NoFile, name),
        Refusal::AlreadyActive => fault(Code::AlreadyAdded, name),
        Refusal::StillRunning => fault(Code::StillRunning, name),
        Refusal::Config(why) => fault(Code::CantReread, Some(why)),
        Refusal::File(..) => fault(Code::Failed, name),
        Refusal::Socket(address, errno) => {
            let message = crate::words::no_group_socket(address, *errno);
            Failure::Crash(Crash { class: "ValueError", message })
        }
        // Of the plans of this dialect none has such sockets.
        Refusal::NoSocket(..) => fault(Code::Failed, name),
        Refusal::SignalRefused(errno) => {
            let why = crate::words::errno_name(*errno);
            let name = name.unwrap_or_default();
            fault(Code::Failed, Some(&format!("unknown problem sending signal to {name}: {why}")))
        }
        Refusal::NoJournal => fault(Code::NoFile, None),
    }
}

/// A command that cannot be executed, as a fault.
#[must_use]
pub fn of_command(problem: &CommandProblem, line: &str) -> Failure {
    let text = crate::words::command_problem(problem, line);
    let code = match problem {
        CommandProblem::NotFound(_) => Code::NoFile,
        CommandProblem::Unsplittable(_)
        | CommandProblem::Empty
        | CommandProblem::IsDirectory(_)
        | CommandProblem::NotExecutable(_)
        | CommandProblem::NotPermitted(_) => Code::NotExecutable,
    };
    fault(code, Some(&text))
}

/// A path in a fault's detail.
pub(crate) fn about_file(code: Code, path: &minder_core::ids::BytePath) -> Failure {
    fault(code, Some(&lossy(path)))
}

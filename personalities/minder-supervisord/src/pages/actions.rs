//! What the buttons do, and what is said about it afterwards, to the letter of the original.

use jiff::Timestamp;
use minder_core::control::Selection;

use super::Shown;
use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure};
use crate::rpc::names::Namespec;
use crate::xmlrpc::{Fault, Value};

/// Something that a page can ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Show the page again.
    Refresh,
    /// Stop all programs.
    StopAll,
    /// Stop all programs, then start all.
    RestartAll,
    /// Start one.
    Start,
    /// Stop one.
    Stop,
    /// Stop one, then start it.
    Restart,
    /// Remove one's log files and begin new ones.
    ClearLog,
}

impl Action {
    /// The action that a URL names.
    #[must_use]
    pub fn named(name: &str) -> Option<Action> {
        let all = [
            Action::Refresh,
            Action::StopAll,
            Action::RestartAll,
            Action::Start,
            Action::Stop,
            Action::Restart,
            Action::ClearLog,
        ];
        all.into_iter().find(|action| action.name() == name)
    }

    /// Its name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Action::Refresh => "refresh",
            Action::StopAll => "stopall",
            Action::RestartAll => "restartall",
            Action::Start => "start",
            Action::Stop => "stop",
            Action::Restart => "restart",
            Action::ClearLog => "clearlog",
        }
    }

    /// What its button says.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Action::Refresh => "Refresh",
            Action::StopAll => "Stop All",
            Action::RestartAll => "Restart All",
            Action::Start => "Start",
            Action::Stop => "Stop",
            Action::Restart => "Restart",
            Action::ClearLog => "Clear Log",
        }
    }

    /// Whether it does not matter who asks for it.
    #[must_use]
    pub const fn changes_nothing(self) -> bool {
        match self {
            Action::Refresh => true,
            Action::StopAll
            | Action::RestartAll
            | Action::Start
            | Action::Stop
            | Action::Restart
            | Action::ClearLog => false,
        }
    }
}

/// Does it.
pub(super) async fn carry_out(rpc: &Rpc, action: Action, name: Option<&str>) -> Shown {
    let all = |method: &'static str| async move { rpc.call(method, &[]).await };
    match (action, name) {
        (Action::Refresh, _) => Shown::Message(format!("Page refreshed at {}", clock(rpc))),
        (Action::StopAll, _) => match all("supervisor.stopAllProcesses").await {
            Ok(_) => Shown::Message(format!("All stopped at {}", clock(rpc))),
            Err(_) => Shown::Crashed,
        },
        (Action::RestartAll, _) => {
            // What fails in between is not told, as in the original: the table shows it.
            let _ = all("supervisor.stopAllProcesses").await;
            let _ = all("supervisor.startAllProcesses").await;
            Shown::Message(format!("All restarted at {}", clock(rpc)))
        }
        (Action::Start | Action::Stop | Action::Restart | Action::ClearLog, None) => Shown::Crashed,
        (Action::Start | Action::Stop | Action::Restart | Action::ClearLog, Some(name)) => {
            if exists(rpc, name).await {
                Shown::Message(one(rpc, action, name).await)
            } else {
                Shown::Message(format!("No such process named {name}"))
            }
        }
    }
}

/// What is said to an action that is none: the original looks at the name first.
pub(super) async fn unknown(rpc: &Rpc, name: Option<&str>) -> Shown {
    match name {
        Some(name) if !exists(rpc, name).await => Shown::Message(format!("No such process named {name}")),
        Some(_) | None => Shown::Crashed,
    }
}

async fn exists(rpc: &Rpc, name: &str) -> bool {
    match Namespec::parse(name) {
        Namespec::Program(unit) => rpc.reports(Selection::Unit(unit), Some(name)).await.is_ok(),
        Namespec::Group(_) => false,
    }
}

async fn one(rpc: &Rpc, action: Action, name: &str) -> String {
    let params = [Value::from(name)];
    let call = |method: &'static str| rpc.call(method, &params);
    match action {
        Action::Start => match call("supervisor.startProcess").await {
            Ok(_) => format!("Process {name} started"),
            Err(failure) => format!("ERROR: Process {name}: {}", why_not_started(failure)),
        },
        Action::Stop => match call("supervisor.stopProcess").await {
            Ok(_) => format!("Process {name} stopped"),
            Err(failure) => unexpected(failure),
        },
        Action::Restart => {
            let _ = call("supervisor.stopProcess").await;
            let _ = call("supervisor.startProcess").await;
            format!("Process {name} restarted")
        }
        Action::ClearLog => match call("supervisor.clearProcessLogs").await {
            Ok(_) => format!("Log for {name} cleared"),
            Err(failure) => unexpected(failure),
        },
        Action::Refresh | Action::StopAll | Action::RestartAll => String::new(),
    }
}

fn why_not_started(failure: Failure) -> String {
    const KNOWN: [(Code, &str); 5] = [
        (Code::NoFile, "no such file"),
        (Code::NotExecutable, "file not executable"),
        (Code::AlreadyStarted, "already started"),
        (Code::SpawnError, "spawn error"),
        (Code::AbnormalTermination, "abnormal termination"),
    ];
    let Fault { code, text } = failure.into_fault();
    match KNOWN.iter().find(|(known, _)| known.number() == code) {
        Some((_, why)) => (*why).to_owned(),
        None => format!("unexpected rpc fault [{code}] {text}"),
    }
}

pub(super) fn unexpected(failure: Failure) -> String {
    let Fault { code, text } = failure.into_fault();
    format!("unexpected rpc fault [{code}] {text}")
}

/// The local time, as C's `ctime` writes it.
fn clock(rpc: &Rpc) -> String {
    Timestamp::now().to_zoned(rpc.zone()).strftime("%a %b %e %H:%M:%S %Y").to_string()
}

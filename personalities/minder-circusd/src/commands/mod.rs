//! The commands of the control endpoint: from a message to its reply.
//!
//! ```text
//!  frames ─server─▶ Message ─▶ Command ─validate─▶ execute ─▶ Outcome ─┬─ Now ──────────▶ reply
//!                                 (a file each)                        └─ Later ─ waiting? ─ yes: reply at its end
//!                                                                                         └ no: reply at once
//! ```
//!
//! The order of errors is the original's: JSON, command, required properties, options, then the watcher.

mod add;
mod dstats;
mod get;
mod globaloptions;
mod kill;
mod list;
mod listsockets;
mod message;
mod numbers;
mod quit;
mod reload;
mod reloadconfig;
mod reply;
mod resize;
mod rm;
mod selection;
mod server;
mod set;
mod signal;
mod start;
mod stats;
mod status;

use std::pin::Pin;
use std::rc::Rc;

use minder_core::ids::GroupName;
use serde_json::{Map, Value};

pub use message::Message;
pub use reply::Failure;
pub use server::serve;

use crate::arbiter::{Arbiter, Failed};

/// The fields of a reply beside those that all have.
pub(crate) type Fields = Map<String, Value>;
/// What goes on after a command was accepted.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Fields, Failed>>>>;

/// What came of a command.
pub(crate) enum Outcome {
    /// It is done.
    Now(Fields),
    /// It goes on. Who does not wait is answered at once.
    Later(Work),
}

/// What can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Command {
    Add,
    Decr,
    Dstats,
    Get,
    GlobalOptions,
    Incr,
    Ipython,
    Kill,
    List,
    Listen,
    ListSockets,
    NumProcesses,
    NumWatchers,
    Options,
    Quit,
    Reload,
    ReloadConfig,
    Restart,
    Rm,
    Set,
    Signal,
    Start,
    Stats,
    Status,
    Stop,
}

const NAMES: [(&str, Command); 25] = [
    ("add", Command::Add),
    ("decr", Command::Decr),
    ("dstats", Command::Dstats),
    ("get", Command::Get),
    ("globaloptions", Command::GlobalOptions),
    ("incr", Command::Incr),
    ("ipython", Command::Ipython),
    ("kill", Command::Kill),
    ("list", Command::List),
    ("listen", Command::Listen),
    ("listsockets", Command::ListSockets),
    ("numprocesses", Command::NumProcesses),
    ("numwatchers", Command::NumWatchers),
    ("options", Command::Options),
    ("quit", Command::Quit),
    ("reload", Command::Reload),
    ("reloadconfig", Command::ReloadConfig),
    ("restart", Command::Restart),
    ("rm", Command::Rm),
    ("set", Command::Set),
    ("signal", Command::Signal),
    ("start", Command::Start),
    ("stats", Command::Stats),
    ("status", Command::Status),
    ("stop", Command::Stop),
];

impl Command {
    /// The command of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, command)| *command)
    }

    /// The properties that must be there, in the order in which they are missed.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Add => &["name", "cmd"],
            Self::Get => &["name", "keys"],
            Self::Set => &["name", "options"],
            Self::Signal => &["name", "signum"],
            Self::Decr | Self::Incr | Self::Kill | Self::Options | Self::Rm => &["name"],
            Self::Dstats
            | Self::GlobalOptions
            | Self::Ipython
            | Self::List
            | Self::Listen
            | Self::ListSockets
            | Self::NumProcesses
            | Self::NumWatchers
            | Self::Quit
            | Self::Reload
            | Self::ReloadConfig
            | Self::Restart
            | Self::Start
            | Self::Stats
            | Self::Status
            | Self::Stop => &[],
        }
    }

    /// Does it, or begins to.
    pub(crate) async fn execute(
        self,
        arbiter: &Rc<Arbiter>,
        properties: &Fields,
    ) -> Result<Outcome, Failure> {
        for key in self.required() {
            if !properties.contains_key(*key) {
                return Err(Failure::Message(format!("message invalid '{key}' is missing")));
            }
        }
        match self {
            Self::Add => add::execute(arbiter, properties).await,
            Self::Decr => resize::execute(arbiter, properties, resize::Direction::Down),
            Self::Dstats => dstats::execute(arbiter).await,
            Self::Get => get::get(arbiter, properties),
            Self::GlobalOptions => globaloptions::execute(arbiter, properties),
            Self::Incr => resize::execute(arbiter, properties, resize::Direction::Up),
            Self::Ipython => Ok(Outcome::Now(reply::fields([
                ("shell", Value::Bool(false)),
                ("msg", "No module named 'IPython'".into()),
            ]))),
            Self::Kill => kill::execute(arbiter, properties),
            Self::List => list::execute(arbiter, properties),
            Self::Listen => Err(Failure::Message("invalid message. use a pub/sub socket".into())),
            Self::ListSockets => listsockets::execute(arbiter).await,
            Self::NumProcesses => numbers::processes(arbiter, properties),
            Self::NumWatchers => Ok(numbers::watchers(arbiter)),
            Self::Options => get::options(arbiter, properties),
            Self::Quit => quit::execute(arbiter),
            Self::Reload => reload::execute(arbiter, properties),
            Self::ReloadConfig => reloadconfig::execute(arbiter),
            Self::Restart => start::execute(arbiter, properties, start::Way::Restart),
            Self::Rm => rm::execute(arbiter, properties),
            Self::Set => set::execute(arbiter, properties),
            Self::Signal => signal::execute(arbiter, properties).await,
            Self::Start => start::execute(arbiter, properties, start::Way::Start),
            Self::Stats => stats::execute(arbiter, properties).await,
            Self::Status => status::execute(arbiter, properties),
            Self::Stop => start::execute(arbiter, properties, start::Way::Stop),
        }
    }
}

/// The watcher that a command's `name` means.
pub(crate) fn watcher(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<GroupName, Failure> {
    let name = text(properties, "name")?;
    arbiter.find(name).ok_or_else(|| not_found(name))
}

pub(crate) fn not_found(name: &str) -> Failure {
    Failure::Message(format!("program {name} not found"))
}

/// A property that the original takes for a text without looking.
pub(crate) fn text<'a>(properties: &'a Fields, key: &str) -> Result<&'a str, Failure> {
    let value = properties.get(key).unwrap_or(&Value::Null);
    value.as_str().ok_or_else(|| {
        let kind = crate::options::python::type_name(value);
        Failure::Exception(format!("'{kind}' object has no attribute 'lower'"))
    })
}

/// A property that is on when it is there and true in Python's sense.
pub(crate) fn is_on(properties: &Fields, key: &str) -> bool {
    properties.get(key).is_some_and(crate::options::python::truth)
}

//! A conversation with one circusd: asks, prints, and says how it went.

use std::io::{self, Write as _};

use minder_zmtp::Subscriber;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

use super::ENDPOINT_VARIABLE;
use super::command_line::{CommandLine, Format};
use super::commands::{Arguments, Command, Fields, Talk};
use crate::client::{CallError, Client, ENDPOINT, PUBSUB_ENDPOINT, Patience, SshServer, Way};
use crate::options::bytes;
use crate::options::exception::{Class, Exception};
use crate::python_json;

/// All that is needed to ask.
pub(super) struct Session {
    runtime: Runtime,
    local: LocalSet,
    endpoint: String,
    /// As the option has it: events come from elsewhere if it says nothing.
    given_endpoint: Option<String>,
    ssh: Option<SshServer>,
    patience: Patience,
    format: Format,
    client: Option<Client>,
}

/// How a command ended that did not end well.
enum Failure {
    /// The words are wrong, or what came is no answer: a text of the original's for standard error.
    Complaint(String),
    /// circusd said no: status 3.
    Refused(String),
    /// It said nothing.
    TimedOut,
    /// Ctrl-C.
    Interrupted,
}

const TIMED_OUT: &str = "Timed out.
A time out usually happens in one of those cases:

#1 There is no Circus daemon at that endpoint.
#2 It took longer than the time-out to do it.

For #1, look at the endpoint: the --endpoint option, or CIRCUSCTL_ENDPOINT.

For #2, give it more time with --timeout, above all with --waiting.
";

impl Session {
    /// With whom a command line wants to talk. Connects to nobody yet.
    ///
    /// # Errors
    /// When the system gives no event loop.
    pub(super) fn new(line: &CommandLine) -> io::Result<Self> {
        let variable = std::env::var(ENDPOINT_VARIABLE).ok();
        let endpoint = line.endpoint.clone().or(variable).unwrap_or_else(|| ENDPOINT.to_owned());
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            local: LocalSet::new(),
            endpoint,
            given_endpoint: line.endpoint.clone(),
            ssh: line.ssh.clone(),
            patience: Patience::seconds(line.timeout_seconds),
            format: line.format,
            client: None,
        })
    }

    /// Does a command: prints what there is to print, and gives the exit status.
    pub(super) fn run(&mut self, command: &Command, arguments: &Arguments) -> u8 {
        let said = match command.talk {
            Talk::Ask { properties, shown } => properties(arguments)
                .map_err(Failure::from)
                .and_then(|properties| self.ask(command.name, properties))
                .and_then(|reply| self.shown(&reply, shown)),
            Talk::Listen => self.listen(&arguments.words),
        };
        match said {
            Ok(text) => u8::from(writeln!(io::stdout(), "{text}").is_err()),
            Err(failure) => failure.tell(),
        }
    }

    /// The answer in the form that was asked for.
    fn shown(
        &self,
        reply: &Fields,
        shown: fn(&Fields) -> Result<String, Exception>,
    ) -> Result<String, Failure> {
        let whole = || Value::Object(reply.clone());
        match self.format {
            Format::Json => Ok(python_json::to_string(&whole())),
            Format::PrettyJson => Ok(python_json::to_pretty_string(&whole())),
            Format::Text => {
                let text = shown(reply)?;
                let refused = reply.get("status").and_then(Value::as_str) == Some("error");
                if refused { Err(Failure::Refused(text)) } else { Ok(text) }
            }
        }
    }

    fn ask(&mut self, command: &str, properties: Fields) -> Result<Fields, Failure> {
        let Self { runtime, local, client, endpoint, ssh, patience, .. } = self;
        local.block_on(runtime, async {
            tokio::select! {
                reply = async {
                    if client.is_none() {
                        let way = Way::find(endpoint, ssh.as_ref()).await.map_err(complaint)?;
                        *client = Some(Client::connect(way).map_err(complaint)?);
                    }
                    match client {
                        Some(client) => client.call(command, properties, *patience).await.map_err(Failure::from),
                        None => Err(Failure::TimedOut),
                    }
                } => reply,
                _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
            }
        })
    }

    /// The names of all watchers, for completion; none when nobody answers.
    pub(super) fn watchers(&mut self) -> Vec<String> {
        let reply = self.ask("list", Fields::new()).unwrap_or_default();
        let names = reply.get("watchers").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// Prints events until nobody reads any more, or Ctrl-C.
    fn listen(&mut self, topics: &[String]) -> Result<String, Failure> {
        let endpoint = self.given_endpoint.clone().unwrap_or_else(|| PUBSUB_ENDPOINT.to_owned());
        let Self { runtime, local, ssh, .. } = self;
        local.block_on(runtime, async {
            let way = Way::find(&endpoint, ssh.as_ref()).await.map_err(complaint)?;
            let everything = [String::new()];
            let topics = if topics.is_empty() { &everything[..] } else { topics };
            let topics = topics.iter().map(|topic| bytes::encode(topic));
            let topics: Vec<Vec<u8>> = topics.collect();
            let mut events = Subscriber::connect(way.endpoint().clone(), topics).map_err(complaint)?;
            loop {
                let message = tokio::select! {
                    message = events.recv() => message,
                    _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
                };
                let frames: Vec<String> = message.iter().map(|frame| bytes::repr(frame)).collect();
                if writeln!(io::stdout(), "{}", frames.join(": ")).is_err() {
                    return Err(Failure::Interrupted);
                }
            }
        })
    }
}

fn complaint(error: impl std::fmt::Display) -> Failure {
    Failure::Complaint(error.to_string())
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        Self::Complaint(match exception.class {
            Class::Argument => exception.text,
            // The original shows where it happened, too.
            _ => exception.to_string(),
        })
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::TimedOut => Self::TimedOut,
            CallError::NotJson(_) | CallError::QueueFull => Self::Complaint(error.to_string()),
        }
    }
}

impl Failure {
    /// Tells it on standard error; gives the exit status.
    fn tell(self) -> u8 {
        let (text, status) = match self {
            Self::Complaint(text) => (format!("{text}\n"), 1),
            Self::Refused(text) => (format!("{text}\n"), 3),
            Self::TimedOut => (TIMED_OUT.to_owned(), 1),
            Self::Interrupted => (String::new(), 1),
        };
        // Where nobody reads, the status says it.
        let _ = io::stderr().write_all(text.as_bytes());
        status
    }
}

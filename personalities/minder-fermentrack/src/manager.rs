//! One question to the daemon, whatever make it is.
//!
//! ```text
//!  {"command": …, "properties": {}, "id": …} ─one frame─▶ endpoint ─▶ {"status": …, "id": …}
//! ```
//!
//! Unlike circusctl it first looks whether anybody is there: a daemon that is not need not be waited for.

use std::fmt::{self, Write};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

use minder_zmtp::{ConnectError, Dealer, Endpoint, EndpointError, QueueFull};
use serde_json::{Map, Value, json};

/// How long an answer is waited for: what the script tells circusctl.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What came of the question.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The daemon's answer.
    Reply(Reply),
    /// Somebody is there, and did not answer in time.
    Silent,
    /// Nobody is there.
    Absent,
}

/// What a daemon says.
#[derive(Debug)]
pub(crate) struct Reply(Map<String, Value>);

impl Reply {
    /// Why it did not do what it was asked. `None`: it did.
    pub(crate) fn refusal(&self) -> Option<&str> {
        let refused = self.text("status") == Some("error");
        refused.then(|| self.text("reason").unwrap_or("unknown"))
    }

    /// A line for each watcher, in the order of its name's characters, without the last newline.
    pub(crate) fn status_lines(&self) -> String {
        let statuses = self.0.get("statuses").and_then(Value::as_object);
        let mut lines: Vec<(&str, &Value)> =
            statuses.into_iter().flatten().map(|(name, status)| (name.as_str(), status)).collect();
        lines.sort_unstable_by_key(|(name, _)| *name);
        let mut text = String::new();
        for (i, (name, status)) in lines.into_iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            let status = status.as_str().unwrap_or("unknown");
            // Text grows without errors.
            let _ = write!(text, "{separator}{name}: {status}");
        }
        text
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }
}

/// Why nobody could be asked.
#[derive(Debug)]
pub(crate) enum AskError {
    /// It is written nowhere where to ask: the text is no address.
    Address(EndpointError),
    /// The address is one to listen at only.
    Endpoint(ConnectError),
    /// The question was not taken, which a single one always is.
    Queue(QueueFull),
    /// The system refused something.
    System(io::Error),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::Endpoint(error) => error.fmt(f),
            Self::Queue(error) => error.fmt(f),
            Self::System(error) => write!(f, "cannot ask the daemon: {error}"),
        }
    }
}

/// Asks, and waits for the answer as long as circusctl would.
pub(crate) fn ask(endpoint: &Endpoint, command: &str) -> Result<Answer, AskError> {
    if !is_there(endpoint) {
        return Ok(Answer::Absent);
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AskError::System)?;
    let conversation = async {
        let mut dealer = Dealer::connect(endpoint.clone(), None).map_err(AskError::Endpoint)?;
        let id = format!("updateCronCircus-{}", std::process::id());
        let question = json!({ "command": command, "properties": {}, "id": id }).to_string();
        dealer.send(&[question]).map_err(AskError::Queue)?;
        let answered = tokio::time::timeout(ANSWER_MAX, reply_to(&id, &mut dealer)).await;
        Ok(answered.map_or(Answer::Silent, Answer::Reply))
    };
    tokio::task::LocalSet::new().block_on(&runtime, conversation)
}

/// The reply with this id; like circusctl, it passes over whatever else comes.
async fn reply_to(id: &str, dealer: &mut Dealer) -> Reply {
    loop {
        let message = dealer.recv().await;
        let reply = message.first().and_then(|frame| serde_json::from_slice(frame).ok());
        match reply {
            Some(Value::Object(reply)) if reply.get("id").and_then(Value::as_str) == Some(id) => {
                return Reply(reply);
            }
            Some(_) | None => {}
        }
    }
}

/// Whether somebody listens. What cannot be told counts as somebody, so that no second daemon is started for it.
fn is_there(endpoint: &Endpoint) -> bool {
    let connected = match endpoint {
        Endpoint::Tcp { host, port } => connect(&host.to_string(), *port),
        Endpoint::Ipc(path) => UnixStream::connect(path).map(drop),
        Endpoint::Abstract(name) => SocketAddr::from_abstract_name(name)
            .and_then(|address| UnixStream::connect_addr(&address))
            .map(drop),
    };
    let nobody = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
    connected.err().is_none_or(|error| !nobody.contains(&error.kind()))
}

/// To one of the host's addresses: that it refuses counts if all do.
fn connect(host: &str, port: u16) -> io::Result<()> {
    let mut outcome = Err(io::ErrorKind::InvalidInput.into());
    for address in (host.trim_matches(['[', ']']), port).to_socket_addrs()? {
        outcome = TcpStream::connect_timeout(&address, ANSWER_MAX).map(drop);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::Reply;
    use serde_json::json;

    fn reply(value: &serde_json::Value) -> Reply {
        Reply(value.as_object().cloned().unwrap())
    }

    #[test]
    fn statuses_are_sorted_by_character() {
        let statuses = json!({"dev-b": "stopped", "circusd-stats": "active", "Fermentrack": "active", "dev-B": "active"});
        let expected = "Fermentrack: active\ncircusd-stats: active\ndev-B: active\ndev-b: stopped";
        assert_eq!(reply(&json!({ "status": "ok", "statuses": statuses })).status_lines(), expected);
        assert_eq!(reply(&json!({ "status": "ok", "statuses": {} })).status_lines(), "");
    }

    #[test]
    fn only_an_error_is_a_refusal() {
        assert_eq!(reply(&json!({ "status": "ok" })).refusal(), None);
        assert_eq!(reply(&json!({ "status": "error", "reason": "busy" })).refusal(), Some("busy"));
    }
}

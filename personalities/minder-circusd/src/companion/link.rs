//! A conversation with circusd: one request, its answer, the next request.

use std::fmt;
use std::time::Duration;

use minder_zmtp::{ConnectError, Dealer, Endpoint, EndpointError};
use serde_json::{Map, Value, json};

use super::tunnel::{Tunnel, TunnelError};

/// How long circusd may take to answer. It answers at once even to what takes long, unless it is asked to wait.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Where circusd is when nobody says so.
pub(crate) const ENDPOINT: &str = "tcp://127.0.0.1:5555";
/// Where its events are.
pub(crate) const PUBSUB: &str = "tcp://127.0.0.1:5556";

/// Why there is no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// circusd said no, and why.
    Refused(String),
    /// It said nothing in time.
    Silent,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(reason) => f.write_str(reason),
            Failure::Silent => write!(f, "circusd does not answer"),
        }
    }
}

/// Why there is nobody to talk to.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// That is no endpoint.
    Endpoint(EndpointError),
    /// That is none to connect to.
    Connect(ConnectError),
    /// `ssh` cannot be used.
    Tunnel(TunnelError),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Endpoint(error) => error.fmt(f),
            LinkError::Connect(error) => error.fmt(f),
            LinkError::Tunnel(error) => error.fmt(f),
        }
    }
}

/// A connection to the control endpoint. It comes about when circusd does.
#[derive(Debug)]
pub(crate) struct Link {
    dealer: Dealer,
    endpoint: Endpoint,
    asked: u64,
    _tunnel: Option<Tunnel>,
}

impl Link {
    /// Begins to connect, through `ssh` if a server is named. Must be called on a `LocalSet`.
    pub(crate) fn open(endpoint: &str, ssh: Option<&str>) -> Result<Link, LinkError> {
        let endpoint: Endpoint = endpoint.parse().map_err(LinkError::Endpoint)?;
        let tunnel =
            ssh.map(|server| Tunnel::dig(server, None, &endpoint)).transpose().map_err(LinkError::Tunnel)?;
        let endpoint = tunnel.as_ref().map_or(endpoint, |tunnel| tunnel.entrance().clone());
        let dealer = Dealer::connect(endpoint.clone(), None).map_err(LinkError::Connect)?;
        Ok(Link { dealer, endpoint, asked: 0, _tunnel: tunnel })
    }

    /// Asks, and waits for the answer, [`ANSWER_WITHIN`] at most.
    pub(crate) async fn ask(
        &mut self,
        command: &str,
        properties: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        self.asked += 1;
        // Unlike the stock client's, this names a request only within the connection: nobody else sees it.
        let id = format!("{:x}-{:x}", std::process::id(), self.asked);
        let request = json!({"command": command, "properties": properties, "id": id}).to_string();
        if self.dealer.send(&[request]).is_err() {
            return Err(self.gave_up());
        }
        match tokio::time::timeout(ANSWER_WITHIN, self.answer_to(&id)).await {
            Ok(answer) if answer.get("status").and_then(Value::as_str) == Some("error") => {
                let reason = answer.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
                Err(Failure::Refused(reason.to_owned()))
            }
            Ok(answer) => Ok(answer),
            Err(_elapsed) => Err(self.gave_up()),
        }
    }

    /// Connects anew, so that a request nobody waits for any more is not heard much later.
    fn gave_up(&mut self) -> Failure {
        if let Ok(dealer) = Dealer::connect(self.endpoint.clone(), None) {
            self.dealer = dealer;
        }
        Failure::Silent
    }

    async fn answer_to(&mut self, id: &str) -> Map<String, Value> {
        loop {
            let message = self.dealer.recv().await;
            // Whatever is no answer to this is an answer to something that was given up.
            let answer = message.last().and_then(|frame| serde_json::from_slice::<Value>(frame).ok());
            if let Some(Value::Object(answer)) = answer
                && answer.get("id").and_then(Value::as_str) == Some(id)
            {
                return answer;
            }
        }
    }
}

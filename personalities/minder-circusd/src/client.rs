//! A client of any Circus: asks one thing, waits for its answer.
//!
//! ```text
//!  request ─json.dumps─▶ DEALER ─▶ circusd ─▶ DEALER ─(the answer with our id; others are dropped)─▶ reply
//! ```

use std::fmt::{self, Write as _};
use std::time::Duration;

use minder_zmtp::{ConnectError, Dealer, Endpoint, EndpointError};
use rustix::rand::{GetRandomFlags, getrandom};
use serde_json::{Map, Value};

use crate::companion::tunnel::{Tunnel, TunnelError};
use crate::python_json;

/// Where a circusd is when nobody says so.
pub const ENDPOINT: &str = "tcp://127.0.0.1:5555";
/// Where its events are.
pub const PUBSUB_ENDPOINT: &str = "tcp://127.0.0.1:5556";
/// Where its statistics are.
pub const STATS_ENDPOINT: &str = "tcp://127.0.0.1:5557";

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// For so long, from the sending of the request, or from the last answer to something else.
    Within(Duration),
    /// For ever.
    Endless,
}

impl Patience {
    /// So many seconds; a negative number has no end, as for the original's `poll`.
    #[must_use]
    pub fn seconds(seconds: i64) -> Patience {
        u64::try_from(seconds)
            .map_or(Patience::Endless, |seconds| Patience::Within(Duration::from_secs(seconds)))
    }
}

/// A machine that is reached through the system's `ssh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshServer {
    /// `[user@]host[:port]`
    pub address: String,
    /// The file of the key to log in with, if not the usual one.
    pub key_file: Option<String>,
}

/// Why there is nobody to talk to.
#[derive(Debug)]
pub enum OpenError {
    /// That is no endpoint.
    Endpoint(EndpointError),
    /// That is none to connect to.
    Connect(ConnectError),
    /// There is no way through `ssh`; with its reason.
    Tunnel(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Endpoint(error) => error.fmt(f),
            OpenError::Connect(error) => error.fmt(f),
            OpenError::Tunnel(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<TunnelError> for OpenError {
    fn from(error: TunnelError) -> Self {
        OpenError::Tunnel(error.to_string())
    }
}

/// Why there is no answer. What is shown is the original's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// None came in time.
    TimedOut,
    /// What came is no JSON object; with what is wrong.
    NotJson(String),
    /// So many requests wait for a circusd that does not take them that this one was refused.
    QueueFull,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::TimedOut => write!(f, "Timed out."),
            CallError::NotJson(problem) => f.write_str(problem),
            CallError::QueueFull => write!(f, "Resource temporarily unavailable"),
        }
    }
}

impl std::error::Error for CallError {}

/// An endpoint, and the tunnel to it if there is one. The tunnel is closed when this is dropped.
#[derive(Debug)]
pub struct Way {
    endpoint: Endpoint,
    _tunnel: Option<Tunnel>,
}

impl Way {
    /// Finds the way to an endpoint. With a server, it waits until `ssh` lets TCP through.
    ///
    /// # Errors
    /// When that is no endpoint, or `ssh` does not reach the server or cannot lead there.
    pub async fn find(endpoint: &str, through: Option<&SshServer>) -> Result<Way, OpenError> {
        let endpoint: Endpoint = endpoint.parse().map_err(OpenError::Endpoint)?;
        let Some(server) = through else { return Ok(Way { endpoint, _tunnel: None }) };
        let mut tunnel = Tunnel::dig(&server.address, server.key_file.as_deref(), &endpoint)?;
        tunnel.opened().await?;
        Ok(Way { endpoint: tunnel.entrance().clone(), _tunnel: Some(tunnel) })
    }

    /// Where to connect to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// A connection to a circusd's control endpoint. It comes about when circusd does.
#[derive(Debug)]
pub struct Client {
    dealer: Dealer,
    _way: Way,
}

impl Client {
    /// Begins to connect. To be called on a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Errors
    /// When the way leads to no endpoint that can be connected to. Whether somebody listens is no question here.
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub fn connect(way: Way) -> Result<Client, OpenError> {
        let identity = random_hex();
        let dealer =
            Dealer::connect(way.endpoint.clone(), Some(identity.as_bytes())).map_err(OpenError::Connect)?;
        Ok(Client { dealer, _way: way })
    }

    /// Asks for a command with these properties, and waits for its answer, whether it is good or bad.
    ///
    /// # Errors
    /// When there is none in time, or one that nobody can read.
    pub async fn call(
        &mut self,
        command: &str,
        properties: Map<String, Value>,
        patience: Patience,
    ) -> Result<Map<String, Value>, CallError> {
        let id = random_hex();
        let mut request = Map::new();
        request.insert("command".to_owned(), command.into());
        request.insert("properties".to_owned(), Value::Object(properties));
        request.insert("id".to_owned(), id.as_str().into());
        let request = python_json::to_string(&Value::Object(request));
        self.dealer.send(&[request]).map_err(|_full| CallError::QueueFull)?;
        loop {
            let reply = self.next(patience).await?;
            // Another id is that of a request that was given up.
            if reply.get("id").and_then(Value::as_str) == Some(id.as_str()) {
                return Ok(reply);
            }
        }
    }

    async fn next(&mut self, patience: Patience) -> Result<Map<String, Value>, CallError> {
        let message = match patience {
            Patience::Endless => self.dealer.recv().await,
            Patience::Within(limit) => tokio::time::timeout(limit, self.dealer.recv())
                .await
                .map_err(|_elapsed| CallError::TimedOut)?,
        };
        let frame = message.last().map(AsRef::as_ref).unwrap_or_default();
        serde_json::from_slice(frame).map_err(|error| CallError::NotJson(error.to_string()))
    }
}

/// 128 random bits as 32 hexadecimal digits. Where the system has no randomness yet, they are all zero, which only means
/// that late answers are not told apart.
fn random_hex() -> String {
    let mut bytes = [0_u8; 16];
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    let mut text = String::with_capacity(32);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

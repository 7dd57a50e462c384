//! A client of a Supervisor server, original or ours: XML-RPC and the log streams, over TCP or a Unix socket.
//!
//! ```text
//! "unix:///run/s.sock" ─▶ Address ─┐
//! Credentials ─────────────────────┴▶ Client ─ call(method, params) ─▶ Value | ClientError
//!                                            └ stream(path, sink) ───▶ bytes, until the server or the sink ends it
//! ```
//!
//! [`Client`] is for whoever has a tokio runtime; [`BlockingClient`] brings its own, for a command that asks and exits.
//! Every request has a connection of its own: a supervisor is asked seldom, and a connection that idles between two
//! questions may be gone at the second.
//!
//! Invariant: nothing here prints, and nothing here knows what a method means.

mod address;
mod error;
mod http;

use std::io;
use std::ops::ControlFlow;

pub use address::{Address, BadUrl};
pub use error::ClientError;

use crate::xmlrpc::{Limits, Value, decode_response, encode_call};

/// A door for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::{ClientError, http};

    /// The body of the answer that a server gives over a stream.
    ///
    /// # Errors
    /// As [`Client::call`](super::Client::call).
    pub async fn answer(
        stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
        bytes_max: usize,
    ) -> Result<Vec<u8>, ClientError> {
        http::post_over(stream, bytes_max).await
    }
}

/// A user name and a password for HTTP basic authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name; it must hold no `:`.
    pub username: String,
    /// The password in clear.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password has no business in a log line.
        out.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Where the server is and who asks. Holds no connection, so it is cheap and may be cloned.
#[derive(Clone, Debug)]
pub struct Client {
    address: Address,
    credentials: Option<Credentials>,
}

impl Client {
    /// A client for the server at `address`. Nothing is connected yet.
    #[must_use]
    pub fn new(address: Address, credentials: Option<Credentials>) -> Client {
        Client { address, credentials }
    }

    /// Calls a method, `supervisor.getState`, and waits for as long as the server takes: some calls wait for a process.
    ///
    /// # Errors
    /// Whatever [`ClientError`] tells apart; a fault is one of them.
    pub async fn call(&self, method: &str, params: &[Value]) -> Result<Value, ClientError> {
        let body = encode_call(method, params);
        let response = http::post(self, "/RPC2", body, Limits::RESPONSE.bytes_max).await?;
        match decode_response(&response) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(fault)) => Err(ClientError::Fault(fault)),
            Err(error) => Err(ClientError::BadResponse(error)),
        }
    }

    /// Follows `/logtail/…` or `/mainlogtail`: hands each piece to `sink` as it arrives, until the server closes or
    /// the sink breaks. Characters of the path that a request line cannot hold are percent-encoded.
    ///
    /// # Errors
    /// When the server cannot be reached, or answers with anything but 200.
    pub async fn stream(
        &self,
        path: &str,
        sink: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), ClientError> {
        http::stream(self, path, sink).await
    }
}

/// A [`Client`] with a runtime of its own, for a program that has none.
#[derive(Debug)]
pub struct BlockingClient {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl BlockingClient {
    /// Gives the client a runtime. Nothing is connected yet.
    ///
    /// # Errors
    /// When the kernel gives no descriptor for an event loop.
    pub fn new(client: Client) -> io::Result<BlockingClient> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(BlockingClient { client, runtime })
    }

    /// See [`Client::call`]. Must not be called inside another tokio runtime.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn call(&self, method: &str, params: &[Value]) -> Result<Value, ClientError> {
        self.runtime.block_on(self.client.call(method, params))
    }

    /// See [`Client::stream`]. Must not be called inside another tokio runtime.
    ///
    /// # Errors
    /// As [`Client::stream`].
    pub fn stream(&self, path: &str, sink: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), ClientError> {
        self.runtime.block_on(self.client.stream(path, sink))
    }
}

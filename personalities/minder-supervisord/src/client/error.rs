//! What can go wrong between a client and a server.

use std::{fmt, io};

use crate::xmlrpc::{DecodeError, Fault};

/// Why a call or a stream came to nothing.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody listens: `ECONNREFUSED`.
    Refused,
    /// The Unix socket does not exist: `ENOENT`.
    MissingSocket,
    /// The host has no address, in the resolver's words.
    UnknownHost(String),
    /// The connection could not be made or broke, for another reason than those above.
    Io(io::Error),
    /// The server closed the connection before it had answered.
    Disconnected,
    /// 401: no or wrong credentials.
    Unauthorized {
        /// The reason phrase, `Unauthorized`.
        reason: String,
    },
    /// A status other than 200 and 401.
    Status {
        /// The status, 500 for example.
        code: u16,
        /// The reason phrase.
        reason: String,
    },
    /// What arrived is not HTTP, or more of it than a client should take.
    Http(String),
    /// The answer is not XML-RPC.
    BadResponse(DecodeError),
    /// The server says no.
    Fault(Fault),
}

impl fmt::Display for ClientError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Refused => out.write_str("connection refused: no server listens there"),
            ClientError::MissingSocket => out.write_str("no such socket file: no server runs there"),
            ClientError::UnknownHost(why) => write!(out, "cannot resolve the host: {why}"),
            ClientError::Io(error) => write!(out, "connection failed: {error}"),
            ClientError::Disconnected => out.write_str("the server closed the connection without an answer"),
            ClientError::Unauthorized { .. } => {
                out.write_str("the server requires a user name and a password")
            }
            ClientError::Status { code, reason } => write!(out, "the server answered {code} {reason}"),
            ClientError::Http(why) => write!(out, "the server does not speak HTTP: {why}"),
            ClientError::BadResponse(error) => write!(out, "the server does not speak XML-RPC: {error}"),
            ClientError::Fault(fault) => write!(out, "{} (fault {})", fault.text, fault.code),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ClientError::Io(error) => Some(error),
            ClientError::BadResponse(error) => Some(error),
            ClientError::Refused
            | ClientError::MissingSocket
            | ClientError::UnknownHost(_)
            | ClientError::Disconnected
            | ClientError::Unauthorized { .. }
            | ClientError::Status { .. }
            | ClientError::Http(_)
            | ClientError::Fault(_) => None,
        }
    }
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> ClientError {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => ClientError::Refused,
            io::ErrorKind::NotFound => ClientError::MissingSocket,
            _ => ClientError::Io(error),
        }
    }
}

//! Where a socket listens or connects to, as ZeroMQ writes it: `tcp://127.0.0.1:5555`, `ipc:///run/circus`.
//!
//! ```text
//! text ─parse─▶ Endpoint ─listen (see `listener`)─▶ descriptor, and the Endpoint that it became
//!                        └─dial (see `stream`)────▶ connection
//! ```

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How many bytes the path of a Unix socket may have. The kernel's `sun_path` has 108, one of which ends it.
pub const IPC_PATH_BYTES_MAX: usize = 107;

/// Where to listen or to connect to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Endpoint {
    /// `tcp://host:port`.
    Tcp {
        /// Which addresses.
        host: Host,
        /// Zero, or `*` when written, lets the kernel choose; that is for listening only.
        port: u16,
    },
    /// `ipc://path`: a Unix socket in the file system.
    Ipc(PathBuf),
    /// `ipc://@name`: a Unix socket in Linux' abstract namespace.
    Abstract(String),
}

/// The machine, or the address of this one, in a `tcp://` endpoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Host {
    /// `*`: every IPv4 address of this machine; for listening only.
    Any,
    /// An address. IPv6 is written in brackets.
    Ip(IpAddr),
    /// A name, looked up whenever a connection is made.
    Name(String),
}

impl Endpoint {
    /// The file that this endpoint's socket has, if any. Whoever listens removes it in the end.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Endpoint::Ipc(path) => Some(path),
            Endpoint::Tcp { .. } | Endpoint::Abstract(_) => None,
        }
    }

    /// Whether one can connect to it: everything but `*` and port zero.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        match self {
            Endpoint::Tcp { host, port } => *host != Host::Any && *port != 0,
            Endpoint::Ipc(_) | Endpoint::Abstract(_) => true,
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        let problem = |flaw| EndpointError { text: text.to_owned(), flaw };
        let (transport, address) = text.split_once("://").ok_or_else(|| problem(Flaw::NoTransport))?;
        match transport {
            "tcp" => tcp(address).map_err(problem),
            "ipc" => ipc(address).map_err(problem),
            _ => Err(problem(Flaw::UnknownTransport)),
        }
    }
}

fn tcp(address: &str) -> Result<Endpoint, Flaw> {
    let (host, port) = address.rsplit_once(':').ok_or(Flaw::NoPort)?;
    let port = match port {
        "*" => 0,
        // `parse` alone would take "+5555".
        _ if port.starts_with(|first: char| first.is_ascii_digit()) => {
            port.parse().map_err(|_| Flaw::BadPort)?
        }
        _ => return Err(Flaw::BadPort),
    };
    let host = match host {
        "" => return Err(Flaw::NoHost),
        "*" => Host::Any,
        _ => match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => Host::Ip(IpAddr::V6(inner.parse().map_err(|_| Flaw::BadHost)?)),
            None if host.contains(|odd: char| odd.is_whitespace() || "[]:;/\0".contains(odd)) => {
                return Err(Flaw::BadHost);
            }
            None => host.parse().map_or_else(|_| Host::Name(host.to_owned()), Host::Ip),
        },
    };
    Ok(Endpoint::Tcp { host, port })
}

fn ipc(address: &str) -> Result<Endpoint, Flaw> {
    if address.is_empty() || address == "@" {
        return Err(Flaw::NoPath);
    }
    if address.len() > IPC_PATH_BYTES_MAX {
        return Err(Flaw::LongPath);
    }
    if address.contains('\0') {
        return Err(Flaw::BadPath);
    }
    Ok(match address.strip_prefix('@') {
        Some(name) => Endpoint::Abstract(name.to_owned()),
        None => Endpoint::Ipc(PathBuf::from(address)),
    })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp { host, port } => write!(out, "tcp://{host}:{port}"),
            Endpoint::Ipc(path) => write!(out, "ipc://{}", path.display()),
            Endpoint::Abstract(name) => write!(out, "ipc://@{name}"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Any => write!(out, "*"),
            Host::Ip(IpAddr::V4(address)) => write!(out, "{address}"),
            Host::Ip(IpAddr::V6(address)) => write!(out, "[{address}]"),
            Host::Name(name) => write!(out, "{name}"),
        }
    }
}

/// A text that is no endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndpointError {
    /// What was to be an endpoint.
    pub text: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What can be wrong with the text of an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It has no `://`.
    NoTransport,
    /// It is neither `tcp` nor `ipc`.
    UnknownTransport,
    /// `tcp://` without a host.
    NoHost,
    /// A host that is neither `*`, an address nor a name.
    BadHost,
    /// `tcp://` without a port.
    NoPort,
    /// A port that is neither `*` nor a number up to 65535.
    BadPort,
    /// `ipc://` without a path.
    NoPath,
    /// A path of more than [`IPC_PATH_BYTES_MAX`] bytes.
    LongPath,
    /// A path that contains a zero byte.
    BadPath,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`: {}", self.text.escape_debug(), self.flaw)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::NoTransport => {
                write!(out, "expected an endpoint such as tcp://127.0.0.1:5555 or ipc:///run/x")
            }
            Flaw::UnknownTransport => write!(out, "expected the transport tcp:// or ipc://"),
            Flaw::NoHost => write!(out, "expected a host before the port, an address, a name or `*`"),
            Flaw::BadHost => write!(out, "expected an address, a name or `*` as host, and IPv6 in brackets"),
            Flaw::NoPort => write!(out, "expected `:port` at the end"),
            Flaw::BadPort => write!(out, "expected a port from 0 to 65535, or `*`"),
            Flaw::NoPath => write!(out, "expected a path after ipc://"),
            Flaw::LongPath => write!(out, "expected a path of at most {IPC_PATH_BYTES_MAX} bytes"),
            Flaw::BadPath => write!(out, "expected a path without zero bytes"),
        }
    }
}

impl std::error::Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Flaw};

    #[test]
    fn an_endpoint_is_displayed_as_it_was_written() {
        for text in [
            "tcp://127.0.0.1:5555",
            "tcp://*:0",
            "tcp://[::1]:65535",
            "tcp://localhost:1",
            "ipc:///run/circus.sock",
            "ipc://relative",
            "ipc://@abstract",
        ] {
            assert_eq!(text.parse::<Endpoint>().map(|endpoint| endpoint.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("tcp://*:*".parse::<Endpoint>().unwrap().to_string(), "tcp://*:0");
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_its_flaw() {
        for (text, flaw) in [
            ("", Flaw::NoTransport),
            ("127.0.0.1:5555", Flaw::NoTransport),
            ("inproc://x", Flaw::UnknownTransport),
            ("TCP://127.0.0.1:1", Flaw::UnknownTransport),
            ("tcp://:5555", Flaw::NoHost),
            ("tcp://127.0.0.1", Flaw::NoPort),
            ("tcp://127.0.0.1:", Flaw::BadPort),
            ("tcp://127.0.0.1:+1", Flaw::BadPort),
            ("tcp://127.0.0.1:65536", Flaw::BadPort),
            ("tcp://127.0.0.1:http", Flaw::BadPort),
            ("tcp://::1:5555", Flaw::BadHost),
            ("tcp://[::g]:5555", Flaw::BadHost),
            ("tcp://a b:5555", Flaw::BadHost),
            ("tcp://eth0;10.0.0.1:5555", Flaw::BadHost),
            ("ipc://", Flaw::NoPath),
            ("ipc://@", Flaw::NoPath),
            ("ipc://a\0b", Flaw::BadPath),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap_err().flaw, flaw, "{text}");
        }
        let long = format!("ipc:///{}", "x".repeat(107));
        assert_eq!(long.parse::<Endpoint>().unwrap_err().flaw, Flaw::LongPath);
    }

    #[test]
    fn an_error_says_what_was_found_and_what_was_expected() {
        let error = "udp://x:1".parse::<Endpoint>().unwrap_err();
        assert_eq!(error.to_string(), "`udp://x:1`: expected the transport tcp:// or ipc://");
    }

    #[test]
    fn only_a_definite_endpoint_can_be_connected_to() {
        for (text, definite) in [
            ("tcp://*:1", false),
            ("tcp://127.0.0.1:*", false),
            ("tcp://127.0.0.1:1", true),
            ("ipc://x", true),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().is_definite(), definite, "{text}");
        }
    }
}

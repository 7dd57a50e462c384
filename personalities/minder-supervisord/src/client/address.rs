//! `serverurl`: where a server is.

use std::fmt;
use std::path::PathBuf;

/// The port of an `http://` URL that names none.
const HTTP_PORT: u16 = 80;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A host, as a name or a number, and a port.
    Tcp {
        /// Without the brackets of an IPv6 address.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
}

/// Why a URL names no server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadUrl {
    /// It begins with neither `http://` nor `unix://`.
    UnknownProtocol(String),
    /// The port is no number.
    PortNotANumber(String),
    /// The port is a number above 65535.
    PortOutOfRange,
}

impl fmt::Display for BadUrl {
    /// In the words of the original, which come from Python where the port is concerned.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadUrl::UnknownProtocol(url) => write!(out, "Unknown protocol for serverurl {url}"),
            BadUrl::PortNotANumber(port) => {
                write!(out, "Port could not be cast to integer value as '{port}'")
            }
            BadUrl::PortOutOfRange => out.write_str("Port out of range 0-65535"),
        }
    }
}

impl std::error::Error for BadUrl {}

impl Address {
    /// Reads `http://host:port` or `unix:///path`. A path, a query or a user in an `http` URL is ignored.
    ///
    /// # Errors
    /// When it is neither, or the port is no port.
    pub fn parse(url: &str) -> Result<Address, BadUrl> {
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(Address::Unix(PathBuf::from(path)));
        }
        let Some(rest) = url.strip_prefix("http://") else {
            return Err(BadUrl::UnknownProtocol(url.to_owned()));
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, port) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, after)) => (host, after.strip_prefix(':').unwrap_or_default()),
            None => place.split_once(':').unwrap_or((place, "")),
        };
        let host = if host.is_empty() { "localhost".to_owned() } else { host.to_ascii_lowercase() };
        let port = match port {
            "" => HTTP_PORT,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| BadUrl::PortOutOfRange)?
            }
            text => return Err(BadUrl::PortNotANumber(text.to_owned())),
        };
        Ok(Address::Tcp { host, port })
    }

    /// What goes into the `Host` header.
    pub(super) fn host_header(&self) -> String {
        match self {
            Address::Unix(_) => "localhost".to_owned(),
            Address::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Address::Tcp { host, port } => format!("{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, BadUrl};

    #[test]
    fn urls_of_both_kinds_are_understood() {
        let tcp = |host: &str, port| Ok(Address::Tcp { host: host.to_owned(), port });
        let cases = [
            ("unix:///run/s.sock", Ok(Address::Unix("/run/s.sock".into()))),
            ("unix://s.sock", Ok(Address::Unix("s.sock".into()))),
            ("http://localhost:9001", tcp("localhost", 9001)),
            ("http://HOST", tcp("host", 80)),
            ("http://:9001/", tcp("localhost", 9001)),
            ("http://u:p@127.0.0.1:1/x?y#z", tcp("127.0.0.1", 1)),
            ("http://[::1]:9001", tcp("::1", 9001)),
            ("http://a:70000", Err(BadUrl::PortOutOfRange)),
            ("http://a:b", Err(BadUrl::PortNotANumber("b".to_owned()))),
            ("https://a", Err(BadUrl::UnknownProtocol("https://a".to_owned()))),
            ("localhost:9001", Err(BadUrl::UnknownProtocol("localhost:9001".to_owned()))),
        ];
        for (url, address) in cases {
            assert_eq!(Address::parse(url), address, "{url}");
        }
    }
}

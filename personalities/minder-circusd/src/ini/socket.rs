//! What the keys of `[socket:NAME]` mean.

use super::machine::Machine;
use super::settings::SocketSection;
use crate::options::exception::{Class, Exception};
use crate::options::python;
use serde_json::Value;

/// The family of an address that has a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `AF_INET`
    Inet,
    /// `AF_INET6`
    Inet6,
}

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `SOCK_STREAM`
    Stream,
    /// `SOCK_DGRAM`
    Datagram,
    /// `SOCK_RAW`
    Raw,
    /// `SOCK_RDM`
    ReliableDatagram,
    /// `SOCK_SEQPACKET`
    SequencedPacket,
}

impl Kind {
    /// Whether the socket listens.
    #[must_use]
    pub fn listens(self) -> bool {
        matches!(self, Self::Stream | Self::SequencedPacket)
    }
}

/// Where a socket is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// At a host.
    Inet {
        /// The family in which the host is looked up.
        family: Family,
        /// The host, by name or address.
        host: String,
        /// The port; 0 is any.
        port: u16,
    },
    /// At a path.
    Unix {
        /// The path.
        path: String,
        /// The umask while it is bound.
        umask: i64,
        /// Whether what is at the path is removed first.
        replace: bool,
    },
}

/// A socket, typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// The name in lower case.
    pub name: String,
    /// Where it is bound.
    pub address: Address,
    /// What it carries.
    pub kind: Kind,
    /// The number of the protocol; 0 is the family's own.
    pub protocol: i32,
    /// The network device to which it is bound.
    pub interface: Option<String>,
    /// How many connections may wait.
    pub backlog: i64,
    /// Whether every worker gets a socket of its own.
    pub so_reuseport: bool,
    /// Whether reading from it blocks.
    pub blocking: bool,
}

impl SocketSection {
    /// What the keys mean.
    ///
    /// # Errors
    ///
    /// Why there is no such socket: the daemon logs `Failed to create socket` and goes on without it.
    pub fn options(&self, machine: &dyn Machine) -> Result<SocketOptions, Exception> {
        let text = |key: &str| self.values.get(key).filter(|value| !value.is_null()).map(python::text);
        let whole = |key: &str, default: i64| self.values.get(key).map_or(Ok(default), python::int_of);
        let flag = |key: &str| python::to_bool(self.values.get(key).unwrap_or(&Value::Null));
        let port = whole("port", 8080)?;
        let path = text("path");
        let family = family(&text("family").unwrap_or_else(|| "AF_INET".to_owned()))?;
        let kind = kind(&text("type").unwrap_or_else(|| "SOCK_STREAM".to_owned()))?;
        let backlog = whole("backlog", 2048)?;
        let so_reuseport = flag("so_reuseport")?;
        let umask = whole("umask", 8)?;
        let blocking = flag("blocking")?;
        let replace = self.values.get("replace").is_some_and(python::truth);
        let protocol = text("proto").map_or(Ok(0), |name| protocol(&name, machine))?;
        let address = match (path, family) {
            (Some(path), _) => Address::Unix { path, umask, replace },
            (None, Some(family)) => {
                let host = text("host").unwrap_or_else(|| "localhost".to_owned());
                let port = u16::try_from(port)
                    .map_err(|_| Exception::new(Class::Overflow, "bind(): port must be 0-65535."))?;
                Address::Inet { family, host, port }
            }
            (None, None) => {
                let text = "stat: path should be string, bytes, os.PathLike or integer, not NoneType";
                return Err(Exception::of_type(text));
            }
        };
        let interface = text("interface");
        let name = self.name.clone();
        Ok(SocketOptions { name, address, kind, protocol, interface, backlog, so_reuseport, blocking })
    }
}

/// The families of hosts; `None` for `AF_UNIX`.
fn family(name: &str) -> Result<Option<Family>, Exception> {
    match name.to_uppercase().as_str() {
        "AF_INET" => Ok(Some(Family::Inet)),
        "AF_INET6" => Ok(Some(Family::Inet6)),
        "AF_UNIX" => Ok(None),
        other => Err(Exception::new(Class::Key, python::repr_text(other))),
    }
}

fn kind(name: &str) -> Result<Kind, Exception> {
    match name.to_uppercase().as_str() {
        "SOCK_STREAM" => Ok(Kind::Stream),
        "SOCK_DGRAM" => Ok(Kind::Datagram),
        "SOCK_RAW" => Ok(Kind::Raw),
        "SOCK_RDM" => Ok(Kind::ReliableDatagram),
        "SOCK_SEQPACKET" => Ok(Kind::SequencedPacket),
        other => Err(Exception::new(Class::Key, python::repr_text(other))),
    }
}

/// The number that the machine's list of protocols has for a name or an alias.
fn protocol(name: &str, machine: &dyn Machine) -> Result<i32, Exception> {
    let list = machine.read_file("/etc/protocols").unwrap_or_default();
    for line in String::from_utf8_lossy(&list).lines() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [official, number, aliases @ ..] = words.as_slice()
            && (*official == name || aliases.contains(&name))
            && let Ok(number) = number.parse()
        {
            return Ok(number);
        }
    }
    Err(Exception::new(Class::Os, "protocol not found"))
}

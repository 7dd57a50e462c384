//! The sockets of a file as the mind takes them, and kept as JSON.

use std::collections::BTreeSet;
use std::sync::Arc;

use minder_core::ids::SocketName;
use minder_core::socket::{Blocking, Existing, Family, Sharing, SocketKind, SocketPlace, SocketSpec};
use serde_json::{Value, json};

use crate::ini::{self, Address, SocketOptions};
use crate::options::bytes;

/// A socket and its number in every process that inherits it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Socket {
    /// What it is.
    pub spec: Arc<SocketSpec>,
    /// 3 or more.
    pub descriptor: i32,
}

/// The first number of a socket: those below are the standard streams.
const FIRST: i32 = 3;

/// The smallest number that none of these sockets has.
pub fn free_descriptor<'a>(sockets: impl Iterator<Item = &'a Socket>) -> i32 {
    let taken: BTreeSet<i32> = sockets.map(|socket| socket.descriptor).collect();
    (FIRST..).find(|number| !taken.contains(number)).unwrap_or(FIRST)
}

/// A socket of a file.
pub fn lower(options: &SocketOptions) -> SocketSpec {
    SocketSpec {
        name: SocketName::new(options.name.as_str()),
        place: match &options.address {
            Address::Inet { family, host, port } => SocketPlace::Port {
                host: host.as_str().into(),
                port: *port,
                family: match family {
                    ini::Family::Inet => Family::V4,
                    ini::Family::Inet6 => Family::V6,
                },
                device: options.interface.as_deref().map(|device| bytes::encode(device).into()),
            },
            Address::Unix { path, umask, replace } => SocketPlace::File {
                path: bytes::encode(path).into(),
                umask: u32::try_from(*umask).ok(),
                existing: if *replace { Existing::Replaced } else { Existing::Kept },
            },
        },
        kind: match options.kind {
            ini::Kind::Stream => SocketKind::Stream,
            ini::Kind::Datagram => SocketKind::Datagram,
            ini::Kind::Raw => SocketKind::Raw,
            ini::Kind::ReliableDatagram => SocketKind::ReliablyDelivered,
            ini::Kind::SequencedPacket => SocketKind::SequencedPackets,
        },
        protocol: u32::try_from(options.protocol).unwrap_or(0),
        backlog: u32::try_from(options.backlog).unwrap_or(0),
        sharing: if options.so_reuseport { Sharing::EachItsOwn } else { Sharing::Common },
        blocking: if options.blocking { Blocking::Waits } else { Blocking::Never },
    }
}

const KINDS: [(SocketKind, &str); 5] = [
    (SocketKind::Stream, "stream"),
    (SocketKind::Datagram, "datagram"),
    (SocketKind::Raw, "raw"),
    (SocketKind::ReliablyDelivered, "rdm"),
    (SocketKind::SequencedPackets, "seqpacket"),
];

/// As JSON, from which [`decode`] makes the same.
pub fn encode(socket: &Socket) -> Value {
    let spec = &socket.spec;
    let place = match &spec.place {
        SocketPlace::Port { host, port, family, device } => json!({
            "host": host,
            "port": port,
            "v6": *family == Family::V6,
            "device": device.as_ref().map(|device| bytes::decode(device.as_bytes())),
        }),
        SocketPlace::File { path, umask, existing } => json!({
            "path": bytes::decode(path.as_bytes()),
            "umask": umask,
            "replaced": *existing == Existing::Replaced,
        }),
    };
    json!({
        "name": spec.name.as_str(),
        "place": place,
        "kind": KINDS.iter().find(|(kind, _)| *kind == spec.kind).map(|(_, word)| *word),
        "protocol": spec.protocol,
        "backlog": spec.backlog,
        "own": spec.sharing == Sharing::EachItsOwn,
        "waits": spec.blocking == Blocking::Waits,
        "descriptor": socket.descriptor,
    })
}

/// The socket of such JSON.
pub fn decode(value: &Value) -> Option<Socket> {
    let flag = |value: &Value, key: &str| value.get(key).and_then(Value::as_bool);
    let number = |key: &str| value.get(key)?.as_u64().and_then(|number| u32::try_from(number).ok());
    let place = value.get("place")?;
    let place = match place.get("path").and_then(Value::as_str) {
        Some(path) => SocketPlace::File {
            path: bytes::encode(path).into(),
            umask: place.get("umask")?.as_u64().and_then(|umask| u32::try_from(umask).ok()),
            existing: if flag(place, "replaced")? { Existing::Replaced } else { Existing::Kept },
        },
        None => SocketPlace::Port {
            host: place.get("host")?.as_str()?.into(),
            port: place.get("port")?.as_u64().and_then(|port| u16::try_from(port).ok())?,
            family: if flag(place, "v6")? { Family::V6 } else { Family::V4 },
            device: place.get("device")?.as_str().map(|device| bytes::encode(device).into()),
        },
    };
    let kind = value.get("kind")?.as_str()?;
    let spec = SocketSpec {
        name: SocketName::new(value.get("name")?.as_str()?),
        place,
        kind: KINDS.iter().find(|(_, word)| *word == kind)?.0,
        protocol: number("protocol")?,
        backlog: number("backlog")?,
        sharing: if flag(value, "own")? { Sharing::EachItsOwn } else { Sharing::Common },
        blocking: if flag(value, "waits")? { Blocking::Waits } else { Blocking::Never },
    };
    let descriptor = i32::try_from(value.get("descriptor")?.as_i64()?).ok()?;
    Some(Socket { spec: Arc::new(spec), descriptor })
}

/// What of Circus's words says where a socket is: `'PATH'` or `HOST:PORT`.
pub fn location(spec: &SocketSpec) -> String {
    match &spec.place {
        SocketPlace::Port { host, port, .. } => format!("{host}:{port}"),
        SocketPlace::File { path, .. } => crate::options::python::repr_text(&bytes::decode(path.as_bytes())),
    }
}

//! `[socket.NAME]`.

use std::sync::Arc;

use minder_core::ids::SocketName;
use minder_core::socket::{Blocking, Existing, Family, Sharing, SocketKind, SocketPlace, SocketSpec};

use super::program::path_bytes;
use super::{Lowering, Named, u32_of};

/// How many connections may wait where the file does not say: Circus's number.
const BACKLOG: u32 = 2048;

impl Lowering<'_> {
    pub(super) fn sockets(&mut self) -> Vec<Arc<SocketSpec>> {
        let named = std::mem::take(&mut self.sections.named);
        let of_sockets = named.iter().filter(|named| named.section == "socket");
        let sockets = of_sockets.filter_map(|named| self.socket(named)).map(Arc::new).collect();
        self.sections.named = named;
        sockets
    }

    fn socket(&mut self, named: &Named) -> Option<SocketSpec> {
        let table = &named.table;
        let place = match (self.path_of(table, "path"), table.text("port")) {
            (Some(path), None) => SocketPlace::File {
                path: path_bytes(&path),
                umask: table.whole("umask").map(u32_of),
                existing: match table.text("existing") {
                    Some("keep") => Existing::Kept,
                    _ => Existing::Replaced,
                },
            },
            (None, Some(text)) => {
                let split =
                    text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
                let Some((host, port)) = split else {
                    let hint = Some("write \"host:port\", such as \"127.0.0.1:8080\"".to_owned());
                    self.error(table.place("port"), "port", format!("found \"{text}\""), hint);
                    return None;
                };
                SocketPlace::Port {
                    host: host.into(),
                    port,
                    family: if table.text("family") == Some("v6") { Family::V6 } else { Family::V4 },
                    device: table.text("device").map(|device| device.as_bytes().into()),
                }
            }
            (path, _) => {
                let message = if path.is_some() { "has both a path and a port" } else { "is bound nowhere" };
                let hint = Some("write `port = \"127.0.0.1:8080\"` or `path = \"web.sock\"`".to_owned());
                self.error(named.at, &named.name, message, hint);
                return None;
            }
        };
        Some(SocketSpec {
            name: SocketName::new(named.name.as_str()),
            place,
            kind: match table.text("type") {
                Some("datagram") => SocketKind::Datagram,
                Some("raw") => SocketKind::Raw,
                Some("rdm") => SocketKind::ReliablyDelivered,
                Some("seqpacket") => SocketKind::SequencedPackets,
                _ => SocketKind::Stream,
            },
            protocol: table.whole("protocol").map_or(0, u32_of),
            backlog: table.whole("backlog").map_or(BACKLOG, u32_of),
            sharing: match table.text("sharing") {
                Some("each") => Sharing::EachItsOwn,
                _ => Sharing::Common,
            },
            blocking: match table.flag("blocking") {
                Some(false) => Blocking::Never,
                _ => Blocking::Waits,
            },
        })
    }
}

//! `[minder]` and `[limits]`.

use std::os::unix::ffi::OsStrExt as _;

use minder_core::plan::{Echo, JournalSpec};
use minder_core::program::{LogTarget, Rotation};

use super::{Lowering, u32_of};
use crate::native::table::Table;
use crate::native::{MinderSettings, ServerBounds};
use crate::source::Span;

/// Size in bytes at which minder's own log begins anew, and old ones that are kept.
const LOG: (u64, u32) = (10 << 20, 5);
/// The longest path that a socket can be bound to, in bytes.
const SOCKET_PATH_MAX: usize = 107;

impl Lowering<'_> {
    pub(super) fn minder(&mut self) -> MinderSettings {
        let none = Table::empty(nowhere(self));
        let table = self.sections.single.get("minder").unwrap_or(&none);
        let state = self.path_of(table, "state").unwrap_or_else(|| self.path(".minder"));
        let logs = self.path_of(table, "logs").unwrap_or_else(|| state.join("logs"));
        let log = self.path_of(table, "log").unwrap_or_else(|| logs.join("minder.log"));
        let limits = self.sections.single.get("limits").unwrap_or(&none);
        let size = table.size("log-size").unwrap_or(LOG.0);
        let socket = self.path_of(table, "socket").unwrap_or_else(|| state.join("minder.sock"));
        let settings = MinderSettings {
            journal: JournalSpec {
                log: LogTarget::File(log.as_os_str().as_bytes().into()),
                rotation: Rotation::AfterWrite {
                    max_bytes: Some(size).filter(|size| *size > 0),
                    backups: table.whole("log-backups").map_or(LOG.1, u32_of),
                },
                echo: Echo::Off,
                syslog: None,
            },
            log_level: table.text("log-level").unwrap_or("info").to_owned(),
            name: table.text("name").unwrap_or("minder").to_owned(),
            socket_mode: table.whole("socket-mode").map_or(0o700, u32_of),
            pidfile: self.path_of(table, "pidfile").unwrap_or_else(|| state.join("minder.pid")),
            bounds: ServerBounds::of(|bound| limits.bound(bound.name)),
            logs,
            state,
            socket,
        };
        if settings.socket.as_os_str().len() > SOCKET_PATH_MAX {
            let at = table.place("socket");
            let message = format!(
                "the path {} has more than {SOCKET_PATH_MAX} bytes, which no socket can have",
                settings.socket.display()
            );
            let hint = "set `socket` in [minder] to a shorter path".to_owned();
            self.error(at, "socket", message, Some(hint));
        }
        settings
    }
}

/// A place for what is nowhere: the beginning of the file.
fn nowhere(lowering: &Lowering<'_>) -> Span {
    let any = lowering.sections.single.values().next().map(|table| table.at);
    let file = any.or_else(|| lowering.sections.named.first().map(|named| named.at));
    file.map_or_else(Span::nowhere, |at| Span { start: 0, end: 0, ..at })
}

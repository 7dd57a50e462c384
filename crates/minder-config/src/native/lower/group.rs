//! `[group.NAME]`, and which programs are in it.

use std::sync::Arc;

use minder_core::ids::GroupName;
use minder_core::plan::{GroupSocket, GroupSpec, SocketAddress, Subscription};
use minder_core::program::ProgramSpec;
use minder_core::socket::SocketSpec;

use super::program::path_bytes;
use super::{Lowering, u32_of};
use crate::native::MinderSettings;
use crate::native::table::Table;

/// How many events wait for a free program where the file does not say: Supervisor's number.
const EVENTS_BACKLOG: u32 = 10;
/// How answers are judged; the only way there is.
const JUDGE: &str = "supervisor.dispatchers:default_handler";

impl Lowering<'_> {
    /// The groups in the order in which they start: by priority, and those of one priority as in the file.
    pub(super) fn groups(&mut self, minder: &MinderSettings, sockets: &[Arc<SocketSpec>]) -> Vec<GroupSpec> {
        let named = std::mem::take(&mut self.sections.named);
        let mut groups: Vec<GroupSpec> = Vec::new();
        for section in &named {
            match section.section {
                "group" => {
                    let at = place(&mut groups, &section.name);
                    self.settle(&mut groups[at], &section.table);
                }
                "program" => {
                    let group = section.table.text("group").unwrap_or(&section.name).to_owned();
                    let programs = self.copies(section, &group, minder, sockets);
                    let at = place(&mut groups, &group);
                    groups[at].programs.extend(programs);
                }
                _ => {}
            }
        }
        self.sections.named = named;
        groups.sort_by_key(|group| group.priority);
        groups
    }

    fn copies(
        &mut self,
        section: &super::Named,
        group: &str,
        minder: &MinderSettings,
        sockets: &[Arc<SocketSpec>],
    ) -> Vec<Arc<ProgramSpec>> {
        let name = section.table.text("name").unwrap_or(&section.name);
        let names: Vec<String> = match section.table.whole("copies") {
            None => vec![name.to_owned()],
            Some(copies) => (1..=copies).map(|number| format!("{name}-{number}")).collect(),
        };
        let mut programs = Vec::with_capacity(names.len());
        for name in names {
            let log = if name == group { name.clone() } else { format!("{group}-{name}") };
            let log = log.replace('/', "_");
            let Some(program) = self.program(&section.table, &name, &log, minder, sockets) else { break };
            programs.push(Arc::new(program));
        }
        programs
    }

    fn settle(&mut self, group: &mut GroupSpec, table: &Table) {
        group.priority = table.whole("priority").unwrap_or(0);
        if let Some(events) = table.words("events") {
            group.subscription = Some(Subscription {
                topics: events.iter().map(|event| event.as_str().into()).collect(),
                backlog: table.whole("events-backlog").map_or(EVENTS_BACKLOG, u32_of),
                judge: table.text("events-judge").unwrap_or(JUDGE).into(),
            });
        }
        let backlog = table.whole("socket-backlog").map(u32_of);
        let address = match (self.path_of(table, "socket-path"), table.text("socket-port")) {
            (Some(_), Some(_)) => {
                self.error(table.place("socket-port"), "socket-port", "there is a `socket-path` too", None);
                None
            }
            (Some(path), None) => Some(SocketAddress::Unix {
                path: path_bytes(&path),
                mode: table.whole("socket-mode").map_or(0o700, u32_of),
                owner: match table.numbers("socket-owner") {
                    Some([uid, gid]) => Some((u32_of(*uid), u32_of(*gid))),
                    Some(_) => {
                        let hint = Some("write `[UID, GID]`".to_owned());
                        self.error(
                            table.place("socket-owner"),
                            "socket-owner",
                            "these are two numbers",
                            hint,
                        );
                        None
                    }
                    None => None,
                },
            }),
            (None, Some(text)) => self.port(table, text),
            (None, None) => None,
        };
        group.socket = address.map(|address| GroupSocket { address, backlog });
    }

    fn port(&mut self, table: &Table, text: &str) -> Option<SocketAddress> {
        let split = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        match split.filter(|(_, port)| *port > 0) {
            Some((host, port)) => Some(SocketAddress::Tcp { host: host.into(), port }),
            None => {
                let hint = Some("write \"host:port\", such as \":9000\"".to_owned());
                self.error(table.place("socket-port"), "socket-port", format!("found \"{text}\""), hint);
                None
            }
        }
    }
}

/// Where the group of this name is; it is begun if it is not there.
fn place(groups: &mut Vec<GroupSpec>, name: &str) -> usize {
    if let Some(at) = groups.iter().position(|group| group.name.as_str() == name) {
        return at;
    }
    groups.push(GroupSpec {
        name: GroupName::new(name),
        priority: 0,
        programs: Vec::new(),
        subscription: None,
        socket: None,
    });
    groups.len() - 1
}

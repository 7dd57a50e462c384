//! A plan as a `minder.toml`: what is as it would be without being said is left out.

mod output;
mod program;
mod toml_text;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use minder_core::plan::{GroupSpec, Plan, SocketAddress};
use minder_core::socket::{Blocking, Existing, Family, Sharing, SocketKind, SocketPlace, SocketSpec};

use program::ProgramContext;
use toml_text::{Entry, entries, key, quoted, texts};

/// Something that cannot be said in a `minder.toml`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsaid {
    /// Of which program, group or socket.
    pub subject: String,
    /// What, and why.
    pub what: String,
}

/// What a file is written from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What should run.
    pub plan: &'a Plan,
    /// The sockets that programs inherit.
    pub sockets: &'a [Arc<SocketSpec>],
    /// The `PATH` by which programs are looked for that say nothing else.
    pub path: &'a str,
    /// Where relative paths of the plan are meant: a file has its own directory for that, so they are written whole.
    pub directory: &'a Path,
}

/// The text of the file, and what it does not say.
#[must_use]
pub fn write(source: &Source<'_>) -> (String, Vec<Unsaid>) {
    let mut text = String::new();
    let mut unsaid = Vec::new();
    for socket in source.sockets {
        write_socket(socket, &mut text, &mut unsaid);
    }
    let mut taken: Vec<String> = Vec::new();
    for group in source.plan.groups() {
        write_group(group, source, &mut taken, &mut text, &mut unsaid);
    }
    (text.trim_start().to_owned(), unsaid)
}

fn write_group(
    group: &GroupSpec,
    source: &Source<'_>,
    taken: &mut Vec<String>,
    text: &mut String,
    unsaid: &mut Vec<Unsaid>,
) {
    let alone = match group.programs.as_slice() {
        [program] => program.name.as_str() == group.name.as_str(),
        _ => false,
    };
    let entries = group_entries(group, unsaid);
    if !alone || !entries.is_empty() {
        let _ = write!(text, "\n[group.{}]\n{}", key(group.name.as_str()), self::entries(&entries));
    }
    for program in &group.programs {
        let name = program.name.as_str();
        let section = if alone { name.to_owned() } else { format!("{}:{name}", group.name) };
        if taken.contains(&section) {
            unsaid.push(Unsaid { subject: section, what: "another program has the same section".to_owned() });
            continue;
        }
        taken.push(section.clone());
        let context = ProgramContext {
            group: group.name.as_str(),
            section: &section,
            path: source.path,
            directory: source.directory,
        };
        program::write(program, &context, text, unsaid);
    }
}

fn group_entries(group: &GroupSpec, unsaid: &mut Vec<Unsaid>) -> Vec<Entry> {
    let mut entries = Vec::new();
    if group.priority != 0 {
        entries.push(Entry::new("priority", group.priority.to_string()));
    }
    if let Some(subscription) = &group.subscription {
        entries.push(Entry::new("events", texts(subscription.topics.iter().map(AsRef::as_ref))));
        entries.push(Entry::new("events-backlog", subscription.backlog.to_string()));
        entries.push(Entry::new("events-judge", quoted(&subscription.judge)));
    }
    let Some(socket) = &group.socket else { return entries };
    match &socket.address {
        SocketAddress::Unix { path, mode, owner } => {
            match std::str::from_utf8(path.as_bytes()) {
                Ok(path) => entries.push(Entry::new("socket-path", quoted(path))),
                Err(_) => unsaid.push(not_text(group.name.as_str(), "socket-path")),
            }
            entries.push(Entry::new("socket-mode", format!("\"{mode:04o}\"")));
            if let Some((uid, gid)) = owner {
                entries.push(Entry::new("socket-owner", format!("[{uid}, {gid}]")));
            }
        }
        SocketAddress::Tcp { host, port } => {
            entries.push(Entry::new("socket-port", quoted(&format!("{host}:{port}"))));
        }
    }
    if let Some(backlog) = socket.backlog {
        entries.push(Entry::new("socket-backlog", backlog.to_string()));
    }
    entries
}

fn write_socket(socket: &SocketSpec, text: &mut String, unsaid: &mut Vec<Unsaid>) {
    let name = socket.name.as_str();
    let mut entries = Vec::new();
    match &socket.place {
        SocketPlace::Port { host, port, family, device } => {
            entries.push(Entry::new("port", quoted(&format!("{host}:{port}"))));
            if *family == Family::V6 {
                entries.push(Entry::new("family", quoted("v6")));
            }
            match device.as_ref().map(|device| std::str::from_utf8(device.as_bytes())) {
                Some(Ok(device)) => entries.push(Entry::new("device", quoted(device))),
                Some(Err(_)) => unsaid.push(not_text(name, "device")),
                None => {}
            }
        }
        SocketPlace::File { path, umask, existing } => {
            match std::str::from_utf8(path.as_bytes()) {
                Ok(path) => entries.push(Entry::new("path", quoted(path))),
                Err(_) => unsaid.push(not_text(name, "path")),
            }
            if let Some(umask) = umask {
                entries.push(Entry::new("umask", format!("\"{umask:03o}\"")));
            }
            if *existing == Existing::Kept {
                entries.push(Entry::new("existing", quoted("keep")));
            }
        }
    }
    let kind = match socket.kind {
        SocketKind::Stream => None,
        SocketKind::Datagram => Some("datagram"),
        SocketKind::Raw => Some("raw"),
        SocketKind::ReliablyDelivered => Some("rdm"),
        SocketKind::SequencedPackets => Some("seqpacket"),
    };
    entries.extend(kind.map(|kind| Entry::new("type", quoted(kind))));
    if socket.protocol != 0 {
        entries.push(Entry::new("protocol", socket.protocol.to_string()));
    }
    entries.push(Entry::new("backlog", socket.backlog.to_string()));
    if socket.sharing == Sharing::EachItsOwn {
        entries.push(Entry::new("sharing", quoted("each")));
    }
    if socket.blocking == Blocking::Never {
        entries.push(Entry::new("blocking", "false".to_owned()));
    }
    let _ = write!(text, "\n[socket.{}]\n{}", key(name), self::entries(&entries));
}

fn not_text(subject: &str, what: &str) -> Unsaid {
    Unsaid { subject: subject.to_owned(), what: format!("`{what}` is not UTF-8, which TOML is written in") }
}

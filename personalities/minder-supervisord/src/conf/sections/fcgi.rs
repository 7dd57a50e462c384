//! `[fcgi-program:…]`: processes that share a listening socket.

use super::program::{name_of_section, processes};
use crate::conf::machine::User;
use crate::conf::names::Names;
use crate::conf::paths::normalized;
use crate::conf::reader::Reader;
use crate::conf::settings::{FcgiListen, FcgiSocket, GroupKind, GroupSection};
use crate::conf::types::{self, FcgiAddress, Owner};
use minder_config::Problem;

/// Mode of a socket file unless the section says otherwise: only its owner may connect.
const MODE: i64 = 0o700;

/// Reads one section; `None` if it names no usable socket.
pub(super) fn read(reader: &mut Reader<'_>, section: &str, names: &Names) -> Option<GroupSection> {
    let name = name_of_section(reader, section);
    let machine = reader.machine;
    let mut view = reader.view(section, names);
    let priority = view.integer("priority", 999);
    let looked = view.look("user", None);
    let user = view.convert(looked, |text| types::user(text, machine));
    let backlog = backlog(reader, section, names);
    let mut view = reader.view(section, names);
    let looked = view.look("socket_owner", None);
    let owner = view.convert(looked, |text| {
        types::owner(text, machine)
            .map_err(|error| error.saying(format!("Invalid socket_owner value {text}")))
    });
    let looked = view.look("socket_mode", None);
    let mode = view.convert(looked, |text| {
        types::octal(text).map_err(|error| error.saying(format!("Invalid socket_mode value {text}")))
    });
    let address = listen(reader, section, &name, Wishes { user: user.as_ref(), owner, mode });
    let processes = processes(reader, section, &name);
    let kind = GroupKind::FastCgi(FcgiSocket { address: address?, backlog });
    Some(GroupSection { name, priority, kind, processes })
}

fn backlog(reader: &mut Reader<'_>, section: &str, names: &Names) -> Option<i64> {
    let mut view = reader.view(section, names);
    let looked = view.look("socket_backlog", None);
    let backlog = view.convert(looked, types::integer)?;
    if (1..=65535).contains(&backlog) {
        return Some(backlog);
    }
    let at = reader.written(section, "socket_backlog").map(|(_, at)| at);
    let problem =
        Problem::error("").with_subject("socket_backlog").with_clash(backlog.to_string(), "1 to 65535");
    reader.fault(format!("Invalid socket_backlog value {backlog}"), problem.with_place(at));
    None
}

/// What the section says about the socket beside its address.
#[derive(Clone, Copy)]
struct Wishes<'a> {
    user: Option<&'a User>,
    owner: Option<Owner>,
    mode: Option<i64>,
}

fn listen(reader: &mut Reader<'_>, section: &str, program: &str, wishes: Wishes<'_>) -> Option<FcgiListen> {
    let machine = reader.machine;
    let mut names = Names::new();
    names.set("program_name", program);
    names.set("here", reader.here.as_str());
    let looked = reader.look(section, "socket", Some(""), &names);
    let found = looked.found()?;
    if found.value.is_empty() {
        let at = found.at.or_else(|| reader.section_at(section));
        let hint = "write `socket = unix:///run/%(program_name)s.sock`".to_owned();
        let problem =
            Problem::error("no `socket`").with_subject(section).with_place(at).with_hint(Some(hint));
        reader.fault(format!("[{section}] section requires a \"socket\" line"), problem);
        return None;
    }
    let is_file = found.value.starts_with("unix://");
    if !is_file && (wishes.owner.is_some() || wishes.mode.is_some()) {
        let problem = Problem::error("only a socket file has an owner and a mode").with_subject("socket");
        let text = format!(
            "socket_owner and socket_mode params should only be used with a Unix domain socket in [{section}] socket"
        );
        reader.fault(text, problem.with_place(found.at));
        return None;
    }
    match types::fcgi_address(&found.value) {
        Ok(FcgiAddress::Unix(path)) => {
            let theirs = wishes.user.filter(|user| user.uid != machine.user_id());
            let owner = wishes
                .owner
                .or_else(|| theirs.map(|user| Owner { uid: Some(user.uid), gid: Some(user.gid) }));
            let mode = wishes.mode.unwrap_or(MODE);
            Some(FcgiListen::Unix { path: normalized(&path, machine), owner, mode })
        }
        Ok(FcgiAddress::Tcp(host, port)) => Some(FcgiListen::Tcp { host, port }),
        Err(error) => {
            let text = format!("{error} in [{section}] socket");
            reader.mistyped(&found, &error.saying(text));
            None
        }
    }
}

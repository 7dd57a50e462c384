//! `[inet_http_server]` and `[unix_http_server]`: where clients connect. Every section whose name starts so is a server.

use crate::conf::names::Names;
use crate::conf::paths::normalized;
use crate::conf::python::strip;
use crate::conf::reader::{Looked, Reader, View};
use crate::conf::settings::{Access, InetServer, UnixServer};
use crate::conf::types::{self, Owner};
use minder_config::Problem;

/// Reads the servers on ports.
pub(in crate::conf) fn inet(reader: &mut Reader<'_>) -> Vec<InetServer> {
    let sections = reader.sections("inet_http_server");
    sections.iter().filter_map(|section| one_inet(reader, section)).collect()
}

fn one_inet(reader: &mut Reader<'_>, section: &str) -> Option<InetServer> {
    let names = Names::new();
    let mut view = reader.view(section, &names);
    let access = access(&mut view);
    let looked = view.look("port", None);
    if matches!(looked, Looked::Absent) {
        missing(reader, section, "port", "port = 127.0.0.1:9001");
        return None;
    }
    let (host, port) = view.convert(looked, types::inet_address)?;
    Some(InetServer { access, host, port })
}

/// Reads the servers on socket files.
pub(in crate::conf) fn unix(reader: &mut Reader<'_>) -> Vec<UnixServer> {
    let sections = reader.sections("unix_http_server");
    sections.iter().filter_map(|section| one_unix(reader, section)).collect()
}

fn one_unix(reader: &mut Reader<'_>, section: &str) -> Option<UnixServer> {
    let machine = reader.machine;
    let names = Names::new();
    let mut with_here = Names::new();
    with_here.set("here", reader.here.as_str());
    let looked = reader.look(section, "file", None, &with_here);
    if matches!(looked, Looked::Absent) {
        missing(reader, section, "file", "file = /run/supervisor.sock");
    }
    let file = looked.found().map(|found| normalized(strip(&found.value), machine));
    let mut view = reader.view(section, &names);
    let access = access(&mut view);
    let looked = view.look("chown", None);
    let owner = view.convert(looked, |text| {
        types::owner(text, machine).map_err(|error| error.saying(format!("Invalid sockchown value {text}")))
    });
    let looked = view.look("chmod", None);
    let mode = view.convert(looked, |text| {
        types::octal(text).map_err(|error| error.saying(format!("Invalid chmod value {text}")))
    });
    let owner = owner.unwrap_or(Owner { uid: None, gid: None });
    Some(UnixServer { access, file: file?, owner, mode: mode.unwrap_or(0o700) })
}

fn missing(reader: &mut Reader<'_>, section: &str, key: &str, example: &str) {
    let at = reader.section_at(section);
    let hint = format!("write `{example}`, or remove the section");
    let problem =
        Problem::error(format!("no `{key}`")).with_subject(section).with_place(at).with_hint(Some(hint));
    reader.fault(format!("section [{section}] has no {key} value"), problem);
}

fn access(view: &mut View<'_, '_>) -> Access {
    let username = view.look("username", None);
    let password = view.look("password", None);
    let missing = match (&username, &password) {
        (Looked::Absent, Looked::Found(other)) => Some(("username", other.at)),
        (Looked::Found(other), Looked::Absent) => Some(("password", other.at)),
        _ => None,
    };
    let section = view.section;
    if let Some((missing, at)) = missing {
        let text = format!(
            "Section [{section}] contains incomplete authentication: If a username or a password is specified, both the \
             username and password must be specified"
        );
        let message = format!("a login needs both a username and a password, and there is no `{missing}`");
        view.reader.fault(text, Problem::error(message).with_subject(section).with_place(at));
    }
    Access {
        section: section.to_owned(),
        name: section.split_once(':').map(|(_, name)| name.to_owned()),
        username: username.found().map(|found| found.value),
        password: password.found().map(|found| found.value),
    }
}

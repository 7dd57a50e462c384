//! `[group:…]`, and the order in which all groups are read: the written groups first, then the programs that are in none of
//! them, the event listeners, and the FastCGI programs that are in none.

use super::program::{name_of_section, processes};
use super::{eventlistener, fcgi};
use crate::conf::names::Names;
use crate::conf::reader::Reader;
use crate::conf::settings::{GroupKind, GroupSection};
use crate::conf::types;
use minder_config::Problem;
use std::collections::HashSet;

/// Reads all groups, sorted as they start.
pub(in crate::conf) fn read_all(reader: &mut Reader<'_>) -> Vec<GroupSection> {
    let mut names = Names::new();
    names.set("here", reader.here.as_str());
    let mut grouped = HashSet::new();
    let mut groups = Vec::new();
    for section in reader.sections("group:") {
        groups.push(written(reader, &section, &names, &mut grouped));
    }
    for section in reader.sections("program:") {
        if !grouped.contains(&section) {
            groups.push(alone(reader, &section, &names));
        }
    }
    for section in reader.sections("eventlistener:") {
        groups.push(eventlistener::read(reader, &section, &names));
    }
    for section in reader.sections("fcgi-program:") {
        if !grouped.contains(&section) {
            groups.extend(fcgi::read(reader, &section, &names));
        }
    }
    groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    groups
}

/// A program that is in no group has one of its own name.
fn alone(reader: &mut Reader<'_>, section: &str, names: &Names) -> GroupSection {
    let name = name_of_section(reader, section);
    let priority = reader.view(section, names).integer("priority", 999);
    let processes = processes(reader, section, &name);
    GroupSection { name, priority, kind: GroupKind::Programs, processes }
}

fn written(
    reader: &mut Reader<'_>,
    section: &str,
    names: &Names,
    grouped: &mut HashSet<String>,
) -> GroupSection {
    let name = name_of_section(reader, section);
    let mut view = reader.view(section, names);
    let programs = view.text("programs").unwrap_or_default();
    let priority = view.integer("priority", 999);
    let mut members = Vec::new();
    // Behind its first member, the original blames the member before for one that is unknown.
    let mut blamed = section.to_owned();
    for program in types::strings(&programs) {
        if let Some(member) = member(reader, section, &blamed, &program) {
            // A FastCGI program in a group is an ordinary one, without a shared socket: the original's habit.
            members.extend(processes(reader, &member, &name));
            blamed.clone_from(&member);
            grouped.insert(member);
        }
    }
    GroupSection { name, priority, kind: GroupKind::Programs, processes: members }
}

/// The section of a program that a group names. `blamed` is the section that the original puts into its message.
fn member(reader: &mut Reader<'_>, section: &str, blamed: &str, program: &str) -> Option<String> {
    let known: Vec<String> = [format!("program:{program}"), format!("fcgi-program:{program}")]
        .into_iter()
        .filter(|name| reader.tree.section(name).is_some())
        .collect();
    let at = reader.written(section, "programs").map(|(_, at)| at);
    match known.as_slice() {
        [one] => Some(one.clone()),
        [] => {
            let programs: Vec<String> =
                ["program:", "fcgi-program:"].iter().flat_map(|prefix| reader.sections(prefix)).collect();
            let names = programs.iter().filter_map(|name| name.split_once(':')).map(|(_, name)| name);
            let hint =
                minder_config::nearest::nearest(program, names).map(|name| format!("did you mean `{name}`?"));
            let problem = Problem::error(format!("there is no program `{program}`")).with_subject(section);
            let text = format!("[{blamed}] names unknown program or fcgi-program {program}");
            reader.fault(text, problem.with_place(at).with_hint(hint));
            None
        }
        _ => {
            let problem = Problem::error(format!("`{program}` is both a program and an fcgi-program"));
            let problem = problem.with_subject(section).with_place(at);
            let text = format!("[{blamed}] name {program} is ambiguous (exists as program and fcgi-program)");
            reader.fault(text, problem.with_hint(Some("give one of them another name".to_owned())));
            None
        }
    }
}

//! `[eventlistener:…]`: a pool of processes that are told what happens.

use super::program::processes;
use super::rpcinterface::names_object;
use crate::conf::names::Names;
use crate::conf::reader::{Default, Reader};
use crate::conf::settings::{GroupKind, GroupSection, ListenerPool};
use crate::conf::types;
use crate::conf::vocabulary::EVENTS;
use minder_config::Problem;

const HANDLER: (&str, &str) = ("supervisor.dispatchers", "default_handler");

/// Reads one section. Unless told otherwise, listeners start before everything else and stop behind it.
pub(super) fn read(reader: &mut Reader<'_>, section: &str, names: &Names) -> GroupSection {
    let name = section.split_once(':').map_or(section, |(_, name)| name).to_owned();
    let priority = reader.view(section, names).integer("priority", -1);
    let buffer_size = buffer_size(reader, section, names);
    handler(reader, section, names);
    let events = events(reader, section, names);
    if reader.view(section, names).flag("redirect_stderr", Default::Off) {
        let at = reader.written(section, "redirect_stderr").map(|(_, at)| at);
        let problem = Problem::error(
            "what a listener says on standard output is read as answers, so nothing may be mixed in",
        );
        let text = format!(
            "[{section}] section sets redirect_stderr=true but this is not allowed because it will interfere with the \
             eventlistener protocol"
        );
        let hint = "remove the line".to_owned();
        reader.fault(text, problem.with_subject("redirect_stderr").with_place(at).with_hint(Some(hint)));
    }
    let processes = processes(reader, section, &name);
    GroupSection {
        name,
        priority,
        kind: GroupKind::Listeners(ListenerPool { buffer_size, events }),
        processes,
    }
}

fn buffer_size(reader: &mut Reader<'_>, section: &str, names: &Names) -> i64 {
    let size = reader.view(section, names).integer("buffer_size", 10);
    if size >= 1 {
        return size;
    }
    let at = reader.written(section, "buffer_size").map(|(_, at)| at);
    let problem = Problem::error("").with_subject("buffer_size").with_clash(size.to_string(), "at least 1");
    reader.fault(format!("[{section}] section sets invalid buffer_size ({size})"), problem.with_place(at));
    10
}

fn handler(reader: &mut Reader<'_>, section: &str, names: &Names) {
    let looked = reader.view(section, names).look("result_handler", None);
    let Some(found) = looked.found() else { return };
    if names_object(&found.value, HANDLER) {
        return;
    }
    let hint =
        format!("only `{}:{}` is built in; Python code of others cannot be loaded", HANDLER.0, HANDLER.1);
    let problem = Problem::error("")
        .with_subject("result_handler")
        .with_clash(&*found.value, "a handler that is built in");
    let text = format!("{} cannot be resolved within [{section}]", found.value);
    reader.fault(text, problem.with_place(found.at).with_hint(Some(hint)));
}

fn events(reader: &mut Reader<'_>, section: &str, names: &Names) -> Vec<String> {
    let looked = reader.view(section, names).look("events", Some(""));
    let Some(found) = looked.found() else { return Vec::new() };
    let mut events: Vec<String> = Vec::new();
    for event in types::strings(&found.value) {
        let event = event.to_uppercase();
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() {
        let at = found.at.or_else(|| reader.section_at(section));
        let problem = Problem::error("no `events`").with_subject(section).with_place(at);
        let hint = "write `events = PROCESS_STATE`, or other types, separated by commas".to_owned();
        let text = format!("[{section}] section requires an \"events\" line");
        reader.fault(text, problem.with_hint(Some(hint)));
    }
    for event in &events {
        if !EVENTS.contains(&event.as_str()) {
            let meant = minder_config::nearest::nearest(event, EVENTS.iter().copied());
            let problem = Problem::error(format!("there is no event type `{event}`")).with_subject("events");
            let hint = meant.map(|meant| format!("did you mean `{meant}`?"));
            let text = format!("Unknown event type {event} in [{section}] events");
            reader.fault(text, problem.with_place(found.at).with_hint(hint));
        }
    }
    events
}

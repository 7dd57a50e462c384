//! `[rpcinterface:…]`: what answers under a namespace of the RPC.

use crate::conf::names::Names;
use crate::conf::python::{is_space, strip};
use crate::conf::reader::Reader;
use crate::conf::settings::{Factory, RpcInterface};
use minder_config::Problem;

const PREFIX: &str = "rpcinterface:";
const KEY: &str = "supervisor.rpcinterface_factory";
const MAIN: (&str, &str) = ("supervisor.rpcinterface", "make_main_rpcinterface");

/// Reads all sections of the kind.
pub(in crate::conf) fn read(reader: &mut Reader<'_>) -> Vec<RpcInterface> {
    let sections = reader.sections(PREFIX);
    sections.iter().filter_map(|section| one(reader, section)).collect()
}

fn one(reader: &mut Reader<'_>, section: &str) -> Option<RpcInterface> {
    let names = Names::new();
    let at = reader.section_at(section);
    let mut view = reader.view(section, &names);
    let looked = view.look(KEY, None);
    if matches!(looked, crate::conf::reader::Looked::Absent) {
        let hint = format!("write `{KEY} = {}:{}`", MAIN.0, MAIN.1);
        let problem =
            Problem::error(format!("no `{KEY}`")).with_subject(section).with_place(at).with_hint(Some(hint));
        reader.fault(format!("section [{section}] does not specify a {KEY}"), problem);
        return None;
    }
    let found = looked.found()?;
    if !names_object(&found.value, MAIN) {
        let hint =
            format!("only `{}:{}` is built in; Python code of others cannot be loaded", MAIN.0, MAIN.1);
        let problem =
            Problem::error("").with_subject(KEY).with_clash(&*found.value, "an interface that is built in");
        let text = format!("{} cannot be resolved within [{section}]", found.value);
        reader.fault(text, problem.with_place(found.at).with_hint(Some(hint)));
        return None;
    }
    let keys = reader.tree.keys(section);
    let mut view = reader.view(section, &names);
    let options: Vec<(String, String)> = keys
        .into_iter()
        .filter(|key| key != KEY)
        .filter_map(|key| {
            let value = view.text(&key)?;
            Some((key, value))
        })
        .collect();
    for (key, _) in &options {
        let entry = reader.tree.get(section, key);
        let message = format!("the interface of [{section}] takes no options, so no server can be started");
        let problem = Problem::error(message).with_subject(key).with_place(entry.map(|entry| entry.key_at));
        reader.remark(problem.with_hint(Some("remove the line".to_owned())));
    }
    Some(RpcInterface { name: section[PREFIX.len()..].to_owned(), factory: Factory::Main, options })
}

/// Whether a `module:object [extras]` names this object. Space is allowed where Python's entry points allow it.
pub(super) fn names_object(spec: &str, (module, object): (&str, &str)) -> bool {
    let Some((before, behind)) = spec.split_once(':') else { return false };
    let behind = strip(behind);
    let behind = match behind.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((object, _)) => object.trim_end_matches(is_space),
        None => behind,
    };
    before.trim_end_matches(is_space) == module && behind == object
}

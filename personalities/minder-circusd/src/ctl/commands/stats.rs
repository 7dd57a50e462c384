//! `stats`: what processes need.

use super::{
    Arguments, Command, Fields, Switch, Takes, Talk, Value, child_lines, failure, field, fields, is_ok,
    members, process_line, python, shown_field,
};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "stats",
    summary: "Show what processes need",
    usage: "[--extended] [NAME [PID]]",
    about: "The columns: pid, command, user, niceness, memory held and addressed, percent of a CPU, percent of memory,\n\
            time on a CPU.",
    switches: &[Switch {
        name: "extended",
        takes: Takes::Nothing,
        help: "with what the hook extended_stats adds",
    }],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(..=2, "message invalid")?;
    let mut properties = Fields::new();
    if let Some(name) = words.first() {
        properties.insert("name".to_owned(), name.as_str().into());
    }
    if let Some(pid) = words.get(1) {
        properties.insert("process".to_owned(), python::int(pid, 10)?.into());
    }
    properties.extend(fields([("extended", arguments.switch("extended"))]));
    Ok(properties)
}

fn shown(reply: &Fields) -> Result<String, Exception> {
    if !is_ok(reply) {
        return Ok(failure(reply));
    }
    let mut lines = Vec::new();
    if reply.contains_key("name") {
        lines.push(format!("{}:", shown_field(reply, "name")));
        push_processes(members(reply, "info"), &mut lines)?;
    } else if reply.contains_key("infos") {
        for (name, processes) in members(reply, "infos") {
            lines.push(format!("{name}:"));
            push_processes(processes.as_object().into_iter().flatten(), &mut lines)?;
        }
    } else {
        // The empty line is the original's.
        return Ok(format!(
            "{}: {}\n",
            python::text(field(reply, "process")?),
            process(field(reply, "info")?)?
        ));
    }
    Ok(lines.join("\n"))
}

fn push_processes<'a>(
    processes: impl Iterator<Item = (&'a String, &'a Value)>,
    lines: &mut Vec<String>,
) -> Result<(), Exception> {
    for (pid, info) in processes {
        lines.push(format!("{pid}: {}", process(info)?));
    }
    Ok(())
}

/// A process with its children; or the text that says why there is nothing to say.
fn process(info: &Value) -> Result<String, Exception> {
    let Value::Object(info) = info else { return Ok(python::text(info)) };
    let mut lines = vec![process_line(info)?];
    lines.extend(child_lines(info)?.iter().map(|child| format!("   {child}")));
    Ok(lines.join("\n"))
}

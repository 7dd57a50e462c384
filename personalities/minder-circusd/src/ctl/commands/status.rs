//! `status`: whether watchers run.

use super::{Arguments, Command, Fields, Talk, Value, failure, python, shown_field};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "status",
    summary: "Show whether a watcher runs, or all of them",
    usage: "[NAME]",
    about: "A watcher is starting, active, stopping or stopped.",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    arguments.counted(..=1, "message invalid")?;
    Ok(arguments.named_with_switches())
}

/// Of a failure the original shows only the word `error`.
fn shown(reply: &Fields) -> Result<String, Exception> {
    if let Some(Value::Object(statuses)) = reply.get("statuses") {
        let sorted: std::collections::BTreeMap<_, _> = statuses.iter().collect();
        let lines: Vec<String> =
            sorted.iter().map(|(name, status)| format!("{name}: {}", python::text(status))).collect();
        return Ok(lines.join("\n"));
    }
    Ok(if reply.contains_key("status") { shown_field(reply, "status") } else { failure(reply) })
}

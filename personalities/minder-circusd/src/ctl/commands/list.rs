//! `list`: watchers, or the processes of one.

use super::{Arguments, Command, Fields, INVALID_COUNT, Talk, Value, failure, python};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "list",
    summary: "List the watchers, or the processes of one",
    usage: "[NAME]",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    arguments.counted(..=1, INVALID_COUNT)?;
    Ok(arguments.named_with_switches())
}

fn shown(reply: &Fields) -> Result<String, Exception> {
    if let Some(Value::Array(items)) = reply.get("pids").or_else(|| reply.get("watchers")) {
        return Ok(items.iter().map(python::text).collect::<Vec<_>>().join(","));
    }
    if !reply.contains_key("reason") {
        return Ok("error: Response doesn't contain 'pids' nor 'watchers'.".to_owned());
    }
    Ok(failure(reply))
}

//! `dstats`: what circusd itself needs.

use super::{Arguments, Command, Fields, Talk, Value, child_lines, failure, field, is_ok, process_line};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "dstats",
    summary: "Show what circusd itself needs",
    usage: "",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

pub(super) fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    arguments.counted(..=0, "Invalid message")?;
    Ok(Fields::new())
}

fn shown(reply: &Fields) -> Result<String, Exception> {
    if !is_ok(reply) {
        return Ok(failure(reply));
    }
    let Value::Object(info) = field(reply, "info")? else {
        return Err(Exception::of_type("info is no object"));
    };
    let mut lines = vec!["Main Process:".to_owned(), format!("    {}", process_line(info)?)];
    let children = child_lines(info)?;
    if !children.is_empty() {
        lines.push("Children:".to_owned());
        lines.extend(children.iter().map(|child| format!("    {child}")));
    }
    Ok(lines.join("\n"))
}

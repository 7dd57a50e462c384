//! `get`: some options of a watcher.

use super::{Arguments, Command, Fields, INVALID_COUNT, Talk, failure, fields, is_ok, option_lines};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "get",
    summary: "Show some options of a watcher",
    usage: "NAME KEY...",
    about: "The keys are those that `options` shows. If one is not known, none is shown.",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(2.., INVALID_COUNT)?;
    Ok(fields([("name", words[0].as_str().into()), ("keys", words[1..].into())]))
}

pub(super) fn shown(reply: &Fields) -> Result<String, Exception> {
    Ok(if is_ok(reply) { option_lines(reply) } else { failure(reply) })
}

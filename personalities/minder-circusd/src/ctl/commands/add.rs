//! `add`: a new watcher.

use super::{Arguments, Command, Fields, INVALID_COUNT, Switch, Takes, Talk, fields, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "add",
    summary: "Make a new watcher",
    usage: "[--start] NAME COMMAND...",
    about: "The words of COMMAND are put together with blanks. Without --start the watcher is there, and stopped.",
    switches: &[Switch { name: "start", takes: Takes::Nothing, help: "start it at once" }],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(2.., INVALID_COUNT)?;
    Ok(fields([
        ("name", words[0].as_str().into()),
        ("cmd", words[1..].join(" ").into()),
        ("start", arguments.switch("start")),
    ]))
}

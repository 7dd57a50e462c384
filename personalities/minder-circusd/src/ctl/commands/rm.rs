//! `rm`: no more watcher.

use super::{Arguments, Command, Fields, INVALID_COUNT, Switch, Takes, Talk, WAITING, fields, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "rm",
    summary: "Stop a watcher and forget it",
    usage: "[--waiting] [--nostop] NAME",
    about: "",
    switches: &[
        WAITING,
        Switch { name: "nostop", takes: Takes::Nothing, help: "leave its processes running" },
    ],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

/// The switches are accepted and not sent, as in the original.
fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(1..=1, INVALID_COUNT)?;
    Ok(fields([("name", words[0].as_str().into())]))
}

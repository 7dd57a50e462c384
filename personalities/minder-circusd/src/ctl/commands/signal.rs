//! `signal`: a signal to processes of a watcher.

use super::{Arguments, Command, Fields, INVALID_COUNT, Switch, Takes, Talk, fields, ok_or_failure, python};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "signal",
    summary: "Send a signal to processes of a watcher",
    usage: "[--children] [--recursive] NAME [PID] SIGNAL",
    about: "SIGNAL is a number or a name, with SIG or without, in any case. circusd lets it happen and does no more.",
    switches: &[
        Switch { name: "children", takes: Takes::Nothing, help: "only to the children of the processes" },
        Switch { name: "recursive", takes: Takes::Nothing, help: "to the processes and all below them" },
    ],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(2..=3, INVALID_COUNT)?;
    let signal = words.last().map_or("", String::as_str);
    let mut properties = fields([
        ("name", words[0].as_str().into()),
        ("children", arguments.switch("children")),
        ("recursive", arguments.switch("recursive")),
        ("signum", signal.into()),
    ]);
    if let [_, pid, _] = words {
        properties.insert("pid".to_owned(), python::int(pid, 10)?.into());
    }
    Ok(properties)
}

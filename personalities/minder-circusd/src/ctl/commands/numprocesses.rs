//! `numprocesses`: how many processes run.

use super::{Arguments, Command, Fields, Talk, failure, is_ok, shown_field};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "numprocesses",
    summary: "Count the processes of a watcher, or of all",
    usage: "[NAME]",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    arguments.counted(..=1, "message invalid")?;
    Ok(arguments.named_with_switches())
}

fn shown(reply: &Fields) -> Result<String, Exception> {
    Ok(if is_ok(reply) { shown_field(reply, "numprocesses") } else { failure(reply) })
}

//! `numwatchers`: how many watchers there are.

use super::{Arguments, Command, Fields, INVALID_COUNT, Talk, failure, is_ok, shown_field};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "numwatchers",
    summary: "Count the watchers",
    usage: "",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    arguments.counted(..=0, INVALID_COUNT)?;
    Ok(Fields::new())
}

fn shown(reply: &Fields) -> Result<String, Exception> {
    Ok(if is_ok(reply) { shown_field(reply, "numwatchers") } else { failure(reply) })
}

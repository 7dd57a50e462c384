//! `options`: all options of a watcher.

use super::{Arguments, Command, Fields, Talk, fields, get};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "options",
    summary: "Show all options of a watcher",
    usage: "NAME",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties, shown: get::shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(1.., "number of arguments invalid")?;
    Ok(fields([("name", words[0].as_str().into())]))
}

//! `incr`: more processes for a watcher.

use super::{
    Arguments, Command, Fields, INVALID_COUNT, Talk, WAITING, failure, fields, is_ok, python, shown_field,
};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "incr",
    summary: "Give a watcher more processes",
    usage: "[--waiting] NAME [COUNT]",
    about: "COUNT is 1 unless given. With --waiting the new number is printed.",
    switches: &[WAITING],
    talk: Talk::Ask { properties, shown },
};

pub(super) fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(1.., INVALID_COUNT)?;
    let mut properties = fields([("name", words[0].as_str().into())]);
    if let Some(count) = words.get(1) {
        properties.insert("nb".to_owned(), python::int(count, 10)?.into());
    }
    properties.extend(arguments.switches.clone());
    Ok(properties)
}

pub(super) fn shown(reply: &Fields) -> Result<String, Exception> {
    Ok(if !is_ok(reply) {
        failure(reply)
    } else if reply.contains_key("singleton") {
        "This watcher is a Singleton - not changing the number of processes".to_owned()
    } else if reply.contains_key("numprocesses") {
        shown_field(reply, "numprocesses")
    } else {
        "ok".to_owned()
    })
}

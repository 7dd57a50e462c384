//! `listsockets`: the sockets that circusd holds.

use super::{Arguments, Command, Fields, Talk, Value, failure, field, python};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "listsockets",
    summary: "List the sockets that circusd holds",
    usage: "",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

/// Words are not looked at, as in the original.
fn properties(_: &Arguments) -> Result<Fields, Exception> {
    Ok(Fields::new())
}

fn shown(reply: &Fields) -> Result<String, Exception> {
    match reply.get("sockets") {
        Some(Value::Array(sockets)) => {
            let lines = sockets.iter().filter_map(Value::as_object).map(line);
            Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        Some(_) | None => Ok(failure(reply)),
    }
}

fn line(socket: &Fields) -> Result<String, Exception> {
    let part = |key: &str| field(socket, key).map(python::text);
    let place = match socket.get("path") {
        Some(path) => python::text(path),
        None => format!("{}:{}", part("host")?, part("port")?),
    };
    Ok(format!("{}:socket '{}' at {place}", part("fd")?, part("name")?))
}

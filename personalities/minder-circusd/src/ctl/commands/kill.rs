//! `kill`: end processes of a watcher.

use super::{Arguments, Command, Fields, INVALID_COUNT, Switch, Takes, Talk, WAITING, fields, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "kill",
    summary: "End one process of a watcher, or all",
    usage: "[--signum SIGNAL] [--graceful_timeout SECONDS] NAME [PID]",
    about: "What does not end in time gets SIGKILL. circusd starts others in place of them.",
    switches: &[
        WAITING,
        Switch { name: "signum", takes: Takes::Text(None), help: "a signal in place of the watcher's own" },
        Switch {
            name: "graceful_timeout",
            takes: Takes::Text(None),
            help: "how many seconds it has, in place of the watcher's own",
        },
    ],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

/// `--waiting` is accepted and not sent, as in the original.
fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(1..=2, INVALID_COUNT)?;
    let mut properties = fields([("name", words[0].as_str().into())]);
    if let Some(pid) = words.get(1) {
        properties.insert("pid".to_owned(), pid.as_str().into());
    }
    for key in ["signum", "graceful_timeout"] {
        let value = arguments.switch(key);
        if !value.is_null() {
            properties.insert(key.to_owned(), value);
        }
    }
    Ok(properties)
}

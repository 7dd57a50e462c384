//! `reload`: new processes in place of the old.

use super::{Arguments, Command, Fields, Switch, Takes, Talk, WAITING, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "reload",
    summary: "Replace the processes of a watcher, or of all, without a gap",
    usage: "[--waiting] [--sequential] [--terminate] [NAME]",
    about: "New processes are started before the old are stopped, or a watcher with `send_hup` gets SIGHUP.\n\
            --terminate stops first and starts then.",
    switches: &[
        WAITING,
        Switch { name: "sequential", takes: Takes::Nothing, help: "one process after the other" },
        Switch { name: "terminate", takes: Takes::Nothing, help: "stop the old ones first" },
    ],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(..=1, "invalid number of arguments")?;
    let mut properties = Fields::new();
    if let Some(name) = words.first() {
        properties.insert("name".to_owned(), name.as_str().into());
    }
    let graceful = arguments.switch("terminate") != true;
    properties.insert("graceful".to_owned(), graceful.into());
    properties.insert("waiting".to_owned(), arguments.switch("waiting"));
    properties.insert("sequential".to_owned(), arguments.switch("sequential"));
    Ok(properties)
}

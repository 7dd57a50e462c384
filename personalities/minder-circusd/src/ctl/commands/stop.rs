//! `stop`: watchers, by name or all.

use super::{Arguments, Command, Fields, MATCH, Talk, WAITING, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "stop",
    summary: "Stop watchers",
    usage: "[--waiting] [--match HOW] [NAME]",
    about: "NAME may be a pattern. Without it, all watchers are stopped.",
    switches: &[WAITING, MATCH],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

/// Only the first word counts, as in the original.
fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    Ok(arguments.named_with_switches())
}

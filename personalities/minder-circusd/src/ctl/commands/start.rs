//! `start`: watchers, by name or all.

use super::{Arguments, Command, Fields, INVALID_COUNT, MATCH, Talk, WAITING, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "start",
    summary: "Start watchers",
    usage: "[--waiting] [--match HOW] [NAME]",
    about: "NAME may be a pattern. Without it, all watchers are started but those with `autostart = False`.",
    switches: &[WAITING, MATCH],
    talk: Talk::Ask { properties: one_or_all, shown: ok_or_failure },
};

pub(super) fn one_or_all(arguments: &Arguments) -> Result<Fields, Exception> {
    arguments.counted(..=1, INVALID_COUNT)?;
    Ok(arguments.named_with_switches())
}

//! `quit`: the end of circusd.

use super::{Arguments, Command, Fields, Talk, WAITING, ok_or_failure};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "quit",
    summary: "Stop all watchers and end circusd",
    usage: "[--waiting]",
    about: "Without --waiting the answer comes before anything has ended.",
    switches: &[WAITING],
    talk: Talk::Ask { properties: only_switches, shown: ok_or_failure },
};

/// Words are not looked at, as in the original.
pub(super) fn only_switches(arguments: &Arguments) -> Result<Fields, Exception> {
    Ok(arguments.switches.clone())
}

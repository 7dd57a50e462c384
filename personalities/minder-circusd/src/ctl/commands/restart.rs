//! `restart`: watchers, or all of circusd.

use super::{Command, MATCH, Talk, WAITING, ok_or_failure, start};

pub(super) const COMMAND: Command = Command {
    name: "restart",
    summary: "Stop watchers and start them again, or all of circusd",
    usage: "[--waiting] [--match HOW] [NAME]",
    about: "NAME may be a pattern. Without it, circusd itself begins anew and reads its configuration.",
    switches: &[WAITING, MATCH],
    talk: Talk::Ask { properties: start::one_or_all, shown: ok_or_failure },
};

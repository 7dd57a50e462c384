//! `reloadconfig`: the configuration, read again.

use super::{Command, Talk, WAITING, ok_or_failure, quit};

pub(super) const COMMAND: Command = Command {
    name: "reloadconfig",
    summary: "Read the configuration again and do what it says",
    usage: "[--waiting]",
    about: "Watchers whose section has not changed keep their processes.",
    switches: &[WAITING],
    talk: Talk::Ask { properties: quit::only_switches, shown: ok_or_failure },
};

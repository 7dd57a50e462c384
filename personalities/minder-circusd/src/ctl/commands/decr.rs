//! `decr`: fewer processes for a watcher.

use super::{Command, Talk, WAITING, incr};

pub(super) const COMMAND: Command = Command {
    name: "decr",
    summary: "Take processes away from a watcher",
    usage: "[--waiting] NAME [COUNT]",
    about: "COUNT is 1 unless given; the oldest go first. With --waiting the new number is printed.",
    switches: &[WAITING],
    talk: Talk::Ask { properties: incr::properties, shown: incr::shown },
};

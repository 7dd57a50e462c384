//! `listen`: events as they happen.

use super::{Command, Talk};

pub(super) const COMMAND: Command = Command {
    name: "listen",
    summary: "Print events as they happen",
    usage: "[TOPIC...]",
    about: "An event is printed if its topic begins with a TOPIC, or every event if there is none. Topics are\n\
            watcher.NAME.ACTION, for example watcher.web.reap. They come from the endpoint for events, which --endpoint\n\
            names.",
    switches: &[],
    talk: Talk::Listen,
};

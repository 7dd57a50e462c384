//! `globaloptions`: options of circusd.

use super::{Arguments, Command, Fields, Talk, fields, is_ok, option_lines, shown_field};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "globaloptions",
    summary: "Show options of circusd",
    usage: "[KEY]",
    about: "The keys: endpoint, stats_endpoint, pubsub_endpoint, check_delay, multicast_endpoint.",
    switches: &[],
    talk: Talk::Ask { properties, shown },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    Ok(match arguments.words.first() {
        Some(key) => fields([("option", key.as_str().into())]),
        None => Fields::new(),
    })
}

/// The reason stands alone here, as in the original.
fn shown(reply: &Fields) -> Result<String, Exception> {
    Ok(if is_ok(reply) { option_lines(reply) } else { shown_field(reply, "reason") })
}

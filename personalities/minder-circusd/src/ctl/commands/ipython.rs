//! `ipython`: a Python shell inside of circusd, which no circusd has any more: the IPython it needs is long gone.

use super::{Command, Fields, Talk, dstats, failure, is_ok};
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "ipython",
    summary: "Ask for a Python shell inside of circusd",
    usage: "",
    about: "",
    switches: &[],
    talk: Talk::Ask { properties: dstats::properties, shown },
};

fn shown(reply: &Fields) -> Result<String, Exception> {
    Ok(if is_ok(reply) { "error: Could not start ipython kernel".to_owned() } else { failure(reply) })
}

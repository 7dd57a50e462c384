//! `version`: the version of the server.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;

pub(super) const ACTION: Action =
    Action { name: "version", help: "version\t\t\tThe version of the server", listed: Listed::Yes, run };

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if !arg.is_empty() {
        return Ok(ctl.usage("Error: version accepts no arguments", EXIT_GENERIC, "version"));
    }
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let answer = ctl.call("getSupervisorVersion", &[])?;
    let version = answer.as_str().ok_or(Exception::UnexpectedAnswer("version"))?.to_owned();
    ctl.say(&version);
    Ok(Flow::Continue)
}

//! `open`: turns to another server.

use super::{Action, Flow, Listed, status};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::settings::scheme;

pub(super) const ACTION: Action = Action {
    name: "open",
    help: "open <url>\tTurn to another server\n\t\t(one with a Unix socket is unix:///socket/path)",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if !matches!(scheme(arg).as_str(), "unix" | "http") {
        ctl.say("ERROR: url must be http:// or unix://");
        ctl.exit_status = EXIT_GENERIC;
        return Ok(Flow::Continue);
    }
    ctl.settings.server_url = arg.to_owned();
    let before = ctl.exit_status;
    status::run(ctl, "")?;
    ctl.exit_status = before;
    Ok(Flow::Continue)
}

//! `reload`: lets the server start anew with its configuration.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;

pub(super) const ACTION: Action = Action {
    name: "reload",
    help: "reload \t\tStop everything and start the server anew",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if !arg.is_empty() {
        return Ok(ctl.usage("Error: reload accepts no arguments", EXIT_GENERIC, "reload"));
    }
    if ctl.interactive {
        let answer = ctl.console.question("Really restart the remote supervisord process y/N? ")?;
        if !answer.starts_with(['y', 'Y']) {
            return Ok(Flow::Continue);
        }
    }
    match ctl.call("restart", &[]) {
        Ok(_) => ctl.say("Restarted supervisord"),
        Err(exception) if exception.fault().is_some_and(|f| f.code == fault_codes::SHUTDOWN_STATE) => {
            ctl.say("ERROR: already shutting down");
            ctl.exit_status = EXIT_GENERIC;
        }
        Err(exception) => return Err(exception),
    }
    Ok(Flow::Continue)
}

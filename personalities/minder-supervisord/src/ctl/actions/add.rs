//! `add`: activates groups that the server has read from its configuration.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;

pub(super) const ACTION: Action = Action {
    name: "add",
    help: "add <name> [...]\tLet the server look after a program or group that a reread has found",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    for name in arg.split_whitespace() {
        let exception = match ctl.call("addProcessGroup", &[name.into()]) {
            Ok(_) => {
                ctl.say(&format!("{name}: added process group"));
                continue;
            }
            Err(exception) => exception,
        };
        match exception.fault().map(|fault| fault.code) {
            Some(fault_codes::SHUTDOWN_STATE) => {
                ctl.say("ERROR: shutting down");
                ctl.exit_status = EXIT_GENERIC;
            }
            // Not a failure: it is as it was asked to be.
            Some(fault_codes::ALREADY_ADDED) => ctl.say("ERROR: process group already active"),
            Some(fault_codes::BAD_NAME) => {
                ctl.say(&format!("ERROR: no such process/group: {name}"));
                ctl.exit_status = EXIT_GENERIC;
            }
            Some(_) | None => return Err(exception),
        }
    }
    Ok(Flow::Continue)
}

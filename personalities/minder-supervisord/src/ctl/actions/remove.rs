//! `remove`: takes stopped groups out of the server.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;

pub(super) const ACTION: Action = Action {
    name: "remove",
    help: "remove <name> [...]\tLet the server forget a stopped program or group",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    for name in arg.split_whitespace() {
        let exception = match ctl.call("removeProcessGroup", &[name.into()]) {
            Ok(_) => {
                ctl.say(&format!("{name}: removed process group"));
                continue;
            }
            Err(exception) => exception,
        };
        let text = match exception.fault().map(|fault| fault.code) {
            Some(fault_codes::STILL_RUNNING) => format!("ERROR: process/group still running: {name}"),
            Some(fault_codes::BAD_NAME) => format!("ERROR: no such process/group: {name}"),
            Some(_) | None => return Err(exception),
        };
        ctl.say(&text);
        ctl.exit_status = EXIT_GENERIC;
    }
    Ok(Flow::Continue)
}

//! `restart`: a stop and a start.

use super::{Action, Flow, Listed, start, stop};
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;

pub(super) const ACTION: Action = Action {
    name: "restart",
    help: "restart <name>\t\tStop a process and start it again\n\
           restart <gname>:*\tThe same for all processes of a group\n\
           restart <name> <name>\tThe same for several processes or groups\n\
           restart all\t\tThe same for all processes\n\
           Note: this does not read the configuration again; reread and update do.",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    if arg.is_empty() {
        return Ok(ctl.usage("Error: restart requires a process name", EXIT_GENERIC, "restart"));
    }
    stop::run(ctl, arg)?;
    start::run(ctl, arg)
}

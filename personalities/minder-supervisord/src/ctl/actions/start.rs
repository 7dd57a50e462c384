//! `start`: starts processes and waits until they run.

use super::{Action, Flow, Listed};
use crate::ctl::batch::Batch;
use crate::ctl::controller::{Controller, EXIT_INVALID_ARGS, Server};
use crate::ctl::exception::Exception;
use crate::ctl::outcome::Deed;

pub(super) const ACTION: Action = Action {
    name: "start",
    help: "start <name>\t\tStart a process and wait until it runs\n\
           start <gname>:*\t\tStart all processes of a group\n\
           start <name> <name>\tStart several processes or groups\n\
           start all\t\tStart all processes",
    listed: Listed::Yes,
    run,
};

const BATCH: Batch = Batch {
    deed: Deed::Start,
    all: "startAllProcesses",
    group: "startProcessGroup",
    one: "startProcess",
    no_group: EXIT_INVALID_ARGS,
};

/// # Errors
/// Whatever has no line of its own.
pub(super) fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let names: Vec<&str> = arg.split_whitespace().collect();
    if names.is_empty() {
        return Ok(ctl.usage("Error: start requires a process name", EXIT_INVALID_ARGS, "start"));
    }
    BATCH.run(ctl, &names, None)?;
    Ok(Flow::Continue)
}

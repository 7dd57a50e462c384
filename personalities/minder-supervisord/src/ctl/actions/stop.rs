//! `stop`: stops processes and waits until they are gone.

use super::{Action, Flow, Listed};
use crate::ctl::batch::Batch;
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;
use crate::ctl::outcome::Deed;

pub(super) const ACTION: Action = Action {
    name: "stop",
    help: "stop <name>\t\tStop a process and wait until it is gone\n\
           stop <gname>:*\t\tStop all processes of a group\n\
           stop <name> <name>\tStop several processes or groups\n\
           stop all\t\tStop all processes",
    listed: Listed::Yes,
    run,
};

const BATCH: Batch = Batch {
    deed: Deed::Stop,
    all: "stopAllProcesses",
    group: "stopProcessGroup",
    one: "stopProcess",
    no_group: EXIT_GENERIC,
};

/// # Errors
/// Whatever has no line of its own.
pub(super) fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let names: Vec<&str> = arg.split_whitespace().collect();
    if names.is_empty() {
        return Ok(ctl.usage("Error: stop requires a process name", EXIT_GENERIC, "stop"));
    }
    BATCH.run(ctl, &names, None)?;
    Ok(Flow::Continue)
}

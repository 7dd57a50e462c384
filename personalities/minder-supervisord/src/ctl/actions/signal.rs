//! `signal`: sends processes a signal.

use super::{Action, Flow, Listed};
use crate::ctl::batch::Batch;
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;
use crate::ctl::outcome::Deed;

pub(super) const ACTION: Action = Action {
    name: "signal",
    help: "signal <signal name> <name>\t\tSend a process a signal\n\
           signal <signal name> <gname>:*\t\tSend all processes of a group a signal\n\
           signal <signal name> <name> <name>\tSend several processes or groups a signal\n\
           signal <signal name> all\t\tSend all processes a signal",
    listed: Listed::Yes,
    run,
};

const BATCH: Batch = Batch {
    deed: Deed::Signal,
    all: "signalAllProcesses",
    group: "signalProcessGroup",
    one: "signalProcess",
    no_group: EXIT_GENERIC,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let words: Vec<&str> = arg.split_whitespace().collect();
    let [signal, names @ ..] = words.as_slice() else {
        return Ok(ctl.usage(TOO_FEW, EXIT_GENERIC, "signal"));
    };
    if names.is_empty() {
        return Ok(ctl.usage(TOO_FEW, EXIT_GENERIC, "signal"));
    }
    BATCH.run(ctl, names, Some(signal))?;
    Ok(Flow::Continue)
}

const TOO_FEW: &str = "Error: signal requires a signal name and a process name";

//! `clear`: empties the logs of processes.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;
use crate::ctl::outcome::Deed;
use crate::ctl::process::{Outcome, Target, full_name};

pub(super) const ACTION: Action = Action {
    name: "clear",
    help: "clear <name>\t\tEmpty the log files of a process\n\
           clear <name> <name>\tEmpty the log files of several processes\n\
           clear all\t\tEmpty the log files of all processes",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let names: Vec<&str> = arg.split_whitespace().collect();
    if names.is_empty() {
        return Ok(ctl.usage("Error: clear requires a process name", EXIT_GENERIC, "clear"));
    }
    if names.contains(&"all") {
        let answer = ctl.call("clearAllProcessLogs", &[])?;
        for outcome in Outcome::list(&answer)? {
            report(ctl, &outcome)?;
        }
        return Ok(Flow::Continue);
    }
    for name in names {
        let target = Target::parse(name);
        // Groups cannot be cleared, and the original says so of a process called None.
        let shown = full_name(target.group, target.process.unwrap_or("None"));
        match ctl.call("clearProcessLogs", &[name.into()]) {
            Ok(_) => ctl.say(&format!("{shown}: {}", Deed::Clear.done())),
            Err(exception) => match exception.fault() {
                Some(fault) => report(ctl, &Outcome::of_fault(shown, fault))?,
                None => return Err(exception),
            },
        }
    }
    Ok(Flow::Continue)
}

fn report(ctl: &mut Controller, outcome: &Outcome) -> Result<(), Exception> {
    let line = Deed::Clear.line(outcome)?;
    ctl.say(&line);
    if let Some(status) = Deed::Clear.exit_status(outcome.code) {
        ctl.exit_status = status;
    }
    Ok(())
}

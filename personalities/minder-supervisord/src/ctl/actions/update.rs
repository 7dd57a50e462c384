//! `update`: lets the server read its configuration and do what it says.

use super::reread::{Differences, differences};
use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;
use crate::ctl::process::{Outcome, ProcessInfo};

pub(super) const ACTION: Action = Action {
    name: "update",
    help: "update\t\t\tApply the configuration: add, remove, and restart what has changed\n\
           update all\t\tApply the configuration: add, remove, and restart what has changed\n\
           update <gname> [...]\tApply the configuration to some groups only",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    let found = match differences(ctl) {
        Ok(found) => found,
        Err(exception) if exception.fault().is_some_and(|f| f.code == fault_codes::SHUTDOWN_STATE) => {
            ctl.say("ERROR: already shutting down");
            ctl.exit_status = EXIT_GENERIC;
            return Ok(Flow::Continue);
        }
        Err(exception) => return Err(exception),
    };
    let mut wanted: Vec<&str> = arg.split_whitespace().collect();
    if wanted.contains(&"all") {
        wanted.clear();
    }
    complain_of_unknown(ctl, &found, &wanted)?;
    let chosen = |group: &&String| wanted.is_empty() || wanted.contains(&group.as_str());
    for group in found.removed.iter().filter(chosen) {
        remove(ctl, group)?;
    }
    for group in found.changed.iter().filter(chosen) {
        ctl.call("stopProcessGroup", &[group.as_str().into()])?;
        ctl.say(&format!("{group}: stopped"));
        ctl.call("removeProcessGroup", &[group.as_str().into()])?;
        ctl.call("addProcessGroup", &[group.as_str().into()])?;
        ctl.say(&format!("{group}: updated process group"));
    }
    for group in found.added.iter().filter(chosen) {
        ctl.call("addProcessGroup", &[group.as_str().into()])?;
        ctl.say(&format!("{group}: added process group"));
    }
    Ok(Flow::Continue)
}

/// Names that are neither running nor new. The groups behind them are updated all the same.
fn complain_of_unknown(ctl: &mut Controller, found: &Differences, wanted: &[&str]) -> Result<(), Exception> {
    if wanted.is_empty() {
        return Ok(());
    }
    let answer = ctl.call("getAllProcessInfo", &[])?;
    let running = ProcessInfo::list(&answer)?;
    let mut told: Vec<&str> = Vec::new();
    for group in wanted {
        let known = running.iter().any(|info| info.group == *group);
        if !known && !told.contains(group) && !found.added.iter().any(|added| added == group) {
            told.push(group);
            ctl.say(&format!("ERROR: no such group: {group}"));
            ctl.exit_status = EXIT_GENERIC;
        }
    }
    Ok(())
}

fn remove(ctl: &mut Controller, group: &str) -> Result<(), Exception> {
    let answer = ctl.call("stopProcessGroup", &[group.into()])?;
    ctl.say(&format!("{group}: stopped"));
    if Outcome::list(&answer)?.iter().any(|outcome| outcome.code == i64::from(fault_codes::FAILED)) {
        ctl.say(&format!("{group}: has problems; not removing"));
        ctl.exit_status = EXIT_GENERIC;
        return Ok(());
    }
    ctl.call("removeProcessGroup", &[group.into()])?;
    ctl.say(&format!("{group}: removed process group"));
    Ok(())
}

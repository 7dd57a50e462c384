//! `avail`: everything that is configured, in use or not.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;
use crate::ctl::process::{elements, full_name, number, text};
use crate::xmlrpc::Value;

pub(super) const ACTION: Action = Action {
    name: "avail",
    help: "avail\t\t\tList all programs in the configuration",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if !arg.is_empty() {
        return Ok(ctl.usage("Error: avail accepts no arguments", EXIT_GENERIC, "avail"));
    }
    match ctl.call("getAllConfigInfo", &[]) {
        Ok(answer) => {
            for program in elements(&answer)? {
                let line = line(program)?;
                ctl.say(&line);
            }
        }
        Err(exception) if exception.fault().is_some_and(|f| f.code == fault_codes::SHUTDOWN_STATE) => {
            ctl.say("ERROR: supervisor shutting down");
            ctl.exit_status = EXIT_GENERIC;
        }
        Err(exception) => return Err(exception),
    }
    Ok(Flow::Continue)
}

fn line(program: &Value) -> Result<String, Exception> {
    let name = full_name(text(program, "group")?, text(program, "name")?);
    let flag = |key| program.member(key).map(Value::is_truthy).ok_or(Exception::UnexpectedAnswer(key));
    let used = if flag("inuse")? { "in use" } else { "avail" };
    let started = if flag("autostart")? { "auto" } else { "manual" };
    let (group, process) = (number(program, "group_prio")?, number(program, "process_prio")?);
    Ok(format!("{name:<32} {used:<9} {started:<9} {group}:{process}"))
}

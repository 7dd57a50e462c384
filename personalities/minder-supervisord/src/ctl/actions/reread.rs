//! `reread`: lets the server read its configuration, and tells what an `update` would change.

use std::collections::BTreeMap;

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;
use crate::ctl::process::elements;
use crate::xmlrpc::Value;

pub(super) const ACTION: Action = Action {
    name: "reread",
    help: "reread \t\t\tLet the server read its configuration again, and change nothing yet",
    listed: Listed::Yes,
    run,
};

/// The names of groups that the configuration has and the server has not, or the other way round.
pub(super) struct Differences {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
}

/// Asks the server to read its configuration.
///
/// # Errors
/// Whatever goes wrong, faults included.
pub(super) fn differences(ctl: &mut Controller) -> Result<Differences, Exception> {
    let answer = ctl.call("reloadConfig", &[])?;
    // One array too many: so it is in the original, for ever.
    let outer = elements(&answer)?.first().ok_or(Exception::UnexpectedAnswer("array"))?;
    let [added, changed, removed] = elements(outer)? else {
        return Err(Exception::UnexpectedAnswer("array"));
    };
    Ok(Differences { added: names(added)?, changed: names(changed)?, removed: names(removed)? })
}

fn names(list: &Value) -> Result<Vec<String>, Exception> {
    let name = |value: &Value| value.as_str().map(str::to_owned).ok_or(Exception::UnexpectedAnswer("name"));
    elements(list)?.iter().map(name).collect()
}

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if !arg.is_empty() {
        return Ok(ctl.usage("Error: reread accepts no arguments", EXIT_GENERIC, "reread"));
    }
    let found = match differences(ctl) {
        Ok(found) => found,
        Err(exception) => {
            let text = match exception.fault() {
                Some(fault) if fault.code == fault_codes::SHUTDOWN_STATE => {
                    "ERROR: supervisor shutting down".to_owned()
                }
                Some(fault) if fault.code == fault_codes::CANT_REREAD => format!("ERROR: {}", fault.text),
                Some(_) | None => return Err(exception),
            };
            ctl.say(&text);
            ctl.exit_status = EXIT_GENERIC;
            return Ok(Flow::Continue);
        }
    };
    let mut words = BTreeMap::new();
    words.extend(found.added.iter().map(|name| (name, "available")));
    words.extend(found.changed.iter().map(|name| (name, "changed")));
    words.extend(found.removed.iter().map(|name| (name, "disappeared")));
    if words.is_empty() {
        ctl.say("No config updates to processes");
    }
    for (name, word) in words {
        ctl.say(&format!("{name}: {word}"));
    }
    Ok(Flow::Continue)
}

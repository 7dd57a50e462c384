//! `status`: what runs and what does not.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, Server};
use crate::ctl::exception::Exception;
use crate::ctl::process::{ProcessInfo, Target};

/// A process in the table does not run.
const EXIT_STOPPED: u8 = 3;
/// The state of a process, or of all, cannot be told.
const EXIT_UNKNOWN: u8 = 4;
/// Names are padded to this, or to the longest of them, and three more.
const NAME_WIDTH_MIN: usize = 30;

pub(super) const ACTION: Action = Action {
    name: "status",
    help: "status <name>\t\tThe state of a process\n\
           status <gname>:*\tThe state of all processes of a group\n\
           status <name> <name>\tThe state of several processes\n\
           status\t\t\tThe state of all processes",
    listed: Listed::Yes,
    run,
};

/// # Errors
/// Whatever keeps the server from telling.
pub(super) fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        ctl.exit_status = EXIT_UNKNOWN;
        return Ok(Flow::Continue);
    }
    let answer = ctl.call("getAllProcessInfo", &[])?;
    let all = ProcessInfo::list(&answer)?;
    let names: Vec<&str> = arg.split_whitespace().collect();
    let shown = if names.is_empty() || names.contains(&"all") {
        all.iter().collect()
    } else {
        select(ctl, &all, &names)
    };
    let width = shown.iter().map(|info| info.full_name().chars().count()).max().unwrap_or(0);
    let width = width.max(NAME_WIDTH_MIN) + 3;
    for info in &shown {
        ctl.say(&format!("{:<width$}{:<10}{}", info.full_name(), info.state_name, info.description));
    }
    if shown.iter().any(|info| ProcessInfo::STOPPED_STATES.contains(&info.state)) {
        ctl.exit_status = EXIT_STOPPED;
    }
    Ok(Flow::Continue)
}

/// The processes that are named, in the order in which they are named; the others are complained of at once.
fn select<'a>(ctl: &mut Controller, all: &'a [ProcessInfo], names: &[&str]) -> Vec<&'a ProcessInfo> {
    let mut shown = Vec::new();
    for name in names {
        let target = Target::parse(name);
        let before = shown.len();
        shown.extend(all.iter().filter(|info| {
            info.group == target.group && target.process.is_none_or(|process| info.name == process)
        }));
        if shown.len() == before {
            let text = match target.process {
                Some(_) => format!("{name}: ERROR (no such process)"),
                None => format!("{}: ERROR (no such group)", target.group),
            };
            ctl.say(&text);
            ctl.exit_status = EXIT_UNKNOWN;
        }
    }
    shown
}

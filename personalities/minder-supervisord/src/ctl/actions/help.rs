//! `help`: the list of actions, or the help of one.

use super::{ACTIONS, Action, Flow, Listed, find};
use crate::ctl::controller::Controller;
use crate::ctl::exception::Exception;
use crate::ctl::topics;

pub(super) const ACTION: Action = Action {
    name: "help",
    help: "help\t\tList the actions\nhelp <action>\tExplain an action",
    // Not in the list that it prints: so it is in the original, and scripts compare.
    listed: Listed::No,
    run,
};

const HEADING: &str = "default commands (type help <topic>):";

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if arg.is_empty() {
        let listed = ACTIONS.iter().filter(|action| action.listed == Listed::Yes);
        let names: Vec<&str> = listed.map(|action| action.name).collect();
        ctl.say("");
        let listing = topics::listing(HEADING, &names);
        ctl.say(&listing);
        return Ok(Flow::Continue);
    }
    match find(arg).filter(|action| !action.help.is_empty()) {
        Some(action) => ctl.say(action.help),
        None => ctl.say(&format!("*** No help on {arg}")),
    }
    Ok(Flow::Continue)
}

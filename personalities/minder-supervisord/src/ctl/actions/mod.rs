//! The actions, a file each, and the table of them. An action gets what stands behind its name on the line; what it
//! lets through as an [`Exception`] is printed by the controller.

mod add;
mod avail;
mod clear;
mod end;
mod fg;
mod help;
mod maintail;
mod open;
mod pid;
mod quit;
mod reload;
mod remove;
mod reread;
mod restart;
mod shutdown;
mod signal;
mod start;
mod status;
mod stop;
mod tail;
mod update;
mod version;

use super::controller::Controller;
use super::exception::Exception;

/// Whether a shell goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    Quit,
}

/// Whether `help` lists an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Yes,
    No,
}

/// Something that can be typed.
pub(super) struct Action {
    pub(super) name: &'static str,
    /// A usage a line: what to type, tabs, what it does. Empty when there is no help on it.
    pub(super) help: &'static str,
    pub(super) listed: Listed,
    pub(super) run: fn(&mut Controller, &str) -> Result<Flow, Exception>,
}

/// All actions, in the order in which they are listed.
pub(super) static ACTIONS: [Action; 23] = [
    add::ACTION,
    avail::ACTION,
    clear::ACTION,
    quit::EXIT,
    fg::ACTION,
    help::ACTION,
    maintail::ACTION,
    open::ACTION,
    pid::ACTION,
    quit::QUIT,
    reload::ACTION,
    remove::ACTION,
    reread::ACTION,
    restart::ACTION,
    shutdown::ACTION,
    signal::ACTION,
    start::ACTION,
    status::ACTION,
    stop::ACTION,
    tail::ACTION,
    update::ACTION,
    version::ACTION,
    end::ACTION,
];

/// The action of this name; names cannot be abbreviated.
pub(super) fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

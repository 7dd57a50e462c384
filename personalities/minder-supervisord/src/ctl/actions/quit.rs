//! `quit` and `exit`: end the shell.

use super::{Action, Flow, Listed};
use crate::ctl::controller::Controller;
use crate::ctl::exception::Exception;

pub(super) const QUIT: Action =
    Action { name: "quit", help: "quit\tLeave the shell", listed: Listed::Yes, run };

pub(super) const EXIT: Action =
    Action { name: "exit", help: "exit\tLeave the shell", listed: Listed::Yes, run };

fn run(ctl: &mut Controller, _arg: &str) -> Result<Flow, Exception> {
    ctl.say("");
    Ok(Flow::Quit)
}

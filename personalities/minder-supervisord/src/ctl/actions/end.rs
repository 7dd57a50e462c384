//! `EOF`: what a shell reads when there is nothing more to read. It can be typed, too.

use super::{Action, Flow, Listed};
use crate::ctl::controller::Controller;
use crate::ctl::exception::Exception;

pub(super) const ACTION: Action = Action { name: "EOF", help: "", listed: Listed::No, run };

fn run(ctl: &mut Controller, _arg: &str) -> Result<Flow, Exception> {
    ctl.say("");
    Ok(Flow::Quit)
}

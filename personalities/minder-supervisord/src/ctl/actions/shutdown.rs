//! `shutdown`: ends the server and all its processes.

use super::{Action, Flow, Listed};
use crate::client::ClientError;
use crate::ctl::controller::{Controller, EXIT_GENERIC};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;

pub(super) const ACTION: Action = Action {
    name: "shutdown",
    help: "shutdown \tStop everything, and the server itself",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if !arg.is_empty() {
        return Ok(ctl.usage("Error: shutdown accepts no arguments", EXIT_GENERIC, "shutdown"));
    }
    if ctl.interactive {
        let answer = ctl.console.question("Really shut the remote supervisord process down y/N? ")?;
        if !answer.starts_with(['y', 'Y']) {
            return Ok(Flow::Continue);
        }
    }
    let exception = match ctl.call("shutdown", &[]) {
        Ok(_) => {
            ctl.say("Shut down");
            return Ok(Flow::Continue);
        }
        Err(exception) => exception,
    };
    if exception.fault().is_some_and(|fault| fault.code == fault_codes::SHUTDOWN_STATE) {
        // It will be down, as it was asked to be; so this one is no failure.
        ctl.say("ERROR: already shutting down");
        return Ok(Flow::Continue);
    }
    let why = match exception {
        Exception::Server(ClientError::Refused) => "refused connection",
        Exception::Server(ClientError::MissingSocket) => "no such file",
        exception => return Err(exception),
    };
    let text = format!("ERROR: {} {why} (already shut down?)", ctl.settings.server_url);
    ctl.say(&text);
    ctl.exit_status = EXIT_GENERIC;
    Ok(Flow::Continue)
}

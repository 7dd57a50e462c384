//! `maintail`: the server's own log.

use super::tail::{follow, offset_from_end};
use super::{Action, Flow, Listed};
use crate::conf::python::decimal;
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;
use crate::xmlrpc::Value;

pub(super) const ACTION: Action = Action {
    name: "maintail",
    help: "maintail -f \tFollow the log of the server (Ctrl-C ends it)\n\
           maintail -100\tThe last 100 bytes of the log of the server\n\
           maintail\tThe last 1600 bytes of the log of the server\n",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let words: Vec<&str> = arg.split_whitespace().collect();
    let bytes = match words[..] {
        [] => super::tail::BYTES,
        ["-f"] => return follow(ctl, "/mainlogtail"),
        [word] => match word.strip_prefix('-').map(decimal) {
            Some(Ok(bytes)) => bytes,
            Some(Err(_)) | None => {
                ctl.say(&format!("Error: bad argument {word}"));
                ctl.exit_status = EXIT_GENERIC;
                return Ok(Flow::Continue);
            }
        },
        _ => return Ok(ctl.usage("Error: too many arguments", EXIT_GENERIC, "maintail")),
    };
    let exception = match ctl.call("readLog", &[offset_from_end(bytes)?, Value::Int(0)]) {
        Ok(log) => {
            ctl.say(log.as_str().unwrap_or_default());
            return Ok(Flow::Continue);
        }
        Err(exception) => exception,
    };
    ctl.exit_status = EXIT_GENERIC;
    match exception.fault().map(|fault| fault.code) {
        Some(fault_codes::NO_FILE) => ctl.say("supervisord: ERROR (no log file)"),
        Some(fault_codes::FAILED) => ctl.say("supervisord: ERROR (unknown error reading log)"),
        Some(_) | None => return Err(exception),
    }
    Ok(Flow::Continue)
}

//! `pid`: the server's process id, or those of its processes.

use super::{Action, Flow, Listed};
use crate::ctl::controller::{Controller, EXIT_GENERIC, EXIT_NOT_RUNNING, Server};
use crate::ctl::exception::Exception;
use crate::ctl::fault_codes;
use crate::ctl::process::ProcessInfo;

pub(super) const ACTION: Action = Action {
    name: "pid",
    help: "pid\t\t\tThe process id of the server\n\
           pid <name>\t\tThe process id of one process\n\
           pid all\t\t\tThe process ids of all processes, one a line",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let names: Vec<&str> = arg.split_whitespace().collect();
    if names.is_empty() {
        let answer = ctl.call("getPID", &[])?;
        let pid = answer.as_int().ok_or(Exception::UnexpectedAnswer("pid"))?;
        ctl.say(&pid.to_string());
        return Ok(Flow::Continue);
    }
    if names.contains(&"all") {
        let answer = ctl.call("getAllProcessInfo", &[])?;
        for info in ProcessInfo::list(&answer)? {
            ctl.say(&info.pid.to_string());
        }
        return Ok(Flow::Continue);
    }
    for name in names {
        match ctl.call("getProcessInfo", &[name.into()]) {
            Ok(answer) => {
                let info = ProcessInfo::parse(&answer)?;
                ctl.say(&info.pid.to_string());
                if info.pid == 0 {
                    ctl.exit_status = EXIT_NOT_RUNNING;
                }
            }
            Err(exception) if exception.fault().is_some_and(|f| f.code == fault_codes::BAD_NAME) => {
                ctl.say(&format!("No such process {name}"));
                ctl.exit_status = EXIT_GENERIC;
            }
            Err(exception) => return Err(exception),
        }
    }
    Ok(Flow::Continue)
}

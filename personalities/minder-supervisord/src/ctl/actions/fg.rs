//! `fg`: a process as if it ran in this terminal. Its output is printed, and what is typed goes to its input.

use std::ops::ControlFlow;

use super::tail::complain;
use super::{Action, Flow, Listed};
use crate::client::{Client, ClientError};
use crate::ctl::console::{Input, StdinLines, write_through};
use crate::ctl::controller::{Controller, EXIT_GENERIC, Server};
use crate::ctl::exception::{Exception, shown};
use crate::ctl::fault_codes;
use crate::ctl::process::ProcessInfo;

pub(super) const ACTION: Action = Action {
    name: "fg",
    help: "fg <process>\tSee the output of a process and type its input\n\t\tCtrl-C ends it",
    listed: Listed::Yes,
    run,
};

fn run(ctl: &mut Controller, arg: &str) -> Result<Flow, Exception> {
    if ctl.upcheck()? == Server::Unusable {
        return Ok(Flow::Continue);
    }
    let names: Vec<&str> = arg.split_whitespace().collect();
    let name = match names[..] {
        [] => return Ok(ctl.usage("ERROR: no process name supplied", EXIT_GENERIC, "fg")),
        [name] => name,
        _ => return Ok(refuse(ctl, "ERROR: too many process names supplied")),
    };
    let info = match ctl.call("getProcessInfo", &[name.into()]) {
        Ok(answer) => ProcessInfo::parse(&answer)?,
        Err(exception) => match exception.fault() {
            Some(fault) if fault.code == fault_codes::BAD_NAME => {
                return Ok(refuse(ctl, "ERROR: bad process name supplied"));
            }
            Some(fault) => {
                ctl.say(&format!("ERROR: {}", shown(fault)));
                return Ok(Flow::Continue);
            }
            None => return Err(exception),
        },
    };
    if info.state != ProcessInfo::RUNNING {
        return Ok(refuse(ctl, "ERROR: process not running"));
    }
    ctl.say("==> Press Ctrl-C to exit <==");
    let client = ctl.client()?;
    ctl.console.catch_interrupts();
    let server_url = ctl.settings.server_url.clone();
    let ended = ctl.console.attend(|lines| both_ways(&client, &server_url, name, lines));
    match ended {
        Ok(Ok(Some(text))) => ctl.say(&text),
        Ok(Ok(None)) | Err(Exception::Interrupted) => {}
        Ok(Err(exception)) | Err(exception) => return Err(exception),
    }
    ctl.say("Exiting foreground");
    Ok(Flow::Continue)
}

fn refuse(ctl: &mut Controller, text: &str) -> Flow {
    ctl.say(text);
    ctl.exit_status = EXIT_GENERIC;
    Flow::Continue
}

/// Prints and sends until the input ends or the process does. Returns what is to be said of the end.
async fn both_ways(
    client: &Client,
    server_url: &str,
    name: &str,
    lines: &mut StdinLines,
) -> Result<Option<String>, Exception> {
    let output = async {
        tokio::join!(
            print(client, server_url, format!("/logtail/{name}/stdout")),
            print(client, server_url, format!("/logtail/{name}/stderr")),
        );
        // A log that ends, or cannot be had, is no reason to stop typing.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = type_into(client, name, lines) => ended,
        () = output => Ok(None),
    }
}

async fn print(client: &Client, server_url: &str, path: String) {
    let sink = |bytes: &[u8]| -> ControlFlow<()> { write_through(bytes) };
    if let Err(error) = client.stream(&path, sink).await {
        complain(server_url, &path, error);
    }
}

/// Sends each line. That the process has died is noticed with the next line, as in the original.
async fn type_into(client: &Client, name: &str, lines: &mut StdinLines) -> Result<Option<String>, Exception> {
    const KILLED: &str = "Process got killed";
    while let Input::Line(line) = lines.next().await {
        let params = [name.into(), format!("{line}\n").into()];
        match client.call("supervisor.sendProcessStdin", &params).await {
            Ok(_) => {}
            Err(ClientError::Fault(fault)) if fault.code == fault_codes::NOT_RUNNING => {
                return Ok(Some(KILLED.to_owned()));
            }
            Err(ClientError::Fault(fault)) => return Ok(Some(format!("ERROR: {}", shown(&fault)))),
            Err(error) => return Err(error.into()),
        }
        let info = client.call("supervisor.getProcessInfo", &[name.into()]).await?;
        if ProcessInfo::parse(&info)?.state != ProcessInfo::RUNNING {
            return Ok(Some(KILLED.to_owned()));
        }
    }
    Ok(None)
}

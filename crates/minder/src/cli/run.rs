//! `minder run`: the server in the foreground, as `supervisord -n` would be.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::server::whereabouts;
use super::terminal;
use crate::assemble;

/// Run a supervisord.conf in the foreground until Ctrl-C.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The configuration.
    file: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    // Whoever reloads the whole server has read it before.
    let again = std::env::var_os(minder_keeper::RESTART_VARIABLE).is_some();
    if std::io::stderr().is_terminal() && !again {
        terminal::tell(&introduction(&arguments.file));
    }
    let called: Vec<_> = std::env::args_os().collect();
    assemble::supervisord::run_file(&arguments.file, &called)
}

/// How to reach the server. What is wrong with the file the server itself will say.
fn introduction(file: &Path) -> String {
    let shown = file.display();
    match whereabouts(file) {
        Err(_) => String::new(),
        Ok(found) => match found.url {
            Some(url) => format!(
                "minder: {shown}, server at {url}\n  \
                 in another terminal: minder status -c {shown}\n  \
                 Ctrl-C stops the programs, then minder\n"
            ),
            None => format!(
                "minder: {shown}, which has no server: nothing can ask or steer it\n  \
                 to change that, add\n    [unix_http_server]\n    file=%(here)s/supervisor.sock\n    \
                 [rpcinterface:supervisor]\n    \
                 supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n  \
                 Ctrl-C stops the programs, then minder\n"
            ),
        },
    }
}

//! `minder run`: the server of a configuration in the foreground, as `supervisord -n` or `circusd` would be.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use minder_supervisord::conf::bare::Stay;

use super::dialect::Dialect;
use super::server::whereabouts;
use super::terminal;
use crate::assemble;

/// Run a configuration, in the foreground until Ctrl-C unless it is to be a daemon.
///
/// The file is a minder.toml, a supervisord.conf, a circus.ini or a kegbot.cfg.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The configuration.
    file: PathBuf,
    /// Leave the terminal and go on in the background; a minder.toml only. The others' programs have ways of their own.
    #[arg(short, long)]
    daemon: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    // Whoever reloads the whole server has read it before.
    let again = std::env::var_os(minder_keeper::RESTART_VARIABLE).is_some();
    let called: Vec<_> = std::env::args_os().collect();
    let dialect = Dialect::of_file(&arguments.file);
    let stay = if arguments.daemon { Stay::Background } else { Stay::Foreground };
    if stay == Stay::Background && dialect != Dialect::Native {
        let program = dialect.program();
        terminal::tell(&format!(
            "minder: --daemon is for a minder.toml; `{program}` has a way of its own to be a daemon\n"
        ));
        return ExitCode::from(2);
    }
    if std::io::stderr().is_terminal() && !again {
        terminal::tell(&match dialect {
            Dialect::Supervisor => introduction(&arguments.file),
            Dialect::Circus => circus_introduction(&arguments.file),
            Dialect::KegbotMaster => kegbot_introduction(&arguments.file),
            Dialect::Native => native_introduction(&arguments.file, stay),
        });
    }
    match dialect {
        Dialect::Supervisor => assemble::supervisord::run_file(&arguments.file, &called),
        Dialect::Circus => assemble::circusd::run_file(&arguments.file, &called),
        Dialect::KegbotMaster => assemble::kegbot::run_file(&arguments.file, &called),
        Dialect::Native => assemble::native::run_file(&arguments.file, &called, stay),
    }
}

fn native_introduction(file: &Path, stay: Stay) -> String {
    let shown = file.display();
    let end = match stay {
        Stay::Foreground => "  Ctrl-C stops the programs, then minder\n",
        Stay::Background => "",
    };
    format!("minder: {shown}\n  in another terminal: minder status -c {shown}\n{end}")
}

fn kegbot_introduction(file: &Path) -> String {
    format!("minder: {}\n  Ctrl-C stops the programs, then minder\n", file.display())
}

fn circus_introduction(file: &Path) -> String {
    let shown = file.display();
    let endpoint = minder_circusd::daemon::checking::endpoint(&shown.to_string());
    format!(
        "minder: {shown}, endpoint {endpoint}\n  \
         in another terminal: circusctl --endpoint {endpoint} status\n  \
         Ctrl-C stops the watchers, then minder\n"
    )
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

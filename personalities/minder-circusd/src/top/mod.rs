//! circus-top: what the processes of a circusd use, as circusd-stats tells it.
//!
//! ```text
//! circusd-stats ─ stat.WATCHER, stat.WATCHER.PID, stat.sockets ─▶ Board ─▶ rows ─▶ screen     on a terminal
//!                                                                   │        └───▶ text       elsewhere
//!                                                                   └────────────▶ JSON       with --json
//! ```
//!
//! circusd-stats counts only while somebody listens, so nothing is counted for a screen that nobody looks at.

mod board;
mod rows;
mod screen;
mod snapshot;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use minder_zmtp::{ConnectError, Subscriber};
use tokio::task::LocalSet;

use crate::client::{OpenError, STATS_ENDPOINT, SshServer, Way};
use crate::companion::arguments::{Arguments, Grammar, Takes};
use crate::companion::{failed, refused, understood};
use board::Board;

/// How long a process is shown that nothing is heard of, unless `--process-timeout` says otherwise: the original's.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(3);

/// Everything that circusd-stats tells.
const TOPIC: &str = "stat.";

const GRAMMAR: Grammar = Grammar {
    usage: "usage: {program} [-h] [--endpoint ENDPOINT] [--version] [--ssh SSH]
                  [--process-timeout PROCESS_TIMEOUT] [--json]
",
    help: "
Shows what the processes of a circusd use

options:
  -h, --help            print this help
  --endpoint ENDPOINT   where circusd-stats tells (tcp://127.0.0.1:5557)
  --version             print the version of Circus that is spoken
  --ssh SSH             go through this machine, user@host:port
  --process-timeout PROCESS_TIMEOUT
                        seconds after which a process that nothing is heard
                        of is not shown any more (3)
  --json                print one look as JSON

On a terminal the view is live: arrows, Page Up and Page Down scroll, q ends.
Elsewhere one look is printed.
",
    options: &[
        ("endpoint", Takes::Value),
        ("version", Takes::Nothing),
        ("ssh", Takes::Value),
        ("process-timeout", Takes::Value),
        ("json", Takes::Nothing),
    ],
    positional_max: 0,
};

/// Why there is nothing to see.
#[derive(Debug)]
enum Trouble {
    Open(OpenError),
    Connect(ConnectError),
    Io(io::Error),
    /// Nobody told anything.
    Silence,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Open(error) => error.fmt(f),
            Trouble::Connect(error) => error.fmt(f),
            Trouble::Io(error) => error.fmt(f),
            Trouble::Silence => write!(
                f,
                "nothing was heard within {} s: is there a circusd with `statsd = True` under [circus], and is \
                 this its stats_endpoint?",
                snapshot::ANSWER_WITHIN.as_secs()
            ),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

/// A door for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::{Board, PROCESS_TIMEOUT};

    /// What is printed behind these messages.
    pub fn table<'a>(messages: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> String {
        let mut board = Board::new(PROCESS_TIMEOUT);
        for (topic, payload) in messages {
            board.hear(topic, payload, std::time::Instant::now());
        }
        format!("{}{}", super::snapshot::table(&super::rows::rows(&board)), board.to_json())
    }
}

/// Runs circus-top. `words` begins with the name under which the program was called.
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "all personalities are called in the same way")]
pub fn main(words: Vec<OsString>) -> ExitCode {
    let arguments = match understood(&GRAMMAR, &words) {
        Ok(understood) => understood,
        Err(status) => return status,
    };
    let timeout = arguments.value("process-timeout").map(str::trim);
    let timeout = match timeout.map(|text| text.parse().map(Duration::from_secs).map_err(|_| text)) {
        None => PROCESS_TIMEOUT,
        Some(Ok(timeout)) => timeout,
        Some(Err(text)) => {
            let problem = format!("argument --process-timeout: '{text}' is no whole number of seconds");
            return refused(&GRAMMAR, &words, &problem);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => LocalSet::new().block_on(&runtime, run(&arguments, Board::new(timeout))),
        Err(error) => Err(Trouble::Io(error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => failed("circus-top", trouble),
    }
}

async fn run(arguments: &Arguments, board: Board) -> Result<(), Trouble> {
    let endpoint = arguments.value("endpoint").unwrap_or(STATS_ENDPOINT);
    let server = arguments.value("ssh").map(|address| SshServer { address: address.into(), key_file: None });
    // The tunnel lasts as long as the way to it.
    let way = Way::find(endpoint, server.as_ref()).await.map_err(Trouble::Open)?;
    let told = Subscriber::connect(way.endpoint().clone(), [TOPIC]).map_err(Trouble::Connect)?;
    if arguments.has("json") {
        snapshot::json(told, board).await
    } else if io::stdout().is_terminal() {
        Ok(screen::show(told, board, endpoint).await?)
    } else {
        snapshot::text(told, board).await
    }
}

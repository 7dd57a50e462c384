//! What processes use, and circusd-stats.
//!
//! - `proc`: what the kernel tells. [`sizes`]: `1.40M`. [`info`]: a process in the original's words, for `stats` and `dstats`
//!   as well as for circusd-stats.
//! - `streamer`: circusd-stats; `census` is who it looks at, `aggregate` what a whole watcher uses, `sockets` who knocks.

mod aggregate;
mod census;
pub mod info;
mod proc;
pub mod sizes;
mod sockets;
mod streamer;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::ExitCode;

use minder_zmtp::{Bounds, EndpointError, ListenError, Listener, Publisher, Subscriber};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::companion::arguments::{Arguments, Grammar, Takes};
use crate::companion::link::{ENDPOINT, Link, LinkError, PUBSUB};
use crate::companion::log::{Level, Log};
use crate::companion::{failed, understood};
use streamer::Streamer;

const STATSPOINT: &str = "tcp://127.0.0.1:5557";

const GRAMMAR: Grammar = Grammar {
    usage: "usage: {program} [-h] [--endpoint ENDPOINT] [--pubsub PUBSUB]
                     [--statspoint STATSPOINT] [--log-level LOGLEVEL]
                     [--log-output LOGOUTPUT] [--version] [--ssh SSH]
",
    help: "
Runs the stats aggregator for Circus

options:
  -h, --help            show this help message and exit
  --endpoint ENDPOINT   The circusd ZeroMQ socket to connect to
  --pubsub PUBSUB       The circusd ZeroMQ pub/sub socket to connect to
  --statspoint STATSPOINT
                        The ZeroMQ pub/sub socket to send data to
  --log-level LOGLEVEL  log level
  --log-output LOGOUTPUT
                        log output
  --version             Displays Circus version and exits.
  --ssh SSH             SSH Server
",
    options: &[
        ("endpoint", Takes::Value),
        ("pubsub", Takes::Value),
        ("statspoint", Takes::Value),
        ("log-level", Takes::Value),
        ("log-output", Takes::Value),
        ("version", Takes::Nothing),
        ("ssh", Takes::Value),
    ],
    positional_max: 0,
};

/// Why there are no statistics.
#[derive(Debug)]
enum Trouble {
    Statspoint(EndpointError),
    Listen(ListenError),
    Link(LinkError),
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Statspoint(error) => error.fmt(f),
            Trouble::Listen(error) => error.fmt(f),
            Trouble::Link(error) => error.fmt(f),
            Trouble::Io(error) => error.fmt(f),
        }
    }
}

/// Runs circusd-stats. `arguments` begins with the name under which the program was called.
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "all personalities are called in the same way")]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match understood(&GRAMMAR, &arguments) {
        Ok(understood) => understood,
        Err(status) => return status,
    };
    let output = arguments.value("log-output").unwrap_or("-");
    let log = match Log::open(Level::named(arguments.value("log-level").unwrap_or("info")), output) {
        Ok(log) => log,
        Err(error) => return failed("circusd-stats", format_args!("cannot log to {output}: {error}")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => LocalSet::new().block_on(&runtime, run(&arguments, log)),
        Err(error) => Err(Trouble::Io(error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => failed("circusd-stats", trouble),
    }
}

/// Runs until a signal ends it. (A window that changes its size ends the original, too.)
async fn run(arguments: &Arguments, log: Log) -> Result<(), Trouble> {
    let listen_for = |kind| signal(kind).map_err(Trouble::Io);
    let mut hangup = listen_for(SignalKind::hangup())?;
    let mut quit = listen_for(SignalKind::quit())?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    let mut terminate = listen_for(SignalKind::terminate())?;
    let ended = async move {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let statspoint =
        arguments.value("statspoint").unwrap_or(STATSPOINT).parse().map_err(Trouble::Statspoint)?;
    let pubsub = arguments.value("pubsub").unwrap_or(PUBSUB).parse();
    let pubsub = pubsub.map_err(|error| Trouble::Link(LinkError::Endpoint(error)))?;
    let bound = minder_zmtp::Endpoint::listen(&statspoint).map_err(Trouble::Listen)?;
    let publisher = Publisher::new([Listener::new(bound.socket).map_err(Trouble::Io)?], Bounds::default());
    let events = Subscriber::connect(pubsub, ["watcher."])
        .map_err(|error| Trouble::Link(LinkError::Connect(error)))?;
    let endpoint = arguments.value("endpoint").unwrap_or(ENDPOINT);
    let link = Link::open(endpoint, arguments.value("ssh")).map_err(Trouble::Link)?;
    Streamer::new(log, events, publisher).run(link, ended).await;
    if let Some(path) = bound.endpoint.path() {
        // Somebody else may have taken it away already.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

//! The programs of `examples/first`: small, but each does for real what its name says.
//!
//! They are children of a supervisor like any other and know nothing of minder. They end by the default action of the
//! signals that stop them, so they hold no state that would have to be put away.

mod chatty;
mod crasher;
mod listener;
mod web;
mod worker;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};

/// One of the programs of the demo.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// A web server.
    Web {
        /// Where it listens, such as 127.0.0.1:8080.
        address: String,
    },
    /// A worker.
    Worker {
        /// Which one it is.
        number: u32,
    },
    /// A program that fails after a few seconds.
    Crasher,
    /// A program that writes a lot.
    Chatty,
    /// An event listener.
    Listener,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let ended = match &arguments.part {
        Part::Web { address } => web::run(address),
        Part::Worker { number } => worker::run(*number),
        Part::Crasher => return crasher::run(),
        Part::Chatty => chatty::run(),
        Part::Listener => listener::run(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be what is broken.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a line at once, because a log that is read along must not lag behind.
fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// The programs of a demo need to differ, not to be unpredictable: a number below `bound` from clock and pid.
fn chance(bound: u64) -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::from(time.subsec_nanos()));
    // A step of a linear congruential generator, of which the upper bits are good.
    let mixed = (nanos ^ (u64::from(std::process::id()) << 20)).wrapping_mul(6_364_136_223_846_793_005);
    (mixed >> 33) % bound.max(1)
}

/// What a program does that does nothing: these are the programs that are looked after, not those that look after.
fn rest(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

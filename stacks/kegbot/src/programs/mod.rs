//! The programs, a file or a folder each; and the names by which they are called.

pub mod core;
pub mod kegboard;
pub mod lcd_daemon;
pub mod monitor;
pub mod native;
mod outbox;
pub mod rfid_daemon;
pub mod simulate_board;
pub mod sound_server;
pub mod test_flow;
pub mod tester;
pub mod webhook_publisher;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};

use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Application, Logger, Program, signals};

use crate::board::Serial;
use crate::flags;
use crate::kegnet::Client;

/// The life of a program: its command line, its work, and what failed outside of all threads. Returns the exit status.
fn live(
    program: &Program,
    arguments: &[OsString],
    defaults: Defaults,
    work: fn(&Application) -> Result<u8, Failure>,
) -> u8 {
    let application = match Application::begin(program, arguments, defaults) {
        Ok(application) => application,
        Err(status) => return status,
    };
    match work(&application) {
        Ok(status) => status,
        Err(failure) => uncaught(&application, &failure),
    }
}

/// The connection to the core that the flags name.
fn kegnet(application: &Application) -> Result<Client, Failure> {
    let address = application.flags.text(&flags::CORE_ADDR).parse();
    let address = address.map_err(|error| Failure::new("ValueError", format!("--kb_core_addr: {error}")))?;
    Ok(Client::new(address, application.log.logger("kegnet")))
}

/// What gets a word for each signal that asks for the end.
fn signalled(log: &Logger) -> Result<Receiver<()>, Failure> {
    let (quit, asked) = channel();
    let watch = signals::watch(log.clone(), move || {
        let _ = quit.send(());
    });
    watch.map_err(|error| Failure::new("error", error.to_string()))?;
    Ok(asked)
}

/// The board's port, that the flags name, with nothing else done to it.
fn board_port(application: &Application) -> Result<Serial, Failure> {
    let flags = &application.flags;
    let path = Path::new(flags.text(&kegboard::DEVICE));
    let speed = u32::try_from(flags.integer(&kegboard::SPEED)).unwrap_or(115_200);
    Serial::open(path, speed).map_err(|error| port_failure(path, &error))
}

/// Tells of a failure outside of all threads, and returns the exit status.
fn uncaught(application: &Application, failure: &Failure) -> u8 {
    let name = application.called.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".py").unwrap_or(name);
    let text = format!(
        "Uncaught exception in app {name}. Stack trace:\nError was: {}: {}\nAborting.\n",
        failure.kind, failure.text
    );
    // Whoever reads it has gone away, at worst.
    let _ = std::io::stderr().write_all(text.as_bytes());
    1
}

/// A serial port cannot be opened.
fn port_failure(path: &Path, error: &std::io::Error) -> Failure {
    let number = error.raw_os_error().map(|number| format!("[Errno {number}] ")).unwrap_or_default();
    let text = format!(
        "could not open port {}: {number}{}",
        path.display(),
        minder_kegbot_app::flags::reason(error)
    );
    Failure::new("SerialException", text)
}

/// A program that is called by its name.
pub struct Named {
    /// Its name, with underscores and without `.py`; both may be otherwise.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    run: fn(&[OsString]) -> u8,
}

/// All of them.
pub const NAMED: &[Named] = &[
    Named { name: "kegbot_core", about: "makes drinks of what meters and tokens tell", run: core::run },
    Named { name: "kegboard_daemon", about: "speaks with a board", run: kegboard::run },
    Named { name: "kegboard_monitor", about: "prints what a board says", run: monitor::run },
    Named { name: "kegboard_tester", about: "switches every relay of a board", run: tester::run },
    Named { name: "lcd_daemon", about: "shows taps and pours on a serial display", run: lcd_daemon::run },
    Named { name: "rfid_daemon", about: "tells of cards", run: rfid_daemon::run },
    Named { name: "sound_server", about: "plays sounds for pours", run: sound_server::run },
    Named { name: "test_flow", about: "pours without a tap", run: test_flow::run },
    Named { name: "webhook_publisher", about: "posts drinks to an address", run: webhook_publisher::run },
    Named { name: "fb_publisher", about: "says where it went", run: webhook_publisher::moved },
    Named { name: "kegbot_twitter", about: "says where it went", run: webhook_publisher::moved },
];

/// The program of this name, which may have dashes, and `.py` behind it.
#[must_use]
pub fn named(name: &str) -> Option<&'static Named> {
    let plain = name.rsplit('/').next().unwrap_or(name);
    let plain = plain.strip_suffix(".py").unwrap_or(plain).replace('-', "_");
    NAMED.iter().find(|program| program.name == plain)
}

/// Runs what the name says that this was called by, or else its first word. `arguments` begins with the name.
#[must_use]
pub fn run(arguments: &[OsString]) -> ExitCode {
    let word = |at: usize| arguments.get(at).map(|word| word.to_string_lossy().into_owned());
    if let Some(program) = word(0).as_deref().and_then(named) {
        return ExitCode::from((program.run)(arguments));
    }
    match word(1).as_deref().and_then(named) {
        Some(program) => ExitCode::from((program.run)(&arguments[1..])),
        None => native::run(arguments),
    }
}

/// What `kegbot --help` says of the programs that are called by name.
pub(crate) fn names_help() -> String {
    let lines: Vec<String> =
        NAMED.iter().map(|program| format!("  {:<18} {}", program.name, program.about)).collect();
    format!(
        "By these names, or with them as the first word, it is a program of Kegbot (NAME --help):\n{}",
        lines.join("\n")
    )
}

//! `kegboard_daemon`: a board's messages to the core, and the core's wishes to the board's relays.
//!
//! ```text
//!  board ─bytes─▶ device-io ─Message─▶ kegboard-manager ─Event─▶ kegnet ─▶ core
//!    ◀──────SetOutput──────────────────────────────────────────────┘
//! ```

mod device;
mod translation;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::{Failure, Threads};
use minder_kegbot_app::{Application, Definition, Kind, Module, Program, signals};

use crate::board::{first_port, wake_up};
use crate::flags;
use crate::kbsp::{CrcCheck, Message};
use crate::kegnet::Client;
use device::{Device, Ended, Line};
use translation::Names;

/// `--kegboard_device`.
pub(super) const DEVICE: Definition =
    Definition::new("kegboard_device", Kind::Text, "/dev/ttyUSB0", "The serial port that the board is at.");
/// `--kegboard_speed`.
pub(super) const SPEED: Definition =
    Definition::new("kegboard_speed", Kind::Positive, "115200", "Bits a second on that port.");
/// `--check_crc`.
pub(super) const CHECK_CRC: Definition = Definition::new(
    "check_crc",
    Kind::Switch,
    "true",
    "Drop what came over the line with a wrong checksum. Some boards compute none.",
);
const NAME: Definition = Definition::new(
    "kegboard_name",
    Kind::Text,
    "kegboard",
    "The board's name: its meter flow0 is NAME.flow0.",
);
const SHOW_MESSAGES: Definition =
    Definition::new("show_messages", Kind::Switch, "true", "Log what the board says.");
const REQUIRED_FIRMWARE: Definition = Definition::new(
    "required_firmware_version",
    Kind::Integer,
    "7",
    "The oldest firmware that is spoken with.",
);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "kegboard_daemon",
    root: "main",
    about: "Speaks with a Kegboard, and tells the core what it says.\n",
    own: &[NAME, SHOW_MESSAGES, flags::EVERY_TAP],
    modules: &[
        Module { name: "kegbot.kegboard", flags: &[CHECK_CRC, DEVICE, SPEED, REQUIRED_FIRMWARE] },
        flags::KEGNET,
    ],
};

/// The port that this machine has a board at.
pub(super) fn this_machine() -> Defaults {
    Defaults::from([(DEVICE.name, first_port().display().to_string())])
}

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    super::live(&PROGRAM, arguments, this_machine(), work)
}

fn work(application: &Application) -> Result<u8, Failure> {
    let (flags, log) = (&application.flags, application.main_logger());
    let client = super::kegnet(application)?;
    let path = PathBuf::from(flags.text(&DEVICE));
    let speed = u32::try_from(flags.integer(&SPEED)).unwrap_or(115_200);
    let port = super::board_port(application)?;
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    let (quit, asked) = channel();
    let of_signals = quit.clone();
    signals::watch(log.clone(), move || {
        let _ = of_signals.send(Ended::Asked);
    })
    .map_err(|error| Failure::new("error", error.to_string()))?;
    let line: Line = Arc::new(Mutex::new(None));
    let (waker, wake) = wake_up().map_err(|error| Failure::new("error", error.to_string()))?;
    let (messages, received) = channel();
    let device = Device {
        path,
        speed,
        check: if flags.is_on(&CHECK_CRC) { CrcCheck::Strict } else { CrcCheck::Ignored },
        required: flags.integer(&REQUIRED_FIRMWARE),
        log: application.log.logger("device-io"),
        messages,
        line: line.clone(),
        wake,
        quit,
    };
    log.info("Starting all service threads.");
    let (mut threads, _ended) = Threads::new(log.clone());
    let board = flags.text(&NAME).to_owned();
    let of_kegnet = client.clone();
    let relay_log = application.log.logger("kegboard-manager");
    threads.start("kegnet", move || {
        of_kegnet.run(|event| translation::switch(&event, &board, &line, &relay_log));
        Ok(())
    })?;
    let manager = manager(application, client.clone(), received);
    threads.start("kegboard-manager", manager)?;
    threads.start("device-io", move || device.run(port))?;
    log.info("All threads started.");
    log.info("Running generic main loop (going to sleep).");
    let why = asked.recv().unwrap_or(Ended::Failed);
    log.info("Exiting main loop");
    waker.wake();
    client.quit();
    threads.stop();
    Ok(match why {
        Ended::Asked => 0,
        Ended::Failed => 1,
    })
}

fn manager(
    application: &Application,
    client: Client,
    received: Receiver<Message>,
) -> impl FnOnce() -> Result<(), Failure> + use<> {
    let log = application.log.logger("kegboard-manager");
    let flags = &application.flags;
    let shows = flags.is_on(&SHOW_MESSAGES);
    let names = Names { board: flags.text(&NAME).to_owned(), tap: flags.text(&flags::EVERY_TAP).to_owned() };
    move || {
        log.info("Starting main loop.");
        for message in received {
            if shows {
                log.info(&format!("RX: {message}"));
            }
            if let Some(event) = names.event(&message) {
                client.send(event);
            }
        }
        Ok(())
    }
}

//! `kegboard_tester`: switches every relay of a board on and off, one after the other, for ever. Valves really click.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Application, Module, Program};

use super::kegboard::{DEVICE, SPEED, this_machine};
use crate::board::Serial;
use crate::kbsp::{Message, Output};

/// Which relays a board has.
const OUTPUTS: std::ops::Range<u8> = 0..6;
/// How long each is on, and then off.
const EACH: Duration = Duration::from_secs(2);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "kegboard_tester",
    root: "main",
    about: "Switches every relay of a Kegboard on and off, for ever. Valves really open.\n",
    own: &[],
    modules: &[Module { name: "kegbot.kegboard", flags: &[DEVICE, SPEED] }],
};

/// Runs the program, and returns its exit status. A signal ends it at once.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    let application = match Application::begin(&PROGRAM, arguments, this_machine()) {
        Ok(application) => application,
        Err(status) => return status,
    };
    match work(&application) {
        Ok(status) => status,
        Err(failure) => super::uncaught(&application, &failure),
    }
}

fn work(application: &Application) -> Result<u8, Failure> {
    let (flags, log) = (&application.flags, application.main_logger());
    let path = PathBuf::from(flags.text(&DEVICE));
    let gone = |error: std::io::Error| super::port_failure(&path, &error);
    log.info("Setting up serial port...");
    let port = Serial::open(&path, u32::try_from(flags.integer(&SPEED)).unwrap_or(115_200)).map_err(gone)?;
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    log.info("Starting reader loop...");
    port.write(&Message::Ping.encode().encode()).map_err(gone)?;
    loop {
        for output in OUTPUTS {
            for mode in [Output::On, Output::Off] {
                let command = Message::SetOutput { output_id: Some(output), output_mode: Some(mode) };
                log.info(&format!("Sending relay command: {command}"));
                port.write(&command.encode().encode()).map_err(gone)?;
                std::thread::sleep(EACH);
            }
        }
    }
}

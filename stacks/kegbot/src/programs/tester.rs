//! `kegboard_tester`: switches every relay of a board on and off, one after the other, for ever. Valves really click.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Application, Module, Program};

use super::kegboard::{DEVICE, SPEED, this_machine};
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
    super::live(&PROGRAM, arguments, this_machine(), work)
}

fn work(application: &Application) -> Result<u8, Failure> {
    let (flags, log) = (&application.flags, application.main_logger());
    let path = PathBuf::from(flags.text(&DEVICE));
    let gone = |error: std::io::Error| super::port_failure(&path, &error);
    log.info("Setting up serial port...");
    let port = super::board_port(application)?;
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

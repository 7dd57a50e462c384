//! `kegboard_monitor`: prints what a board says.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Application, Module, Program};

use super::kegboard::{CHECK_CRC, DEVICE, SPEED, this_machine};
use crate::board::{Heard, wake_up};
use crate::kbsp::{CrcCheck, Found, Message, Reader};

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "kegboard_monitor",
    root: "main",
    about: "Prints what a Kegboard says, a message a line.\n",
    own: &[],
    modules: &[Module { name: "kegbot.kegboard", flags: &[CHECK_CRC, DEVICE, SPEED] }],
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
    let check = if flags.is_on(&CHECK_CRC) { CrcCheck::Strict } else { CrcCheck::Ignored };
    let mut reader = Reader::new(check);
    let (_waker, wake) = wake_up().map_err(gone)?;
    loop {
        let Heard::Bytes(bytes) = port.read(&wake, None).map_err(gone)? else { continue };
        for found in reader.feed(&bytes) {
            let line = match found {
                Found::Frame(frame) => match Message::decode(&frame) {
                    Ok(message) => message.to_string(),
                    Err(error) => format!("<{error}>"),
                },
                Found::BadCrc => "<a frame with a wrong checksum>".to_owned(),
                Found::Broken { .. } | Found::Fixed | Found::BogusLength(_) | Found::BadTrailer(_) => {
                    continue;
                }
            };
            if writeln!(std::io::stdout(), "{line}").is_err() {
                // Nobody reads any more.
                return Ok(0);
            }
        }
    }
}

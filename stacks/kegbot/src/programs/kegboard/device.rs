//! `device-io`: reads a board, and finds it again when it was pulled out.

use std::io::PipeReader;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use minder_kegbot_app::Logger;
use minder_kegbot_app::threads::Failure;

use crate::board::{Heard, Serial};
use crate::kbsp::{CrcCheck, Found, Frame, Message, Reader};
use crate::kegnet::Waits;

/// How long to let a board be that has not said yet what it is.
const BETWEEN_PINGS: Duration = Duration::from_millis(100);

/// The port as long as there is one, for whoever wants to write to it.
pub(super) type Line = Arc<Mutex<Option<Serial>>>;

/// Why the daemon ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Somebody wants it.
    Asked,
    /// The board is none that can be spoken with.
    Failed,
}

/// What the thread is made of.
pub(super) struct Device {
    pub(super) path: PathBuf,
    pub(super) speed: u32,
    pub(super) check: CrcCheck,
    pub(super) required: i64,
    pub(super) log: Logger,
    pub(super) messages: Sender<Message>,
    pub(super) line: Line,
    pub(super) wake: PipeReader,
    pub(super) quit: Sender<Ended>,
}

/// How a connection to a board ended.
enum Over {
    /// The reader was woken.
    Woken,
    /// The board is gone.
    Gone,
    /// Its firmware is too old.
    TooOld,
}

/// Whether a board has said what it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    NotYet,
    Greeted,
}

impl Device {
    pub(super) fn run(self, first: Serial) -> Result<(), Failure> {
        self.log.info("Starting reader loop...");
        let mut port = Some(first);
        while let Some(open) = port.take() {
            self.hold(Some(open.clone()));
            let over = self.converse(&open);
            self.hold(None);
            drop(open);
            match over {
                Over::Woken => return Ok(()),
                Over::TooOld => {
                    let _ = self.quit.send(Ended::Failed);
                    return Ok(());
                }
                Over::Gone => {
                    self.log.warning(&format!("Device removed: {}", self.path.display()));
                    port = self.find_again();
                }
            }
        }
        Ok(())
    }

    fn hold(&self, port: Option<Serial>) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = port;
    }

    /// Waits for the port to be there again. Nothing if the reader was woken before.
    fn find_again(&self) -> Option<Serial> {
        let mut waits = Waits::default();
        loop {
            if let Ok(port) = Serial::open(&self.path, self.speed) {
                self.log.info(&format!("Device added: {}", self.path.display()));
                return Some(port);
            }
            if !self.rest(waits.next_wait()) {
                return None;
            }
        }
    }

    /// Waits for so long. Whether it was not woken.
    fn rest(&self, most: Duration) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 5, tv_nsec: 0 });
        let mut fds = [PollFd::new(&self.wake, PollFlags::IN)];
        matches!(poll(&mut fds, Some(&most)), Ok(0) | Err(rustix::io::Errno::INTR))
    }

    fn converse(&self, port: &Serial) -> Over {
        let mut reader = Reader::new(self.check);
        let mut known = Known::NotYet;
        for _ in 0..2 {
            if self.ping(port).is_err() {
                return Over::Gone;
            }
        }
        loop {
            let bytes = match port.read(&self.wake, None) {
                Ok(Heard::Bytes(bytes)) => bytes,
                Ok(Heard::Silence) => continue,
                Ok(Heard::Woken) => return Over::Woken,
                Err(error) => {
                    self.log.debug(&format!("The port says: {error}"));
                    return Over::Gone;
                }
            };
            for found in reader.feed(&bytes) {
                let Some(message) = self.message(found) else { continue };
                if let Some(over) = self.take(port, message, &mut known) {
                    return over;
                }
            }
        }
    }

    fn ping(&self, port: &Serial) -> std::io::Result<()> {
        port.write(&Message::Ping.encode().encode())
    }

    /// What was found, if it is a message. What is none is told.
    fn message(&self, found: Found) -> Option<Message> {
        let log = self.log.named("kegboard-reader");
        match found {
            Found::Frame(frame) => self.decoded(&frame),
            Found::Broken { found, expected } => {
                let (found, expected) = (shown(found), shown(expected));
                log.info(&format!("Packet framing broken (found {found}, expected {expected}); reframing."));
                None
            }
            Found::Fixed => {
                log.info("Packet framing fixed.");
                None
            }
            Found::BogusLength(length) => {
                log.warning(&format!("Bogus message length ({length}), skipping message"));
                None
            }
            Found::BadTrailer(bytes) => {
                let text: String =
                    bytes.iter().map(|&byte| shown(byte).trim_matches('\'').to_owned()).collect();
                log.warning(&format!("Bad trailer ('{text}'), skipping message"));
                None
            }
            Found::BadCrc => {
                log.warning("Bad CRC, skipping message");
                None
            }
        }
    }

    fn decoded(&self, frame: &Frame) -> Option<Message> {
        match Message::decode(frame) {
            Ok(message) => Some(message),
            Err(error) => {
                self.log.warning("Read unknown message, skipping");
                self.log.debug(&format!("It was: {error}"));
                None
            }
        }
    }

    /// Takes a message. A board that has not said what it is is asked again, and what else it says is dropped.
    fn take(&self, port: &Serial, message: Message, known: &mut Known) -> Option<Over> {
        if *known == Known::NotYet {
            let Message::Hello { firmware_version, .. } = &message else {
                if self.ping(port).is_err() {
                    return Some(Over::Gone);
                }
                return if self.rest(BETWEEN_PINGS) { None } else { Some(Over::Woken) };
            };
            let version = firmware_version.map_or(0, i64::from);
            if version < self.required {
                self.log.error(&format!(
                    "Attached kegboard firmware version ({version}) is less than the required version ({}); please update \
                     this kegboard.",
                    self.required
                ));
                return Some(Over::TooOld);
            }
            self.log.info(&format!("Found a Kegboard! Firmware version {version}"));
            *known = Known::Greeted;
        }
        // Nobody takes it when the daemon ends.
        let _ = self.messages.send(message);
        None
    }
}

/// A byte as Python shows it.
fn shown(byte: u8) -> String {
    match byte {
        b'\r' => "'\\r'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        b'\'' => "\"'\"".to_owned(),
        0x20..=0x7e => format!("'{}'", char::from(byte)),
        _ => format!("'\\x{byte:02x}'"),
    }
}

//! `rfid_daemon`: cards held against a reader become tokens.
//!
//! The reader of the original is one of Phidgets', which needs its maker's library; where `phidget22`'s Python module is
//! installed, it is asked through that in a child process. Readers that print a card a line, on a serial port or on standard
//! input, need nothing.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Application, Definition, Kind, Logger, Program, signals};

use crate::flags;
use crate::kegnet::{Client, Event, TokenAuth, TokenStatus};

const WAIT: Definition = Definition::new(
    "phidget_wait_seconds",
    Kind::Count,
    "0",
    "How long to wait for a reader, seconds; 0 waits for ever.",
);
const TOGGLE: Definition = Definition::new(
    "toggle_output",
    Kind::Switch,
    "false",
    "Switch the reader's first output together with its light.",
);
const READER: Definition = Definition::new(
    "rfid_reader",
    Kind::Text,
    "phidget",
    "Where cards come from: phidget; - for a card a line on standard input; or a serial port that prints a card a line.",
);
const READER_SPEED: Definition =
    Definition::new("rfid_speed", Kind::Positive, "9600", "Bits a second of such a serial port.");
const READER_HOLD: Definition = Definition::new(
    "rfid_hold_seconds",
    Kind::Between(0.0, 60.0),
    "1",
    "After how long without being read again a card of such a reader has gone.",
);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "rfid_daemon",
    root: "rfid-handler",
    about: "Tells the core of cards that are held against a reader.\n",
    own: &[WAIT, READER, READER_HOLD, READER_SPEED, flags::EVERY_TAP, TOGGLE],
    modules: &[flags::KEGNET],
};

/// The reader's program for Phidgets: a line for what happens. `+TAG`, `-TAG`, `attached SERIAL`, `detached SERIAL`,
/// `error NUMBER TEXT`.
const PHIDGET: &str = r"
import sys
from Phidget22.Devices.RFID import RFID
from Phidget22.Devices.DigitalOutput import DigitalOutput
toggle = sys.argv[1] == 'toggle'
def say(line):
    print(line, flush=True)
output = None
if toggle:
    output = DigitalOutput(); output.setChannel(0)
def light(on):
    if output is not None and output.getAttached():
        output.setState(on)
reader = RFID()
def attached(r):
    r.setAntennaEnabled(True); say('attached %s' % r.getDeviceSerialNumber())
reader.setOnAttachHandler(attached)
reader.setOnDetachHandler(lambda r: say('detached %s' % r.getDeviceSerialNumber()))
reader.setOnErrorHandler(lambda r, code, text: say('error %s %s' % (code, text)))
reader.setOnTagHandler(lambda r, tag, protocol: (light(True), say('+' + tag)))
reader.setOnTagLostHandler(lambda r, tag, protocol: (light(False), say('-' + tag)))
reader.open()
if output is not None:
    output.open()
sys.stdin.read()
";

/// What a reader tells.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Attached(String),
    Detached(String),
    Added(String),
    Removed(String),
    Error(String, String),
    /// It tells nothing more, and why.
    Over(String),
    /// A signal asks for the end.
    Quit,
}

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    super::live(&PROGRAM, arguments, Defaults::new(), work)
}

fn work(application: &Application) -> Result<u8, Failure> {
    let log = application.main_logger();
    let client = super::kegnet(application)?;
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    log.info("Setting up kegnet client ...");
    let of_thread = client.clone();
    let spawned = std::thread::Builder::new().name("kegnet".to_owned()).spawn(move || of_thread.run(drop));
    let kegnet = spawned.map_err(|error| Failure::new("error", error.to_string()))?;
    log.info("Setting up RFID controller ...");
    let (told, heard) = channel();
    let of_signals = told.clone();
    signals::watch(log.clone(), move || {
        let _ = of_signals.send(Told::Quit);
    })
    .map_err(|error| Failure::new("error", error.to_string()))?;
    let reader = open(application, &log, told)?;
    let session = Session { application, log: &log, client: &client };
    let status = session.listen(&heard);
    drop(reader);
    // What was told last goes out before.
    let _ = client.drain(Duration::from_millis(500));
    client.quit();
    let _ = kegnet.join();
    log.info("Closed RFID device, exiting ...");
    Ok(status)
}

/// A reader that was opened. A child process ends with it.
struct Open(Option<Child>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It is only waiting for this.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn open(application: &Application, log: &Logger, told: Sender<Told>) -> Result<Open, Failure> {
    let flags = &application.flags;
    let hold = Duration::try_from_secs_f64(flags.number(&READER_HOLD)).unwrap_or(Duration::from_secs(1));
    let spawn = |body: Box<dyn FnOnce() + Send>| {
        let spawned = std::thread::Builder::new().name("rfid".to_owned()).spawn(body);
        spawned.map(drop).map_err(|error| Failure::new("error", error.to_string()))
    };
    match flags.text(&READER) {
        "phidget" => {
            log.info("Opening phidget connection ...");
            let word = if flags.is_on(&TOGGLE) { "toggle" } else { "-" };
            let mut child = phidget(word).map_err(|error| {
                Failure::new(
                    "error",
                    format!("python3 cannot be started, by which Phidgets are read: {error}"),
                )
            })?;
            let out = child.stdout.take();
            spawn(Box::new(move || out.into_iter().for_each(|out| follow(BufReader::new(out), &told))))?;
            Ok(Open(Some(child)))
        }
        "-" => {
            spawn(Box::new(move || cards(BufReader::new(std::io::stdin()), &told, None)))?;
            Ok(Open(None))
        }
        path => {
            let path = Path::new(path);
            let speed = u32::try_from(flags.integer(&READER_SPEED)).unwrap_or(9600);
            // It sets the line up. It is read as a file then, which is what waits for lines.
            let _port =
                crate::board::Serial::open(path, speed).map_err(|error| super::port_failure(path, &error))?;
            let file = File::open(path).map_err(|error| super::port_failure(path, &error))?;
            spawn(Box::new(move || cards(BufReader::new(file), &told, Some(hold))))?;
            Ok(Open(None))
        }
    }
}

/// `word`: `toggle`, if the reader's output is to be switched too.
fn phidget(word: &str) -> std::io::Result<Child> {
    let mut command = Command::new("python3");
    command.args(["-c", PHIDGET, word]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
}

/// Reads what the child for Phidgets says.
fn follow(out: impl std::io::BufRead, told: &Sender<Told>) {
    for line in out.lines().map_while(Result::ok) {
        let said = match line.split_once(' ') {
            Some(("attached", serial)) => Told::Attached(serial.to_owned()),
            Some(("detached", serial)) => Told::Detached(serial.to_owned()),
            Some(("error", rest)) => {
                let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
                Told::Error(number.to_owned(), text.to_owned())
            }
            _ => match (line.strip_prefix('+'), line.strip_prefix('-')) {
                (Some(tag), _) => Told::Added(tag.to_owned()),
                (None, Some(tag)) => Told::Removed(tag.to_owned()),
                (None, None) => continue,
            },
        };
        if told.send(said).is_err() {
            return;
        }
    }
    let text = "the program for Phidgets has ended; is the Python module Phidget22 installed?";
    let _ = told.send(Told::Over(text.to_owned()));
}

/// Reads a card a line. Without a time for which cards stay they go at once.
fn cards(lines: impl Read, told: &Sender<Told>, hold: Option<Duration>) {
    let (seen, cards) = channel::<String>();
    let of_watch = told.clone();
    let watch = std::thread::Builder::new().name("rfid hold".to_owned()).spawn(move || {
        let mut present: Option<String> = None;
        loop {
            let card = match (&present, hold) {
                (Some(_), Some(hold)) => cards.recv_timeout(hold),
                (Some(_), None) => cards.recv_timeout(Duration::ZERO),
                (None, _) => cards.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match card {
                Ok(card) if present.as_ref() == Some(&card) => {}
                Ok(card) => {
                    if let Some(earlier) = present.replace(card.clone()) {
                        let _ = of_watch.send(Told::Removed(earlier));
                    }
                    let _ = of_watch.send(Told::Added(card));
                }
                Err(error) => {
                    if let Some(gone) = present.take() {
                        let _ = of_watch.send(Told::Removed(gone));
                    }
                    if error == RecvTimeoutError::Disconnected {
                        return;
                    }
                }
            }
        }
    });
    for line in BufReader::new(lines).split(b'\n').map_while(Result::ok) {
        let text = String::from_utf8_lossy(&line);
        let card: String = text.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        if !card.is_empty() && seen.send(card).is_err() {
            break;
        }
    }
    drop(seen);
    if let Ok(watch) = watch {
        let _ = watch.join();
    }
    let _ = told.send(Told::Over("the reader says nothing any more".to_owned()));
}

struct Session<'a> {
    application: &'a Application,
    log: &'a Logger,
    client: &'a Client,
}

impl Session<'_> {
    fn listen(&self, heard: &std::sync::mpsc::Receiver<Told>) -> u8 {
        let flags = &self.application.flags;
        let seconds = u64::try_from(flags.integer(&WAIT)).unwrap_or(0);
        let mut patience =
            (flags.text(&READER) == "phidget" && seconds > 0).then(|| Duration::from_secs(seconds));
        if flags.text(&READER) == "phidget" {
            self.log.info("Waiting for RFID device ...");
        } else {
            self.log.info("Waiting for RFID events ...");
        }
        loop {
            let told = match patience {
                Some(most) => heard.recv_timeout(most),
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match told {
                Ok(Told::Attached(serial)) => {
                    patience = None;
                    self.log.info(&format!("RFID device attached: {serial}"));
                    self.log.info("Waiting for RFID events ...");
                }
                Ok(Told::Detached(serial)) => self.log.info(&format!("RFID device detached: {serial}")),
                Ok(Told::Added(tag)) => self.tell(&tag, TokenStatus::Added),
                Ok(Told::Removed(tag)) => self.tell(&tag, TokenStatus::Removed),
                Ok(Told::Error(number, text)) => self.log.error(&format!("Phidget error {number}: {text}")),
                Ok(Told::Quit) => {
                    self.log.info("Got CTRL-C, exiting.");
                    return 0;
                }
                Ok(Told::Over(reason)) => {
                    self.log.error(&reason);
                    return 1;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.log.error(&format!("No device found after {seconds} seconds!"));
                    return 1;
                }
                Err(RecvTimeoutError::Disconnected) => return 1,
            }
        }
    }

    fn tell(&self, tag: &str, status: TokenStatus) {
        self.log.info(&format!("RFID {}: {tag}", status.word()));
        self.client.send(Event::TokenAuth(TokenAuth {
            tap_name: self.application.flags.text(&flags::EVERY_TAP).to_owned(),
            auth_device_name: "core.rfid".to_owned(),
            token_value: tag.to_lowercase(),
            status,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &str, hold: Option<Duration>) -> Vec<Told> {
        let (told, all) = channel();
        cards(lines.as_bytes(), &told, hold);
        drop(told);
        all.into_iter().filter(|one| !matches!(one, Told::Over(_))).collect()
    }

    #[test]
    fn a_card_that_is_read_again_and_again_is_there_once() {
        let (added, removed) =
            (|card: &str| Told::Added(card.into()), |card: &str| Told::Removed(card.into()));
        let all = heard("68AB\r\n68AB\r\n\r\n\x0212CD\x03\n", Some(Duration::from_secs(60)));
        assert_eq!(all, [added("68AB"), removed("68AB"), added("12CD"), removed("12CD")]);
        let at_once = heard("68AB\n", None);
        assert_eq!(at_once, [added("68AB"), removed("68AB")]);
    }

    #[test]
    fn what_phidgets_say_is_understood() {
        let (told, all) = channel();
        follow("attached 42\n+01AB\n-01AB\nerror 3 no power\nhello\n".as_bytes(), &told);
        drop(told);
        let all: Vec<Told> = all.into_iter().collect();
        assert_eq!(
            all[..4],
            [
                Told::Attached("42".into()),
                Told::Added("01AB".into()),
                Told::Removed("01AB".into()),
                Told::Error("3".into(), "no power".into())
            ]
        );
        assert!(matches!(all[4], Told::Over(_)));
    }
}

//! What pages ask for and tell over the socket: a word, or a word and a value.

use serde_json::{Value, json};

use super::{Effect, Now, Save, Script};
use crate::device::Logging;
use crate::firmware::constants::Unit;
use crate::profile::told;
use crate::python::dumps;

/// What is answered; nothing, where the original closes without a word.
pub type Answer = Option<String>;

/// Seconds between data points that may be asked for.
const INTERVALS: std::ops::Range<u64> = 6..5000;
/// The shortest name of a brew, in characters.
const NAME_MIN: usize = 2;
/// Answered as long as a list of devices has not come.
const NOT_UP_TO_DATE: &str = "device-list-not-up-to-date";

impl Script {
    /// A request.
    pub fn asked(&mut self, request: &str, now: Now) -> Answer {
        let (word, value) = request.split_once('=').unwrap_or((request, ""));
        let word = word.trim();
        self.question(word).or_else(|| self.order(word, value, now))
    }

    /// What only wants to know.
    fn question(&self, word: &str) -> Answer {
        let object = |object: &serde_json::Map<String, Value>| dumps(&Value::Object(object.clone()));
        match word {
            "ack" => Some("ack".to_owned()),
            "lcd" => Some(dumps(&json!(self.display))),
            "getMode" => Some(self.mode().to_owned()),
            "getBeer" => Some(dumps(&self.setting("beerSet"))),
            "getFridge" => Some(dumps(&self.setting("fridgeSet"))),
            "getControlConstants" => Some(object(&self.constants)),
            "getControlSettings" => {
                let mut settings = self.settings.clone();
                settings.insert("dataLogging".to_owned(), Value::from(self.device.logging.word()));
                Some(object(&settings))
            }
            "getControlVariables" => Some(self.variables.clone()),
            "getVersion" => Some(dumps(&self.version_answer())),
            "getDashInfo" => Some(dumps(&self.dashboard())),
            "getDeviceList" => Some(self.device_list()),
            _ => None,
        }
    }

    fn order(&mut self, word: &str, value: &str, now: Now) -> Answer {
        match word {
            "refreshControlConstants" => self.pass_on("c"),
            "refreshControlSettings" => self.pass_on("s"),
            "refreshControlVariables" => self.pass_on("v"),
            "loadDefaultControlSettings" => self.pass_on("S"),
            "loadDefaultControlConstants" => self.pass_on("C"),
            "resetWiFi" => self.pass_on("w"),
            "setBeer" => self.set_degrees(value, "b", "beerSet", "Beer"),
            "setFridge" => self.set_degrees(value, "f", "fridgeSet", "Fridge"),
            "setOff" => self.set_off(),
            "setParameters" => self.set_parameters(value),
            "setActiveProfile" => self.set_profile(),
            "startNewBrew" => Some(self.start_brew(value)),
            "pauseLogging" => Some(self.pause()),
            "resumeLogging" => Some(self.resume()),
            "stopLogging" => Some(self.stop_logging()),
            "interval" => self.set_interval(value, now),
            "refreshDeviceList" => {
                self.ask_devices();
                None
            }
            "applyDevice" => self.tell_devices('U', value),
            "writeDevice" => self.tell_devices('d', value),
            "resetController" => {
                self.say("Resetting controller to factory defaults");
                for ask in ["E", "s", "c", "v"] {
                    self.send(ask);
                }
                self.ask_devices();
                None
            }
            "stopScript" | "quit" => {
                self.say("Stopping script on request");
                self.effects.push(Effect::Exit(0));
                None
            }
            "eraseLogs" | "dateTimeFormatDisplay" | "programController" => {
                self.say(format!("{word} is not supported by this script"));
                None
            }
            _ => {
                self.say(format!("Error: Received invalid message on socket: {word}"));
                None
            }
        }
    }

    fn pass_on(&mut self, letter: &str) -> Answer {
        self.send(letter);
        None
    }

    fn set_degrees(&mut self, value: &str, mode: &str, key: &str, name: &str) -> Answer {
        let Some(degrees) = value.trim().parse::<f64>().ok().filter(|degrees| degrees.is_finite()) else {
            self.say(format!("Cannot convert temperature '{value}' to a number"));
            return None;
        };
        let degrees = (degrees * 100.0).round() / 100.0;
        self.settings.insert("mode".to_owned(), Value::from(mode));
        self.settings.insert(key.to_owned(), Value::from(degrees));
        self.send(format!("j{{mode:{mode}, {key}:{degrees}}}"));
        self.say(format!("Notification: {name} temperature set to {degrees} degrees in web interface"));
        None
    }

    fn set_off(&mut self) -> Answer {
        self.settings.insert("mode".to_owned(), Value::from("o"));
        self.send("j{mode:o}");
        self.say("Notification: Temperature control disabled");
        None
    }

    fn set_parameters(&mut self, value: &str) -> Answer {
        let Ok(Value::Object(told)) = serde_json::from_str::<Value>(value) else {
            self.say(format!("Error: invalid JSON parameter string received: {value}"));
            return None;
        };
        // One line of it, however it was written.
        self.send(format!("j{}", Value::Object(told.clone())));
        match told.get("tempFormat").and_then(Value::as_str) {
            Some("C") => self.set_unit(Unit::Celsius),
            Some("F") => self.set_unit(Unit::Fahrenheit),
            _ => {}
        }
        None
    }

    fn set_profile(&mut self) -> Answer {
        self.effects.push(Effect::Save(Save::Reread));
        if self.mode() != "p" {
            self.settings.insert("mode".to_owned(), Value::from("p"));
            self.send("j{mode:p}");
        }
        Some("Profile successfully updated".to_owned())
    }

    fn start_brew(&mut self, name: &str) -> String {
        if name.trim().chars().count() < NAME_MIN {
            let text =
                format!("Invalid new brew name '{name}', please enter a name with at least 2 characters");
            return status(1, &text);
        }
        self.device.logging = Logging::Active;
        self.effects.push(Effect::Save(Save::Brew(name.trim().to_owned())));
        self.say(format!("Notification: New brew '{name}' started"));
        status(0, &format!("Successfully switched to new brew '{name}'. Please reload the page."))
    }

    fn pause(&mut self) -> String {
        if self.device.logging != Logging::Active {
            return status(1, "Logging already paused or stopped.");
        }
        self.set_logging(Logging::Paused);
        status(0, "Successfully paused logging.")
    }

    fn resume(&mut self) -> String {
        if self.device.logging != Logging::Paused {
            return status(1, "Logging was not resumed.");
        }
        self.set_logging(Logging::Active);
        status(0, "Successfully continued logging.")
    }

    fn stop_logging(&mut self) -> String {
        self.set_logging(Logging::Stopped);
        self.beer = None;
        status(0, "Successfully stopped logging")
    }

    fn set_logging(&mut self, logging: Logging) {
        self.device.logging = logging;
        self.effects.push(Effect::Save(Save::Logging(logging)));
    }

    fn set_interval(&mut self, value: &str, now: Now) -> Answer {
        match value.trim().parse::<u64>() {
            Ok(seconds) if INTERVALS.contains(&seconds) => {
                self.interval = seconds;
                // A board that was silent for long is not to be given up at once by a shorter interval.
                self.timers.temperatures = now.up;
                self.say(format!("Notification: Interval changed to {seconds} seconds"));
            }
            _ => self.say(format!("Cannot convert interval '{value}' to seconds between 5 and 5000")),
        }
        None
    }

    fn tell_devices(&mut self, letter: char, value: &str) -> Answer {
        match serde_json::from_str::<Value>(value) {
            Ok(told @ Value::Object(_)) => {
                self.send(format!("{letter}{told}"));
                self.ask_devices();
            }
            _ => self.say(format!("Error: invalid JSON parameter string received: {value}")),
        }
        None
    }

    fn device_list(&self) -> String {
        let (Some(installed), Some(available)) = (&self.devices.installed, &self.devices.available) else {
            return NOT_UP_TO_DATE.to_owned();
        };
        let (board, shield) = self.board_and_shield();
        dumps(&json!({
            "board": board,
            "shield": shield,
            "deviceList": {"listState": "dh", "installed": installed, "available": available},
            "pinList": pins(&board),
        }))
    }

    /// The set point of a profile at this moment, in the device's unit; for pages.
    #[must_use]
    pub fn profile_degrees(&self, degrees: f64) -> f64 {
        told(degrees, self.device.unit)
    }
}

/// What whoever wanted something is told when the database did not take it.
#[must_use]
pub fn not_saved(reason: &str) -> Answer {
    Some(status(1, &format!("The database was not changed: {reason}")))
}

fn status(number: u8, text: &str) -> String {
    dumps(&json!({"status": number, "statusMessage": text}))
}

/// The pins that a board's devices may be at: number, name and what it is for.
fn pins(board: &str) -> Vec<Value> {
    let list: &[(u8, &str, &str)] = match board {
        "esp8266" => &[
            (16, "  D0 (Heat)", "act"),
            (14, "  D5 (Cool)", "act"),
            (13, "  D7 (Door)", "door"),
            (12, "  D6 (OneWire)", "onewire"),
        ],
        "uno" => &[
            (6, "  6 (Cool)", "act"),
            (5, "  5 (Heat)", "act"),
            (4, "  4 (Door)", "door"),
            (18, " A4 (OneWire)", "onewire"),
        ],
        _ => &[],
    };
    list.iter().map(|(pin, text, kind)| json!({"val": pin, "text": text, "type": kind})).collect()
}

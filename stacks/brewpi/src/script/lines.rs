//! What the board says, and what follows from it.

use serde_json::{Map, Value};

use super::{Effect, Incoming, Now, Phase, Reading, Save, Script, Version, debug};
use crate::device::Logging;
use crate::firmware::constants::Unit;

/// The oldest firmware that is understood.
const OLDEST: (u32, u32, u32) = (0, 2, 4);
/// From here on the firmware tells what it shows by itself.
const MODERN: (u32, u32, u32) = (0, 4, 0);
/// The version of debug messages that [`debug`] has the texts of.
const MESSAGES: &str = "3";

impl Script {
    /// Something came in.
    pub fn heard(&mut self, incoming: Incoming, now: Now) {
        match incoming {
            Incoming::Debug(object) => {
                let text = debug::text(&object);
                self.say(format!("Controller debug message: {text}"));
            }
            Incoming::Noise(count) => {
                self.say(format!("Cannot process {count} bytes without a line end from controller"));
            }
            Incoming::Line(line) => self.line(&line, now),
        }
    }

    fn line(&mut self, line: &str, now: Now) {
        let mut letters = line.chars();
        let letter = letters.next();
        let Some(rest) = letters.as_str().strip_prefix(':') else {
            // Before it has started, a board may still be sending the end of something.
            if self.phase == Phase::Running {
                self.say(format!("Cannot process line from controller: {line}"));
            }
            return;
        };
        let parsed: Value = match serde_json::from_str(rest) {
            Ok(parsed) => parsed,
            Err(error) if self.phase == Phase::Asking && letter == Some('N') => {
                self.bare_version(rest, &error.to_string(), now);
                return;
            }
            Err(error) => {
                self.say(format!("JSON decode error: {error}"));
                self.say(format!("Line received was: {line}"));
                return;
            }
        };
        match (letter, parsed) {
            (Some('N'), Value::Object(told)) => self.version(told, now),
            (Some('T'), Value::Object(told)) => self.temperatures(&told, rest, now),
            (Some('L'), Value::Array(lines)) => self.display(&lines),
            (Some('S'), Value::Object(told)) => {
                self.settings = told;
                self.timers.settings = now.up;
            }
            (Some('C'), Value::Object(told)) => self.constants(told),
            (Some('V'), Value::Object(_)) => rest.trim().clone_into(&mut self.variables),
            (Some('d'), Value::Array(found)) => self.devices.installed = Some(found),
            (Some('h'), Value::Array(found)) => self.devices.available = Some(found),
            (Some('U'), told) => self.say(format!("Device updated to: {told}")),
            (_, _) => self.say(format!("Cannot process line from controller: {line}")),
        }
    }

    /// Firmware that says nothing but its number.
    fn bare_version(&mut self, rest: &str, error: &str, now: Now) {
        let rest = rest.trim();
        if numbers(rest).is_some() {
            let told = Map::from_iter([("v".to_owned(), Value::from(rest))]);
            self.version(told, now);
        } else {
            self.say(format!("JSON decode error: {error}"));
            self.say(format!("Line received was: N:{rest}"));
        }
    }

    fn version(&mut self, told: Map<String, Value>, now: Now) {
        let version = Version { told };
        let told = |key: &str| version.text(key);
        let number = told("v");
        let known = self.version.replace(version.clone()).is_some();
        if self.phase != Phase::Asking || known && self.phase == Phase::Running {
            return;
        }
        let Some(parts) = numbers(&number).filter(|parts| *parts >= OLDEST) else {
            self.say(format!("Found BrewPi v{number}, but at least v0.2.4 is needed. Please update the controller. Exiting."));
            self.effects.push(Effect::Exit(1));
            return;
        };
        self.say(format!(
            "Found BrewPi v{number}, running commit {} build {}, running on an {} with {} on port {}",
            told("c"),
            told("n"),
            board(&told("b")),
            shield(&told("s")),
            self.port(),
        ));
        let messages = told("l");
        if messages != MESSAGES && parts < MODERN {
            self.say(format!(
                "Warning: the controller's log messages are of version {messages}, known is version {MESSAGES}"
            ));
        }
        self.phase = Phase::Running;
        self.timers.phase_began = now.up;
        self.timers.temperatures = now.up;
        self.timers.settings = now.up;
        for ask in ["s", "c", "v"] {
            self.send(ask);
        }
        self.ask_devices();
    }

    fn port(&self) -> String {
        match &self.device.connection {
            crate::device::Connection::Serial { port, .. } => port.clone(),
            crate::device::Connection::Network { hosts, port } => {
                format!("{}:{port}", hosts.first().map_or("", String::as_str))
            }
        }
    }

    /// Whether the firmware has to be asked for what it shows.
    pub(super) fn is_legacy(&self) -> bool {
        let number = self.version.as_ref().map(|version| version.text("v")).unwrap_or_default();
        numbers(&number).is_none_or(|parts| parts < MODERN)
    }

    pub(super) fn version_answer(&self) -> Value {
        let version = self.version.as_ref();
        let told = |key: &str| Value::from(version.map(|version| version.text(key)).unwrap_or_default());
        let code = version.map(|version| version.text("b")).unwrap_or_default();
        serde_json::json!({
            "version": told("v"),
            "build": told("n"),
            "commit": told("c"),
            "simulator": version.is_some_and(|version| version.text("y") == "1"),
            "board": board_word(&code),
            "shield": shield(&version.map(|version| version.text("s")).unwrap_or_default()),
            "log": told("l"),
            "family": family(&code),
            "board_name": board(&code),
        })
    }

    pub(super) fn board_and_shield(&self) -> (String, String) {
        let version = self.version.as_ref();
        let told = |key: &str| version.map(|version| version.text(key)).unwrap_or_default();
        (board_word(&told("b")).to_owned(), shield(&told("s")).to_owned())
    }

    fn temperatures(&mut self, told: &Map<String, Value>, line: &str, now: Now) {
        self.timers.temperatures = now.up;
        self.latest = reading(told, &self.latest);
        self.effects.push(Effect::Report(line.trim().to_owned()));
        if self.device.logging == Logging::Active && self.beer.is_some() {
            self.effects.push(Effect::Point(self.latest.clone()));
        }
    }

    fn display(&mut self, lines: &[Value]) {
        for (shown, line) in self.display.iter_mut().zip(lines) {
            line.as_str().unwrap_or_default().clone_into(shown);
        }
    }

    fn constants(&mut self, told: Map<String, Value>) {
        let unit = told.get("tempFormat").and_then(Value::as_str).map(str::to_owned);
        self.constants = told;
        let wanted = self.device.unit.letter().to_string();
        if unit.is_some_and(|unit| unit != wanted) {
            self.send(format!("j{{\"tempFormat\": \"{wanted}\"}}"));
        }
    }

    /// The unit is another one from now on.
    pub(super) fn set_unit(&mut self, unit: Unit) {
        if unit != self.device.unit {
            self.device.unit = unit;
            self.effects.push(Effect::Save(Save::Unit(unit)));
        }
    }
}

impl Version {
    fn text(&self, key: &str) -> String {
        match self.told.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }
}

/// A simulator tells only what has changed, by short names.
fn reading(told: &Map<String, Value>, before: &Reading) -> Reading {
    let short = told.keys().any(|key| key.len() <= 2);
    let value = |long: &str, brief: &str| told.get(long).or_else(|| told.get(brief));
    let number = |long: &str, brief: &str, before: Option<f64>| match value(long, brief) {
        Some(value) => value.as_f64(),
        None if short => before,
        None => None,
    };
    let note = |long: &str, brief: &str| value(long, brief).and_then(Value::as_str).map(str::to_owned);
    let room = told.get("Log1Temp").and_then(Value::as_f64);
    Reading {
        beer: number("BeerTemp", "bt", before.beer),
        beer_set: number("BeerSet", "bs", before.beer_set),
        beer_note: note("BeerAnn", "ba"),
        fridge: number("FridgeTemp", "ft", before.fridge),
        fridge_set: number("FridgeSet", "fs", before.fridge_set),
        fridge_note: note("FridgeAnn", "fa"),
        room: room.or_else(|| number("RoomTemp", "rt", before.room)),
        state: value("State", "s").and_then(Value::as_i64).unwrap_or(before.state),
    }
}

fn numbers(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split(['.', '-', ' ']).map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next().unwrap_or(Ok(0)).ok()?))
}

fn board(code: &str) -> &'static str {
    match code {
        "l" => "Arduino Leonardo",
        "s" => "Arduino Uno",
        "m" => "Arduino Mega",
        "e" => "ESP 8266",
        "x" => "Particle Core",
        "y" => "Particle Photon",
        _ => "unknown board",
    }
}

fn board_word(code: &str) -> &'static str {
    match code {
        "l" => "leonardo",
        "s" => "uno",
        "m" => "mega",
        "e" => "esp8266",
        "x" => "core",
        "y" => "photon",
        _ => "",
    }
}

fn family(code: &str) -> &'static str {
    match code {
        "l" | "s" | "m" => "Arduino",
        "e" => "ESP8266",
        "x" | "y" => "Particle",
        _ => "",
    }
}

fn shield(number: &str) -> &'static str {
    match number {
        "0" => "no shield",
        "1" => "revA",
        "2" => "revC",
        _ => "unknown shield",
    }
}

//! How a chamber is now, by the word of its script.

use std::path::Path;

use maud::{Markup, html};
use minder_page::parts::{self, Tone};
use serde_json::Value;

use super::asking::{Silence, ask};
use crate::device::{Device, Status};
use crate::firmware::constants::Unit;

/// How a chamber is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Condition {
    /// No script is to run.
    Disabled,
    /// No script is to run until the firmware was changed.
    Updating,
    /// Nobody listens at the script's socket.
    NotRunning,
    /// The script says nothing, most likely because it waits for its board.
    Silent,
    /// The script waits for its board's first word.
    Starting,
    /// It is known.
    Known(Known),
}

/// What a script tells, in the device's unit.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Known {
    pub(super) mode: Mode,
    pub(super) state: i64,
    pub(super) beer: Option<f64>,
    pub(super) beer_set: Option<f64>,
    pub(super) fridge: Option<f64>,
    pub(super) fridge_set: Option<f64>,
    /// `None`: there is no such sensor.
    pub(super) room: Option<f64>,
    /// The four lines of the controller's display.
    pub(super) display: Vec<String>,
}

/// What a controller is to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Mode {
    /// Nothing.
    #[default]
    Off,
    /// The beer, along a profile.
    BeerProfile,
    /// The beer.
    BeerConstant,
    /// The fridge.
    FridgeConstant,
    /// For tests of the hardware.
    Test,
}

impl Mode {
    /// By its letter, of which there is none as long as the board has said nothing.
    pub(super) fn of_letter(letter: &str) -> Option<Self> {
        match letter {
            "o" => Some(Self::Off),
            "p" => Some(Self::BeerProfile),
            "b" => Some(Self::BeerConstant),
            "f" => Some(Self::FridgeConstant),
            "t" => Some(Self::Test),
            _ => None,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::BeerProfile => "Beer profile",
            Self::BeerConstant => "Beer constant",
            Self::FridgeConstant => "Fridge constant",
            Self::Test => "Test",
        }
    }
}

impl Condition {
    /// Asks the script of a device.
    pub(super) async fn of(device: &Device, run: &Path) -> Self {
        match device.status {
            Status::Disabled => return Self::Disabled,
            Status::Updating => return Self::Updating,
            Status::Active | Status::Unmanaged => {}
        }
        let told = match ask(device, run, "getDashInfo").await {
            Ok(told) => told,
            Err(Silence::NotRunning) => return Self::NotRunning,
            Err(Silence::NoAnswer) => return Self::Silent,
        };
        let Some(mut known) = known(&told) else { return Self::Starting };
        if let Ok(lcd) = ask(device, run, "lcd").await {
            known.display = display(&lcd);
        }
        Self::Known(known)
    }

    /// Two badges, the mode and the state, and numbers; or why there are none.
    pub(super) fn shown(&self, unit: Unit) -> Markup {
        match self {
            Self::Known(known) => html! {
                p.row { (parts::label(known.mode.text())) (state(known.state)) }
                (known.numbers(unit))
            },
            Self::Disabled => told(Tone::Quiet, "Disabled", "It is not to be used: no script runs for it."),
            Self::Updating => told(
                Tone::Quiet,
                "Updating",
                "Its firmware is being changed; the script starts again behind that.",
            ),
            Self::NotRunning => told(
                Tone::Bad,
                "Script not running",
                "The controller goes on with its last setting, if it has power. The spawner starts the script; the log says why \
                 it ended.",
            ),
            Self::Silent => told(
                Tone::Warning,
                "Script does not answer",
                "It may be waiting for its controller. The controller goes on with its last setting meanwhile.",
            ),
            Self::Starting => told(
                Tone::Busy,
                "Starting",
                "The script runs and waits for the first word of its controller.",
            ),
        }
    }
}

fn told(tone: Tone, badge: &str, text: &str) -> Markup {
    html! { p.row { (parts::badge(tone, badge)) } p.soft { (text) } }
}

impl Known {
    fn numbers(&self, unit: Unit) -> Markup {
        let letter = format!("°{}", unit.letter());
        let number = |label: &str, degrees: Option<f64>| {
            let degrees = degrees.map(|degrees| format!("{degrees:.1}"));
            parts::reading(label, degrees.as_deref(), &letter)
        };
        let mut all = vec![number("Beer", self.beer), number("Fridge", self.fridge)];
        all.extend(self.room.map(|degrees| number("Room", Some(degrees))));
        let set = |name: &str, degrees: Option<f64>| match degrees {
            Some(degrees) => html! { (name) " to " strong { (format!("{degrees:.1} {letter}")) } },
            None => html! { (name) " not set" },
        };
        html! {
            (parts::readings(&all))
            p.soft { (set("Beer", self.beer_set)) " · " (set("fridge", self.fridge_set)) }
        }
    }
}

/// What a controller does, as its display says it.
fn state(number: i64) -> Markup {
    let (tone, text) = match number {
        0 => (Tone::Good, "Idle"),
        1 => (Tone::Quiet, "Control off"),
        2 => (Tone::Warning, "Door open"),
        3 => (Tone::Warm, "Heating"),
        4 => (Tone::Cold, "Cooling"),
        5 => (Tone::Busy, "Waiting to cool"),
        6 => (Tone::Busy, "Waiting to heat"),
        7 => (Tone::Busy, "Waiting for a peak"),
        8 => (Tone::Cold, "Cooling, least time"),
        9 => (Tone::Warm, "Heating, least time"),
        _ => (Tone::Quiet, "Unknown state"),
    };
    parts::badge(tone, text)
}

/// `None`: the board has said nothing yet, or this is no answer of a script.
fn known(told: &str) -> Option<Known> {
    let told: Value = serde_json::from_str(told).ok()?;
    let mode = Mode::of_letter(told.get("Mode")?.as_str()?)?;
    // What is missing is a whole 0, and what is measured has a point.
    let degrees = |name: &str| told.get(name).filter(|value| !value.is_i64()).and_then(Value::as_f64);
    Some(Known {
        mode,
        state: told.get("State").and_then(Value::as_i64).unwrap_or(-1),
        beer: degrees("BeerTemp"),
        beer_set: degrees("BeerSet"),
        fridge: degrees("FridgeTemp"),
        fridge_set: degrees("FridgeSet"),
        room: degrees("RoomTemp"),
        display: Vec::new(),
    })
}

/// Four lines, with the degree sign that was lost on its way.
fn display(lcd: &str) -> Vec<String> {
    let lines: Vec<String> = serde_json::from_str(lcd).unwrap_or_default();
    lines.into_iter().take(4).map(|line| line.replace('░', "°")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_tells_is_known() {
        let told = r#"{"BeerTemp": 20.12, "FridgeTemp": 0.0, "BeerAnn": 0, "FridgeAnn": 0, "RoomTemp": 0, "State": 4,
                       "BeerSet": 20.0, "FridgeSet": 0, "LogInterval": 30, "Mode": "b"}"#;
        let known = known(told).expect("an answer");
        assert_eq!((known.mode, known.state), (Mode::BeerConstant, 4));
        assert_eq!(
            (known.beer, known.fridge, known.room, known.fridge_set),
            (Some(20.12), Some(0.0), None, None)
        );
        let shown = Condition::Known(known).shown(Unit::Celsius).into_string();
        assert!(shown.contains("20.1") && shown.contains("Cooling") && !shown.contains("Room"), "{shown}");
    }

    #[test]
    fn a_script_whose_board_has_said_nothing_is_starting() {
        assert_eq!(known(r#"{"BeerTemp": 0, "Mode": "", "State": 0}"#), None);
        assert_eq!(known("no JSON"), None);
        assert_eq!(display(r#"["a ░C", "b"]"#), ["a °C", "b"]);
        assert!(display("?").is_empty());
    }
}

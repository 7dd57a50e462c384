//! The script between a board and those who look: what it knows, and what it does about what comes in. No clock, no socket.
//!
//! ```text
//!  board ──Incoming──▶ lines ──┐                       ┌─▶ Send (to the board)
//!  pages ──request───▶ requests ├──▶ Script ──Effect──▶ ├─▶ Said (log), Point (data), Save (table)
//!  time ───────────────▶ ticks ─┘                       └─▶ Exit
//! ```

mod debug;
mod incoming;
mod lines;
mod requests;
mod ticks;

use std::time::Duration;

use serde_json::{Map, Value, json};

pub use incoming::{Incoming, IncomingReader};
pub(crate) use incoming::{bytes, text};
pub use requests::{Answer, not_saved};

use crate::device::{Beer, Device, Logging};
use crate::firmware::constants::Unit;
use crate::profile::Profile;

/// When something happens: since the script began by the monotonic clock, and seconds since 1970 by the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// Since the script began.
    pub up: Duration,
    /// Seconds since 1970.
    pub wall: i64,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// These bytes go to the board.
    Send(String),
    /// A line about temperatures, for standard output.
    Report(String),
    /// A line about anything else, for standard error.
    Said(String),
    /// A data point is kept for the beer that is logged.
    Point(Reading),
    /// The table is changed.
    Save(Save),
    /// The script ends with this status.
    Exit(u8),
}

/// What is changed in the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Save {
    /// A beer of this name is logged from now on.
    Brew(String),
    /// Whether its points are kept.
    Logging(Logging),
    /// In which unit the board is spoken to.
    Unit(Unit),
    /// The profile is over.
    ProfileOver,
    /// The device's row is to be read again, and the profile with it.
    Reread,
}

/// What a board says of temperatures.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reading {
    /// In the board's unit, as are all.
    pub beer: Option<f64>,
    /// The set point of the beer.
    pub beer_set: Option<f64>,
    /// A note at this moment.
    pub beer_note: Option<String>,
    /// Of the fridge.
    pub fridge: Option<f64>,
    /// The set point of the fridge.
    pub fridge_set: Option<f64>,
    /// A note at this moment.
    pub fridge_note: Option<String>,
    /// `None`: there is no such sensor.
    pub room: Option<f64>,
    /// The number of its state.
    pub state: i64,
}

/// What the board says that it is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Version {
    told: Map<String, Value>,
}

/// A profile that is followed.
#[derive(Clone, PartialEq, Debug)]
pub struct Following {
    /// Its points.
    pub profile: Profile,
    /// When it began, in seconds since 1970.
    pub began: i64,
}

/// How far the script has come with its board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The board starts anew when somebody connects.
    Settling,
    /// It was asked what it is.
    Asking,
    /// It answers.
    Running,
}

/// Which of the lists of devices are there.
#[derive(Clone, PartialEq, Debug, Default)]
struct Devices {
    installed: Option<Vec<Value>>,
    available: Option<Vec<Value>>,
}

/// Times that only a wall can tell apart in the log, and what is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Timers {
    phase_began: Duration,
    asked_version: Duration,
    temperatures: Duration,
    asked_temperatures: Duration,
    settings: Duration,
    asked_settings: Duration,
    display: Duration,
    profile: Duration,
}

/// The script.
#[derive(Debug)]
pub struct Script {
    device: Device,
    beer: Option<Beer>,
    following: Option<Following>,
    settle: Duration,
    phase: Phase,
    timers: Timers,
    version: Option<Version>,
    display: [String; 4],
    settings: Map<String, Value>,
    constants: Map<String, Value>,
    variables: String,
    latest: Reading,
    devices: Devices,
    interval: u64,
    effects: Vec<Effect>,
}

impl Script {
    /// For a device whose board takes `settle` to start anew when it is connected to.
    #[must_use]
    pub fn new(device: Device, beer: Option<Beer>, following: Option<Following>, settle: Duration) -> Self {
        let mut script = Self {
            interval: device.interval,
            device,
            beer,
            following,
            settle,
            phase: Phase::Settling,
            timers: Timers::default(),
            version: None,
            display: ["Script starting up", " ", " ", " "].map(str::to_owned),
            settings: Map::new(),
            constants: Map::new(),
            variables: "{}".to_owned(),
            latest: Reading::default(),
            devices: Devices::default(),
            effects: Vec::new(),
        };
        let text = match (&script.beer, script.device.logging) {
            (Some(beer), Logging::Active | Logging::Paused) => {
                format!("Notification: Script started for beer '{}'", beer.name)
            }
            (_, _) => "Notification: Script started, with no active beer being logged".to_owned(),
        };
        script.say(text);
        script
    }

    /// What is to be done since this was asked last.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether the board has said what it is, and is asked for what it measures.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// The device, as it is known by now.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The beer whose points are kept.
    #[must_use]
    pub fn beer(&self) -> Option<&Beer> {
        self.beer.as_ref()
    }

    /// The table has been changed as a [`Save`] asked, or read again.
    pub fn learn(&mut self, device: Device, beer: Option<Beer>, following: Option<Following>) {
        self.device = device;
        self.beer = beer;
        self.following = following;
        self.timers.profile = Duration::ZERO;
    }

    /// The board was connected to again.
    pub fn reconnected(&mut self, now: Now) {
        self.phase = Phase::Settling;
        self.timers.phase_began = now.up;
    }

    fn say(&mut self, text: impl Into<String>) {
        self.effects.push(Effect::Said(text.into()));
    }

    fn send(&mut self, text: impl Into<String>) {
        self.effects.push(Effect::Send(text.into()));
    }

    fn setting(&self, name: &str) -> Value {
        self.settings.get(name).cloned().unwrap_or(Value::Null)
    }

    /// `b`, `f`, `p`, `o`, or nothing as long as the board has not said.
    fn mode(&self) -> &str {
        self.settings.get("mode").and_then(Value::as_str).unwrap_or("")
    }

    fn ask_devices(&mut self) {
        self.devices = Devices::default();
        self.send("d{r:1}");
        self.send("h{u:-1,v:1}");
    }

    fn dashboard(&self) -> Value {
        let degrees = |degrees: Option<f64>| degrees.map_or(json!(0), |degrees| json!(degrees));
        let latest = &self.latest;
        json!({
            "BeerTemp": degrees(latest.beer),
            "FridgeTemp": degrees(latest.fridge),
            "BeerAnn": latest.beer_note.as_deref().map_or(json!(0), |note| json!(note)),
            "FridgeAnn": latest.fridge_note.as_deref().map_or(json!(0), |note| json!(note)),
            "RoomTemp": degrees(latest.room),
            "State": latest.state,
            "BeerSet": degrees(latest.beer_set),
            "FridgeSet": degrees(latest.fridge_set),
            "LogInterval": self.interval,
            "Mode": self.mode(),
        })
    }
}

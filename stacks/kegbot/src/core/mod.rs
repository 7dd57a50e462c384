//! The core's judgement: what becomes of what daemons tell, without a clock, a socket or a server.
//!
//! ```text
//!  kegnet ─▶ Input ─▶ Core::step(now, input) ─▶ Effect ─▶ kegnet, log, outbox, server
//!                         ▲                                        │
//!                         └───────────── what the server says ─────┘
//! ```
//!
//! [`meter`] makes ticks of odometers, [`flow`] is what runs, [`token`] whose it is, [`thermo`] how warm it is.

pub mod flow;
pub mod meter;
pub mod thermo;
pub mod token;

mod auth;
mod flows;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use minder_kegbot_app::log::Level;

use crate::api::Tap;
use crate::kegnet::{Event, TokenAuth};
use flow::Flow;
pub use flow::Now;
use meter::Meter;
use thermo::Sensors;
use token::Token;

/// As much has to flow for a drink, mL.
pub const MIN_VOLUME_TO_RECORD: f64 = 10.0;

/// The name that means every tap.
pub const ALL_TAPS: &str = "__all_taps__";

/// So many events of a tap wait for the server's word about a token. What comes then is dropped, and told.
const WAITING_MAX: usize = 10_000;

/// What the core is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Somebody said something over kegnet.
    Heard(Event),
    /// Time has passed.
    Beat,
    /// The server has said whose a token is.
    LookedUp {
        /// The tap it is at.
        tap: String,
        /// The token.
        token: Token,
        /// What came of it.
        owner: Owner,
    },
    /// The server's taps, once more.
    Taps(Vec<Tap>),
    /// The core is to end.
    Quit,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This user's.
    User(String),
    /// Nobody's, or the server does not know.
    Nobody,
    /// Somebody's who may not use it.
    Disabled,
    /// The server did not say, and why.
    Unknown(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell every client.
    Tell(Event),
    /// Log a line in the name of a part.
    Say(String, Level, String),
    /// Ask the server whose a token is.
    LookUp {
        /// The tap it is at.
        tap: String,
        /// The token.
        token: Token,
    },
    /// A flow is over and is a drink: keep it, and tell the server.
    Keep(Flow),
    /// A flow is over and is none.
    Forget(i64),
    /// A flow has changed: what is known of it must outlive the core.
    Save(Flow),
    /// Tell the server a temperature.
    Record {
        /// The sensor.
        sensor: String,
        /// Degrees Celsius.
        degrees: f64,
    },
}

/// A tap, and what is known of it.
#[derive(Debug)]
struct TapState {
    ml_per_tick: f64,
    relay: Option<String>,
    meter: Meter,
    flow: Option<Flow>,
    /// Whether the flow has changed since it was saved.
    unsaved: bool,
    token: Option<Token>,
    /// What came while the server was asked about a token; nothing if it is not.
    waiting: Option<VecDeque<TapInput>>,
}

/// What concerns one tap.
#[derive(Clone, Debug, PartialEq)]
enum TapInput {
    Reading(i64),
    Start,
    Stop,
    Added(Token),
    Removed(Token),
}

/// All that the core knows.
#[derive(Debug)]
pub struct Core {
    taps: BTreeMap<String, TapState>,
    /// Their names in the server's order, which is the order of "every tap".
    order: Vec<String>,
    sensors: Sensors,
    next_flow: i64,
    next_beat: Option<Duration>,
    effects: Vec<Effect>,
}

impl Core {
    /// A core that knows no tap. Flows are numbered from the Unix time of its beginning.
    #[must_use]
    pub fn new(now: Now) -> Self {
        Self {
            taps: BTreeMap::new(),
            order: Vec::new(),
            sensors: Sensors::default(),
            next_flow: now.wall.as_second(),
            next_beat: None,
            effects: Vec::new(),
        }
    }

    /// Takes an input, and says what is to be done about it.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        match input {
            Input::Heard(event) => self.heard(now, event),
            Input::Beat => {}
            Input::LookedUp { tap, token, owner } => self.looked_up(now, &tap, &token, owner),
            Input::Taps(taps) => self.register(taps),
            Input::Quit => self.end_all(),
        }
        self.beat(now);
        std::mem::take(&mut self.effects)
    }

    /// When the next [`Input::Beat`] is due, on the clock that only goes on. Nothing if nothing is to happen by itself.
    #[must_use]
    pub fn next_beat(&self) -> Option<Duration> {
        [self.next_beat, self.sensors.next_look()].into_iter().flatten().min()
    }

    fn say(&mut self, part: &str, level: Level, text: String) {
        self.effects.push(Effect::Say(part.to_owned(), level, text));
    }

    fn heard(&mut self, now: Now, event: Event) {
        match event {
            Event::MeterUpdate { tap_name, reading } => {
                self.at_tap(now, &tap_name, TapInput::Reading(reading));
            }
            Event::FlowRequest(asked) => match asked.request {
                crate::kegnet::Request::Start => self.at_tap(now, &asked.tap_name, TapInput::Start),
                crate::kegnet::Request::Stop => self.at_tap(now, &asked.tap_name, TapInput::Stop),
                crate::kegnet::Request::Report => {}
            },
            Event::TokenAuth(token) => self.token(now, token),
            Event::Thermo { sensor_name, sensor_value } => {
                let reading = self.sensors.read(&sensor_name, sensor_value, now);
                for (level, line) in reading.lines {
                    self.say("thermo-manager", level, line);
                }
                if reading.recorded {
                    self.effects.push(Effect::Record { sensor: sensor_name, degrees: sensor_value });
                }
            }
            Event::Other(name) if is_bearable(&name) => {}
            Event::Other(name) => {
                self.say("kegnet", Level::Warning, format!("Ignoring an event of an unknown kind: {name}"));
            }
            Event::Ping
            | Event::ControllerConnected { .. }
            | Event::FlowUpdate(_)
            | Event::DrinkCreated(_)
            | Event::SetRelayOutput { .. } => {}
        }
    }

    fn token(&mut self, now: Now, event: TokenAuth) {
        let TokenAuth { tap_name, auth_device_name, token_value, status } = event;
        let token = Token { device: auth_device_name, value: token_value };
        let taps = if tap_name == ALL_TAPS { self.order.clone() } else { vec![tap_name] };
        for tap in taps {
            let input = match status {
                crate::kegnet::TokenStatus::Added => TapInput::Added(token.clone()),
                crate::kegnet::TokenStatus::Removed => TapInput::Removed(token.clone()),
            };
            self.at_tap(now, &tap, input);
        }
    }

    /// What concerns a tap happens in its order, be the server asked in between or not. A tap that nobody knows has nothing.
    fn at_tap(&mut self, now: Now, tap: &str, input: TapInput) {
        let Some(state) = self.taps.get_mut(tap) else { return };
        match &mut state.waiting {
            None => self.now_at_tap(now, tap, input),
            Some(waiting) if waiting.len() < WAITING_MAX => waiting.push_back(input),
            Some(_) => self.say(
                "flowmanager",
                Level::Warning,
                format!("The server does not answer and too much waits for {tap}; dropping an event"),
            ),
        }
    }

    fn now_at_tap(&mut self, now: Now, tap: &str, input: TapInput) {
        match input {
            TapInput::Reading(reading) => self.reading(now, tap, reading),
            TapInput::Start => self.start(now, tap, "", flows::ANONYMOUS_IDLE),
            TapInput::Stop => self.stop(tap),
            TapInput::Added(token) => self.added(tap, token),
            TapInput::Removed(token) => self.removed(tap, &token),
        }
    }

    /// The server has answered, or will not: what has waited for it happens now.
    fn resume(&mut self, now: Now, tap: &str) {
        let Some(waiting) = self.taps.get_mut(tap).and_then(|state| state.waiting.take()) else { return };
        for input in waiting {
            self.at_tap(now, tap, input);
        }
    }

    /// Takes the server's taps. One that it does not name any more stays, since the board still counts for it.
    fn register(&mut self, taps: Vec<Tap>) {
        let mut seen: Vec<String> = Vec::new();
        for tap in taps {
            let name = tap.meter_name;
            if !(tap.ml_per_tick > 0.0 && tap.ml_per_tick.is_finite()) {
                if !self.order.contains(&name) {
                    let text = format!("Skipping tap without a meter: {name}");
                    self.say("tap-manager", Level::Warning, text);
                }
                continue;
            }
            if seen.contains(&name) {
                let text = format!("Two taps have the meter {name}; keeping the first");
                self.say("tap-manager", Level::Warning, text);
                continue;
            }
            seen.push(name.clone());
            match self.taps.get_mut(&name) {
                None => {
                    self.say("tap-manager", Level::Info, format!("Registering new tap: {name}"));
                    self.order.push(name.clone());
                    self.taps.insert(name, TapState::new(tap.ml_per_tick, tap.relay_name));
                }
                Some(state) if state.is_as(tap.ml_per_tick, tap.relay_name.as_deref()) => {}
                Some(state) => {
                    state.ml_per_tick = tap.ml_per_tick;
                    state.relay.clone_from(&tap.relay_name);
                    if let Some(flow) = &mut state.flow {
                        flow.ml_per_tick = tap.ml_per_tick;
                    }
                    let relay = tap.relay_name.as_deref().unwrap_or("None");
                    let text = format!(
                        "Updating tap: <Tap name={name} ml_per_tick={:?} relay_name={relay}>",
                        tap.ml_per_tick
                    );
                    self.say("tap-manager", Level::Info, text);
                }
            }
        }
    }
}

impl TapState {
    fn new(ml_per_tick: f64, relay: Option<String>) -> Self {
        Self {
            ml_per_tick,
            relay,
            meter: Meter::default(),
            flow: None,
            unsaved: false,
            token: None,
            waiting: None,
        }
    }

    fn is_as(&self, ml_per_tick: f64, relay: Option<&str>) -> bool {
        self.ml_per_tick.to_bits() == ml_per_tick.to_bits() && self.relay.as_deref() == relay
    }
}

/// Events of older and of newer daemons, and those that are nobody's to send: they are not worth a line.
fn is_bearable(name: &str) -> bool {
    let known = [
        "QuitEvent",
        "HeartbeatSecondEvent",
        "HeartbeatMinuteEvent",
        "HeartbeatHourEvent",
        "StartCompleteEvent",
        "TapIdleEvent",
        "CreditAddedEvent",
        "StartedEvent",
        "SyncEvent",
    ];
    known.contains(&name)
}

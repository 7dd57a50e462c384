//! What is said over kegnet.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::json::spaced;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Nothing; a sign of life.
    Ping,
    /// A meter's odometer.
    MeterUpdate {
        /// The tap it belongs to.
        tap_name: String,
        /// Ticks.
        reading: i64,
    },
    /// Somebody wants to begin or end a flow.
    FlowRequest(FlowRequest),
    /// A token came or went.
    TokenAuth(TokenAuth),
    /// How warm it is.
    Thermo {
        /// Where.
        sensor_name: String,
        /// Degrees Celsius.
        sensor_value: f64,
    },
    /// A board is there.
    ControllerConnected {
        /// Its name.
        controller_name: String,
    },
    /// How a flow stands.
    FlowUpdate(FlowUpdate),
    /// A flow has become a drink.
    DrinkCreated(DrinkCreated),
    /// A relay is to be switched.
    SetRelayOutput {
        /// Which.
        output_name: String,
        /// On?
        mode: Relay,
    },
    /// A name that means nothing here. It may mean something to others.
    Other(String),
}

/// What a relay should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// Be on.
    Enabled,
    /// Be off.
    Disabled,
}

impl Relay {
    /// The wire's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// What a [`FlowRequest`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Begin a flow.
    Start,
    /// End it.
    Stop,
    /// Tell of it, which nobody does.
    Report,
}

impl Request {
    /// The wire's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start_flow",
            Self::Stop => "stop_flow",
            Self::Report => "report_status",
        }
    }
}

/// Somebody wants something of a tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRequest {
    /// The tap.
    pub tap_name: String,
    /// What.
    pub request: Request,
}

/// Whether a token came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// It came.
    Added,
    /// It went.
    Removed,
}

impl TokenStatus {
    /// The wire's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A token came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAuth {
    /// The tap, or `__all_taps__`.
    pub tap_name: String,
    /// What read it.
    pub auth_device_name: String,
    /// What it says.
    pub token_value: String,
    /// Which of the two.
    pub status: TokenStatus,
}

/// Where a flow is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowState {
    /// It began, and nothing has flowed.
    Initial,
    /// Something flows.
    Active,
    /// Nothing has flowed for too long.
    Idle,
    /// It is over.
    Completed,
}

impl FlowState {
    /// The wire's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Completed => "completed",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Initial, Self::Active, Self::Idle, Self::Completed]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// How a flow stands.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowUpdate {
    /// The flow.
    pub flow_id: i64,
    /// Its tap.
    pub tap_name: String,
    /// Where it is.
    pub state: FlowState,
    /// Who pays; nobody in particular if there is none.
    pub username: Option<String>,
    /// When it began.
    pub start_time: String,
    /// When something last flowed.
    pub last_activity_time: String,
    /// What the meter counted.
    pub ticks: i64,
    /// How much that is, mL.
    pub volume_ml: f64,
}

/// A flow has become a drink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrinkCreated {
    /// The flow it was.
    pub flow_id: i64,
    /// The server's number for it.
    pub drink_id: i64,
    /// The tap.
    pub tap_name: String,
    /// The server's time for it.
    pub start_time: String,
    /// The same.
    pub end_time: String,
    /// Who had it.
    pub username: Option<String>,
}

/// Why bytes are no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There are none.
    Empty,
    /// They are no JSON, or not of the shape.
    Malformed(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty message"),
            Self::Malformed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Unreadable {}

/// The fields of an event.
struct Data<'a> {
    name: &'a str,
    fields: &'a Map<String, Value>,
}

impl Data<'_> {
    fn wrong(&self, field: &str, expected: &str) -> Unreadable {
        let found = self.fields.get(field).map_or_else(|| "nothing".to_owned(), Value::to_string);
        let found: String = found.chars().take(80).collect();
        Unreadable::Malformed(format!("`{field}` of {}: found {found}, expected {expected}", self.name))
    }

    fn text(&self, field: &str) -> Result<String, Unreadable> {
        let text = self.fields.get(field).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.wrong(field, "a text"))
    }

    fn word<T: Copy>(&self, field: &str, all: &[(&str, T)]) -> Result<T, Unreadable> {
        let word = self.text(field)?;
        let known = all.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        known.ok_or_else(|| self.wrong(field, &names.join(" or ")))
    }

    fn integer(&self, field: &str) -> Result<i64, Unreadable> {
        let value = self.fields.get(field);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within the bounds of an f64's own"
        )]
        let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
        let number = value.and_then(|value| value.as_i64().or_else(|| value.as_f64().and_then(whole)));
        number.ok_or_else(|| self.wrong(field, "a whole number"))
    }

    fn number(&self, field: &str) -> Result<f64, Unreadable> {
        self.fields.get(field).and_then(Value::as_f64).ok_or_else(|| self.wrong(field, "a number"))
    }

    fn optional(&self, field: &str) -> Option<String> {
        self.fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

impl Event {
    /// What a message says, which is without its line feeds.
    ///
    /// # Errors
    /// When it is no event.
    pub fn read(message: &[u8]) -> Result<Self, Unreadable> {
        if message.trim_ascii().is_empty() {
            return Err(Unreadable::Empty);
        }
        let value: Value =
            serde_json::from_slice(message).map_err(|error| Unreadable::Malformed(error.to_string()))?;
        let shape = |what: &str| Unreadable::Malformed(format!("expected {what}"));
        let object = value.as_object().ok_or_else(|| shape("an object"))?;
        let name =
            object.get("event").and_then(Value::as_str).ok_or_else(|| shape("`event` to be a text"))?;
        let fields =
            object.get("data").and_then(Value::as_object).ok_or_else(|| shape("`data` to be an object"))?;
        Self::of(&Data { name, fields })
    }

    fn of(data: &Data<'_>) -> Result<Self, Unreadable> {
        Ok(match data.name {
            "Ping" => Self::Ping,
            "MeterUpdate" => {
                Self::MeterUpdate { tap_name: data.text("tap_name")?, reading: data.integer("reading")? }
            }
            "FlowRequest" => {
                let all = [Request::Start, Request::Stop, Request::Report];
                let request = data.word("request", &all.map(|request| (request.word(), request)))?;
                Self::FlowRequest(FlowRequest { tap_name: data.text("tap_name")?, request })
            }
            "TokenAuthEvent" => Self::TokenAuth(TokenAuth {
                tap_name: data.text("tap_name")?,
                auth_device_name: data.text("auth_device_name")?,
                token_value: data.text("token_value")?,
                // Whatever is not there has gone.
                status: match data.text("status")?.as_str() {
                    "added" => TokenStatus::Added,
                    _ => TokenStatus::Removed,
                },
            }),
            "ThermoEvent" => Self::Thermo {
                sensor_name: data.text("sensor_name")?,
                sensor_value: data.number("sensor_value")?,
            },
            "ControllerConnectedEvent" => {
                Self::ControllerConnected { controller_name: data.text("controller_name")? }
            }
            "FlowUpdate" => Self::FlowUpdate(flow_update(data)?),
            "DrinkCreatedEvent" => Self::DrinkCreated(DrinkCreated {
                flow_id: data.integer("flow_id")?,
                drink_id: data.integer("drink_id")?,
                tap_name: data.text("tap_name")?,
                start_time: data.text("start_time")?,
                end_time: data.text("end_time")?,
                username: data.optional("username"),
            }),
            "SetRelayOutputEvent" => {
                let all = [Relay::Enabled, Relay::Disabled];
                let mode = data.word("output_mode", &all.map(|mode| (mode.word(), mode)))?;
                Self::SetRelayOutput { output_name: data.text("output_name")?, mode }
            }
            other => Self::Other(other.to_owned()),
        })
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Ping => "Ping",
            Self::MeterUpdate { .. } => "MeterUpdate",
            Self::FlowRequest(_) => "FlowRequest",
            Self::TokenAuth(_) => "TokenAuthEvent",
            Self::Thermo { .. } => "ThermoEvent",
            Self::ControllerConnected { .. } => "ControllerConnectedEvent",
            Self::FlowUpdate(_) => "FlowUpdate",
            Self::DrinkCreated(_) => "DrinkCreatedEvent",
            Self::SetRelayOutput { .. } => "SetRelayOutputEvent",
            Self::Other(name) => name,
        }
    }

    /// The message, with its line feeds.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut message = spaced(&json!({ "event": self.name(), "data": self.data() }));
        message.extend(b"\n\n");
        message
    }

    /// The event's fields.
    #[must_use]
    pub fn data(&self) -> Value {
        match self {
            Self::Ping | Self::Other(_) => json!({}),
            Self::MeterUpdate { tap_name, reading } => json!({ "tap_name": tap_name, "reading": reading }),
            Self::FlowRequest(asked) => {
                json!({ "tap_name": asked.tap_name, "request": asked.request.word() })
            }
            Self::TokenAuth(token) => json!({
                "tap_name": token.tap_name,
                "auth_device_name": token.auth_device_name,
                "token_value": token.token_value,
                "status": token.status.word(),
            }),
            Self::Thermo { sensor_name, sensor_value } => {
                json!({ "sensor_name": sensor_name, "sensor_value": sensor_value })
            }
            Self::ControllerConnected { controller_name } => json!({ "controller_name": controller_name }),
            Self::FlowUpdate(flow) => json!({
                "flow_id": flow.flow_id,
                "tap_name": flow.tap_name,
                "state": flow.state.word(),
                "username": flow.username,
                "start_time": flow.start_time,
                "last_activity_time": flow.last_activity_time,
                "ticks": flow.ticks,
                "volume_ml": flow.volume_ml,
            }),
            Self::DrinkCreated(drink) => json!({
                "flow_id": drink.flow_id,
                "drink_id": drink.drink_id,
                "tap_name": drink.tap_name,
                "start_time": drink.start_time,
                "end_time": drink.end_time,
                "username": drink.username,
            }),
            Self::SetRelayOutput { output_name, mode } => {
                json!({ "output_name": output_name, "output_mode": mode.word() })
            }
        }
    }
}

fn flow_update(data: &Data<'_>) -> Result<FlowUpdate, Unreadable> {
    let state = data.text("state")?;
    Ok(FlowUpdate {
        flow_id: data.integer("flow_id")?,
        tap_name: data.text("tap_name")?,
        state: FlowState::of(&state)
            .ok_or_else(|| data.wrong("state", "initial, active, idle or completed"))?,
        username: data.optional("username"),
        start_time: data.text("start_time")?,
        last_activity_time: data.text("last_activity_time")?,
        ticks: data.integer("ticks")?,
        volume_ml: data.number("volume_ml")?,
    })
}

/// `<MeterUpdate: tap_name=kegboard.flow0 reading=2200>`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}:", self.name())?;
        let data = self.data();
        for (name, value) in data.as_object().into_iter().flatten() {
            match value {
                Value::Null => write!(f, " {name}=None")?,
                Value::String(text) => write!(f, " {name}={text}")?,
                other => write!(f, " {name}={other}")?,
            }
        }
        f.write_str(">")
    }
}

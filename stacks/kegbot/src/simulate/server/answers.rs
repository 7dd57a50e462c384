//! The interface: what is asked below `/api/`, and what is answered.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::store::{DrinkRow, Fate, NewDrink, Store, StoreError, TapRow, TemperatureRow, TokenRow};
use crate::json::spaced;
use crate::kegnet::time;

/// Temperatures outside of these are refused, degrees Celsius.
const BELIEVED: std::ops::RangeInclusive<f64> = -20.0..=80.0;

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The parts of the path behind `/api`.
    pub path: &'a [&'a str],
    /// GET or POST.
    pub verb: Verb,
    /// A value of the query.
    pub query: &'a dyn Fn(&str) -> Option<String>,
    /// A value of the form.
    pub form: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the key that came with it is right.
    pub key: Key,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To look.
    Get,
    /// To change something.
    Post,
}

/// The key that came with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// It is the server's.
    Right,
    /// It is another.
    Wrong,
    /// There is none.
    Missing,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Answer {
    fn object(object: &Value) -> Result<Self, Refused> {
        Ok(Self { status: 200, body: json!({ "object": object, "meta": { "result": "ok" } }) })
    }

    fn objects(objects: &[Value]) -> Result<Self, Refused> {
        Ok(Self { status: 200, body: json!({ "objects": objects, "meta": { "result": "ok" } }) })
    }

    /// The text, on one line, or indented as the query has it.
    #[must_use]
    pub fn text(&self, indent: Option<&str>) -> Vec<u8> {
        match indent.and_then(|indent| indent.parse::<usize>().ok()) {
            Some(indent @ 1..=8) => indented(&self.body, indent),
            _ => spaced(&self.body),
        }
    }
}

fn indented(value: &Value, columns: usize) -> Vec<u8> {
    let indent = " ".repeat(columns);
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    match serde::Serialize::serialize(value, &mut serializer) {
        Ok(()) => text,
        Err(_) => spaced(value),
    }
}

/// Why there is no good answer.
struct Refused {
    status: u16,
    code: &'static str,
    message: Value,
}

impl Refused {
    fn new(status: u16, code: &'static str, message: impl Into<Value>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn not_found(message: impl Into<Value>) -> Self {
        Self::new(404, "NotFoundError", message)
    }

    fn bad(message: impl Into<Value>) -> Self {
        Self::new(400, "BadRequestError", message)
    }

    /// A field of a form is missing or wrong.
    fn field(name: &str, problem: &str) -> Self {
        let mut fields = Map::new();
        fields.insert(name.to_owned(), json!([problem]));
        Self::bad(Value::Object(fields))
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::new(500, "ServerError", format!("An internal error occurred: {error}"))
    }
}

/// Answers a question.
#[must_use]
pub fn answer(store: &Store, question: &Question<'_>, now: Timestamp) -> Answer {
    match answered(store, question, now.as_second()) {
        Ok(answer) => answer,
        Err(Refused { status, code, message }) => {
            let error = json!({ "code": code, "message": message });
            Answer { status, body: json!({ "error": error, "meta": { "result": "error" } }) }
        }
    }
}

fn answered(store: &Store, question: &Question<'_>, now: i64) -> Result<Answer, Refused> {
    // Some servers have the version in the path.
    let path = question.path.strip_prefix(&["v1"]).unwrap_or(question.path);
    match (question.verb, path) {
        (Verb::Get, ["taps"]) => Answer::objects(&taps(store)?),
        (Verb::Get, ["taps", name]) => Answer::object(&tap_json(store, &known_tap(store, name)?)?),
        (Verb::Post, ["taps", name]) => {
            keyed(question)?;
            pour(store, question, name, now)
        }
        (Verb::Get, ["drinks"]) => {
            let start = (question.query)("start").and_then(|start| start.parse().ok());
            let drinks = store.drinks(100, start)?;
            Answer::objects(&drinks.iter().map(drink_json).collect::<Vec<_>>())
        }
        (Verb::Get, ["drinks", id]) => {
            let drink = id.parse().ok().map(|id| store.drink(id)).transpose()?.flatten();
            Answer::object(&drink_json(&drink.ok_or_else(missing)?))
        }
        (_, ["cancel-drink"]) => {
            keyed(question)?;
            cancel(store, question)
        }
        (Verb::Get, ["auth-tokens", device, value]) => {
            keyed(question)?;
            let token = store.token(device, &value.to_lowercase())?;
            Answer::object(&token_json(&token.ok_or_else(missing)?))
        }
        (Verb::Post, ["auth-tokens", device, value, "assign"]) => {
            keyed(question)?;
            assign(store, question, device, &value.to_lowercase())
        }
        (Verb::Get, ["thermo-sensors"]) => {
            let sensors = store.sensors()?;
            Answer::objects(&sensors.into_iter().map(|(id, name)| sensor_json(id, &name)).collect::<Vec<_>>())
        }
        (Verb::Get, ["thermo-sensors", name]) => sensor(store, name),
        (Verb::Get, ["thermo-sensors", name, "logs"]) => {
            let all = store.temperatures(name)?;
            Answer::objects(&all.iter().map(temperature_json).collect::<Vec<_>>())
        }
        (Verb::Post, ["thermo-sensors", name]) => {
            keyed(question)?;
            warm(store, question, name, now)
        }
        (Verb::Get, ["sound-events"]) => {
            keyed(question)?;
            Answer::objects(&[])
        }
        (Verb::Get, ["status"]) => {
            keyed(question)?;
            Answer::object(&status(store)?)
        }
        (Verb::Get, ["version"]) => Answer::object(&json!({ "server_version": env!("CARGO_PKG_VERSION") })),
        (Verb::Post, ["controllers"]) => {
            keyed(question)?;
            controller(store, question)
        }
        (Verb::Post, ["flow-meters"]) => {
            keyed(question)?;
            flow_meter(store, question)
        }
        (_, path) => Err(Refused::not_found(format!("Not an API endpoint: /api/{}", path.join("/")))),
    }
}

fn keyed(question: &Question<'_>) -> Result<(), Refused> {
    match question.key {
        Key::Right => Ok(()),
        Key::Wrong => Err(Refused::new(401, "BadApiKeyError", "API key does not exist")),
        Key::Missing => Err(Refused::new(401, "NoAuthTokenError", "The parameter \"api_key\" is required")),
    }
}

fn missing() -> Refused {
    Refused::not_found("The requested object could not be found.")
}

fn known_tap(store: &Store, name: &str) -> Result<TapRow, Refused> {
    store.tap(name)?.ok_or_else(missing)
}

fn taps(store: &Store) -> Result<Vec<Value>, Refused> {
    store.taps()?.iter().map(|tap| tap_json(store, tap)).collect()
}

fn whole(question: &Question<'_>, name: &str) -> Result<Option<i64>, Refused> {
    let Some(text) = (question.form)(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| Refused::field(name, "Enter a whole number."))
}

fn pour(store: &Store, question: &Question<'_>, name: &str, now: i64) -> Result<Answer, Refused> {
    let tap = known_tap(store, name)?;
    let ticks =
        whole(question, "ticks")?.ok_or_else(|| Refused::field("ticks", "This field is required."))?;
    let volume_ml = match (question.form)("volume_ml") {
        Some(text) if !text.is_empty() => {
            Some(text.parse().map_err(|_| Refused::field("volume_ml", "Enter a number."))?)
        }
        _ => None,
    };
    let username = (question.form)("username").filter(|name| !name.is_empty());
    if let Some(name) = &username
        && !store.has_user(name)?
    {
        return Err(Refused::field("username", "User does not exist."));
    }
    // Only the difference matters: the device's clock may be wrong.
    let time = match (whole(question, "pour_time")?, whole(question, "now")?) {
        (Some(pour), Some(then)) => now.saturating_sub(then.saturating_sub(pour)),
        _ => now,
    };
    if tap.keg.is_none() {
        return Err(Refused::new(500, "ServerError", "No active keg at this tap"));
    }
    let duration = whole(question, "duration")?.unwrap_or(0);
    let id = store.record(&tap, &NewDrink { ticks, volume_ml, time, duration, username })?;
    let drink = store.drink(id)?.ok_or_else(missing)?;
    Answer::object(&drink_json(&drink))
}

fn cancel(store: &Store, question: &Question<'_>) -> Result<Answer, Refused> {
    let value = |name: &str| (question.form)(name).or_else(|| (question.query)(name));
    let id = value("id").and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| Refused::field("id", "This field is required."))?;
    let drink = store.drink(id)?.ok_or_else(missing)?;
    let spilled = value("spilled").is_some_and(|text| matches!(text.as_str(), "1" | "true" | "True" | "on"));
    store.cancel(&drink, if spilled { Fate::Spilled } else { Fate::NeverPoured })?;
    Answer::object(&drink_json(&drink))
}

fn assign(store: &Store, question: &Question<'_>, device: &str, value: &str) -> Result<Answer, Refused> {
    let username = (question.form)("username").filter(|name| !name.is_empty());
    let username = username.ok_or_else(|| Refused::field("username", "This field is required."))?;
    if !store.has_user(&username)? {
        return Err(Refused::bad("User does not exist"));
    }
    if store.token(device, value)?.is_some_and(|token| token.username.is_some_and(|name| name != username)) {
        return Err(Refused::bad("Token is already bound to a user"));
    }
    store.assign(device, value, &username)?;
    Answer::object(&token_json(&store.token(device, value)?.ok_or_else(missing)?))
}

fn sensor(store: &Store, name: &str) -> Result<Answer, Refused> {
    let found = store.sensors()?.into_iter().find(|(_, known)| known == name);
    let (id, name) = found.ok_or_else(missing)?;
    let last = store.last_temperature(&name)?;
    Answer::object(&json!({
        "sensor": sensor_json(id, &name),
        "last_temp": last.as_ref().map(|last| last.degrees),
        "last_time": last.as_ref().map(|last| moment(last.time)),
    }))
}

fn warm(store: &Store, question: &Question<'_>, name: &str, now: i64) -> Result<Answer, Refused> {
    let degrees = (question.form)("temp_c").filter(|text| !text.is_empty());
    let degrees = degrees.ok_or_else(|| Refused::field("temp_c", "This field is required."))?;
    let degrees: f64 = degrees.parse().map_err(|_| Refused::field("temp_c", "Enter a number."))?;
    if !BELIEVED.contains(&degrees) {
        return Err(Refused::bad("Temperature out of bounds"));
    }
    let row = store.warm(name, degrees, now)?.ok_or_else(missing)?;
    Answer::object(&temperature_json(&row))
}

fn controller(store: &Store, question: &Question<'_>) -> Result<Answer, Refused> {
    let name = (question.form)("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refused::field("name", "This field is required."))?;
    let id = store.add_controller(&name)?;
    let id = id.ok_or_else(|| Refused::field("name", "Controller with this Name already exists."))?;
    Answer::object(&json!({ "id": id, "name": name, "model_name": "unknown", "serial_number": "unknown" }))
}

fn flow_meter(store: &Store, question: &Question<'_>) -> Result<Answer, Refused> {
    let port = (question.form)("port_name").filter(|name| !name.is_empty());
    let port = port.ok_or_else(|| Refused::field("port_name", "This field is required."))?;
    let controller_id = whole(question, "controller")?;
    let controller_id =
        controller_id.ok_or_else(|| Refused::field("controller", "This field is required."))?;
    let controller = store.controller(controller_id)?;
    let controller = controller.ok_or_else(|| Refused::field("controller", "Select a valid choice."))?;
    let per_ml: f64 = (question.form)("ticks_per_ml").and_then(|text| text.parse().ok()).unwrap_or(2.2);
    if !(per_ml.is_finite() && per_ml > 0.0) {
        return Err(Refused::field("ticks_per_ml", "Enter a number above zero."));
    }
    let meter_name = format!("{controller}.{port}");
    let id = store.add_tap(&meter_name, &meter_name, 1.0 / per_ml)?;
    let id = id.ok_or_else(|| Refused::bad("Flow meter with this controller and port already exists."))?;
    Answer::object(&json!({
        "id": id, "name": meter_name, "port_name": port, "ticks_per_ml": per_ml,
        "controller": { "id": controller_id, "name": controller },
    }))
}

fn status(store: &Store) -> Result<Value, Refused> {
    let taps = taps(store)?;
    let drinks = store.drinks(5, None)?;
    let kegs: Vec<&Value> = taps.iter().filter_map(|tap| tap.get("current_keg")).collect();
    Ok(json!({
        "site_info": { "title": "A simulated Kegbot", "server_version": env!("CARGO_PKG_VERSION") },
        "active_kegs": kegs,
        "active_users": [],
        "meters": [], "toggles": [], "controllers": [], "events": [], "sound_events": [],
        "drinks": drinks.iter().map(drink_json).collect::<Vec<_>>(),
        "taps": taps,
    }))
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), time::text)
}

fn tap_json(store: &Store, tap: &TapRow) -> Result<Value, Refused> {
    let mut fields = json!({
        "id": tap.id,
        "name": tap.name,
        "meter_name": tap.meter_name,
        "relay_name": tap.relay_name,
        "ml_per_tick": tap.ml_per_tick,
        "description": "",
    });
    if let Some(keg) = &tap.keg {
        fields["current_keg_id"] = json!(keg.id);
        fields["current_keg"] = json!({
            "id": keg.id,
            "percent_full": keg.percent(),
            "volume_ml_remain": keg.left_ml(),
            "status": "online",
            "type": { "name": keg.beer, "style": keg.style, "brewer": { "name": keg.brewer } },
        });
    }
    if let Some(last) = store.last_temperature(&tap.sensor)? {
        fields["thermo_sensor_id"] = json!(last.sensor_id);
        fields["last_temperature"] = temperature_json(&last);
    }
    Ok(fields)
}

fn drink_json(drink: &DrinkRow) -> Value {
    let mut fields = json!({
        "id": drink.id,
        "ticks": drink.ticks,
        "volume_ml": drink.volume_ml,
        "session_id": drink.session_id,
        "time": moment(drink.time),
        "duration": drink.duration,
        "status": "valid",
        "url": format!("/drinks/{}", drink.id),
        "session": { "id": drink.session_id },
    });
    if let Some(keg) = drink.keg_id {
        fields["keg_id"] = json!(keg);
        fields["keg"] = json!({ "id": keg });
    }
    if let Some(name) = &drink.username {
        fields["user_id"] = json!(name);
        fields["user"] = json!({ "username": name });
    }
    fields
}

fn token_json(token: &TokenRow) -> Value {
    let mut fields = json!({
        "id": token.id,
        "auth_device": token.device,
        "token_value": token.value,
        "enabled": token.enabled,
        "created_time": moment(token.created),
    });
    if let Some(name) = &token.username {
        fields["username"] = json!(name);
    }
    fields
}

fn sensor_json(id: i64, name: &str) -> Value {
    json!({ "id": id, "sensor_name": name, "nice_name": name })
}

fn temperature_json(row: &TemperatureRow) -> Value {
    json!({
        "id": row.id,
        "sensor_id": row.sensor_id,
        "temperature_c": row.degrees,
        "time": moment(row.time),
    })
}

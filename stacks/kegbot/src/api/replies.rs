//! What answers say.

use serde_json::Value;

use super::ApiError;

/// A tap.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    /// Its name for people.
    pub name: String,
    /// The name of its meter, such as `kegboard.flow0`.
    pub meter_name: String,
    /// How much a tick of the meter is, mL. Zero where there is no meter.
    pub ml_per_tick: f64,
    /// The relay of its valve, if it has one.
    pub relay_name: Option<String>,
    /// How full the keg is, percent; nothing without a keg.
    pub percent_full: Option<f64>,
    /// What is in it.
    pub beer: Option<String>,
    /// Who made that.
    pub brewer: Option<String>,
    /// The last temperature, degrees Celsius.
    pub temperature: Option<f64>,
}

/// A drink as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Drink {
    /// The server's number.
    pub id: i64,
    /// What the meter counted.
    pub ticks: Option<i64>,
    /// How much it was, mL.
    pub volume_ml: Option<f64>,
    /// When, as the server writes it.
    pub time: String,
    /// From which keg.
    pub keg_id: Option<i64>,
    /// Who had it.
    pub user_id: Option<String>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub username: Option<String>,
    /// Whether it may be used.
    pub use_of_it: Use,
}

/// Whether a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It may.
    Enabled,
    /// It may not.
    Disabled,
}

/// A sound, and when to play it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundEvent {
    /// What happens, such as `flow.threshold.ounces`.
    pub name: String,
    /// Of what size.
    pub predicate: String,
    /// Where the sound is.
    pub url: String,
}

type Fields = serde_json::Map<String, Value>;

/// The body of an answer that is neither an error nor something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(Value);

impl Answer {
    /// Reads a body. The status of HTTP does not matter: the body says whether it went well.
    ///
    /// # Errors
    /// When it is an error of the server's, or no answer at all.
    pub fn read(status: u16, body: &[u8]) -> Result<Self, ApiError> {
        let value = serde_json::from_slice::<Value>(body).map_err(|_| not_json(status, body))?;
        match value.get("error") {
            Some(error) => Err(ApiError::refused(status, error)),
            None if value.get("object").is_some() || value.get("objects").is_some() => Ok(Self(value)),
            None => Err(ApiError::Shape { status, expected: "an answer with `object` or `objects`" }),
        }
    }

    /// Taps.
    ///
    /// # Errors
    /// When it has another shape; so with all of these.
    pub fn taps(&self) -> Result<Vec<Tap>, ApiError> {
        self.list(tap)
    }

    /// Drinks.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn drinks(&self) -> Result<Vec<Drink>, ApiError> {
        self.list(drink)
    }

    /// Sounds.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn sound_events(&self) -> Result<Vec<SoundEvent>, ApiError> {
        self.list(sound_event)
    }

    /// A token.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn token(&self) -> Result<Token, ApiError> {
        self.object().map(token)
    }

    /// The drink that was recorded; nothing if the server has no word about it.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn poured(&self) -> Result<Option<Drink>, ApiError> {
        match self.0.get("object") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) if fields.is_empty() => Ok(None),
            Some(_) => drink(self.object()?).map(Some),
        }
    }

    fn list<T>(&self, read: impl Fn(&Fields) -> Result<T, ApiError>) -> Result<Vec<T>, ApiError> {
        let expected = "a list of objects";
        let objects = self.0.get("objects").and_then(Value::as_array).ok_or(shape(expected))?;
        objects.iter().map(|one| one.as_object().ok_or(shape(expected)).and_then(&read)).collect()
    }

    fn object(&self) -> Result<&Fields, ApiError> {
        self.0.get("object").and_then(Value::as_object).ok_or(shape("an object"))
    }
}

fn not_json(status: u16, body: &[u8]) -> ApiError {
    let begin: String = String::from_utf8_lossy(body).chars().take(60).collect();
    ApiError::NotJson { status, begin: begin.split_whitespace().collect::<Vec<_>>().join(" ") }
}

fn tap(fields: &Fields) -> Result<Tap, ApiError> {
    let keg = fields.get("current_keg").and_then(Value::as_object);
    let kind = keg.and_then(|keg| keg.get("type").or_else(|| keg.get("beverage"))).and_then(Value::as_object);
    let brewer = kind.and_then(|kind| kind.get("brewer").or_else(|| kind.get("producer")));
    let named = |value: &Value| match value {
        Value::Object(fields) => text(fields, "name"),
        other => other.as_str().map(str::to_owned),
    };
    Ok(Tap {
        name: text(fields, "name").unwrap_or_default(),
        meter_name: text(fields, "meter_name").ok_or_else(|| shape("a list of taps with `meter_name`"))?,
        ml_per_tick: number(fields, "ml_per_tick")
            .ok_or_else(|| shape("a list of taps with `ml_per_tick`"))?,
        relay_name: text(fields, "relay_name"),
        percent_full: keg.and_then(|keg| number(keg, "percent_full")),
        beer: kind.and_then(|kind| text(kind, "name")),
        brewer: brewer.and_then(named),
        temperature: fields
            .get("last_temperature")
            .and_then(Value::as_object)
            .and_then(|last| number(last, "temperature_c")),
    })
}

fn drink(fields: &Fields) -> Result<Drink, ApiError> {
    let user = fields.get("user").and_then(Value::as_object).and_then(|user| text(user, "username"));
    Ok(Drink {
        id: integer(fields, "id").ok_or_else(|| shape("a drink with `id`"))?,
        ticks: integer(fields, "ticks"),
        volume_ml: number(fields, "volume_ml"),
        time: text(fields, "time").unwrap_or_default(),
        keg_id: integer(fields, "keg_id")
            .or_else(|| fields.get("keg").and_then(Value::as_object).and_then(|keg| integer(keg, "id"))),
        user_id: text(fields, "user_id").or(user),
    })
}

fn token(fields: &Fields) -> Token {
    let use_of_it = match fields.get("enabled") {
        Some(Value::Bool(false)) => Use::Disabled,
        _ => Use::Enabled,
    };
    let user = fields.get("user").and_then(Value::as_object).and_then(|user| text(user, "username"));
    Token { username: text(fields, "username").or(user), use_of_it }
}

fn sound_event(fields: &Fields) -> Result<SoundEvent, ApiError> {
    let wanted = |name| text(fields, name).ok_or_else(|| shape("a list of sound events"));
    let predicate = fields.get("event_predicate");
    let predicate = predicate.map_or_else(String::new, |value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    });
    Ok(SoundEvent { name: wanted("event_name")?, predicate, url: wanted("sound_url")? })
}

/// A text that says something.
fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number(fields: &Fields, name: &str) -> Option<f64> {
    fields.get(name).and_then(Value::as_f64)
}

fn integer(fields: &Fields, name: &str) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "servers write whole numbers as fractions at times")]
    fields.get(name).and_then(|value| value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)))
}

const fn shape(expected: &'static str) -> ApiError {
    ApiError::Shape { status: 200, expected }
}

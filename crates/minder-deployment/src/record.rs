//! What a deployment is: where, since when, and until when. One line of JSON.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use rustix::rand::{GetRandomFlags, getrandom};
use serde_json::{Map, Value, json};

use crate::whole_file;

/// A season of work at one place.
#[derive(Clone, PartialEq, Debug)]
pub struct Deployment {
    /// A UUID.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where. `None`: nobody said.
    pub place: Position,
    /// Its begin.
    pub started_on: Timestamp,
    /// Its end. `None`: it goes on.
    pub ended_on: Option<Timestamp>,
}

/// A place on the earth, as far as it is known.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Position {
    /// Degrees to the north, -90 to 90.
    pub latitude: Option<f64>,
    /// Degrees to the east, -180 to 180.
    pub longitude: Option<f64>,
}

/// Which of the two numbers of a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// North and south.
    Latitude,
    /// East and west.
    Longitude,
}

impl Axis {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
        }
    }

    /// The largest number of degrees either way.
    pub fn bound(self) -> f64 {
        match self {
            Self::Latitude => 90.0,
            Self::Longitude => 180.0,
        }
    }

    /// Takes degrees that are on the earth.
    ///
    /// # Errors
    /// With a sentence about the bounds.
    pub fn hold(self, degrees: f64) -> Result<f64, String> {
        if degrees.abs() <= self.bound() {
            return Ok(degrees);
        }
        let (name, bound) = (self.name(), self.bound());
        Err(format!("{name} must be between -{bound} and {bound}"))
    }
}

/// Why a record cannot be used.
#[derive(Debug)]
pub enum RecordError {
    /// The file cannot be read or written.
    File(io::Error),
    /// It is not what a deployment writes.
    Malformed(String),
}

impl std::fmt::Display for RecordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::Malformed(what) => write!(f, "no record of a deployment: {what}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl Deployment {
    /// One that begins now.
    ///
    /// # Errors
    /// When the system has no random numbers for its id.
    pub fn begin(name: &str, place: Position, now: Timestamp) -> io::Result<Self> {
        Ok(Self { id: new_id()?, name: name.to_owned(), place, started_on: now, ended_on: None })
    }

    /// Whether it goes on.
    pub fn is_active(&self) -> bool {
        self.ended_on.is_none()
    }

    /// The record of a file. `None`: there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Option<Self>, RecordError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map(Some).map_err(RecordError::Malformed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RecordError::File(error)),
        }
    }

    /// Puts the record into a file; a power cut leaves it or what was there before.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        whole_file::write(path, &self.to_line(), 0o644)
    }

    /// The line of JSON, without a line's end; what is not known is not in it.
    pub fn to_line(&self) -> String {
        self.to_json().to_string()
    }

    /// The same as a value.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".into(), json!(self.id));
        map.insert("name".into(), json!(self.name));
        map.extend(self.place.latitude.map(|degrees| ("latitude".into(), json!(degrees))));
        map.extend(self.place.longitude.map(|degrees| ("longitude".into(), json!(degrees))));
        map.insert("started_on".into(), json!(stamp(self.started_on)));
        map.extend(self.ended_on.map(|end| ("ended_on".into(), json!(stamp(end)))));
        Value::Object(map)
    }

    /// Reads what [`Deployment::to_line`] writes. A `null` is as if it were not there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let needed = |key: &str| text(key).map(str::to_owned).ok_or_else(|| format!("it has no `{key}`"));
        let time = |key: &str| {
            let parse = |text: &str| text.parse().map_err(|error| format!("`{key}`: {error}"));
            text(key).map(parse).transpose()
        };
        let degrees = |axis: Axis| {
            value.get(axis.name()).and_then(Value::as_f64).map(|degrees| axis.hold(degrees)).transpose()
        };
        Ok(Self {
            id: needed("id")?,
            name: needed("name")?,
            place: Position { latitude: degrees(Axis::Latitude)?, longitude: degrees(Axis::Longitude)? },
            started_on: time("started_on")?.ok_or("it has no `started_on`")?,
            ended_on: time("ended_on")?,
        })
    }
}

/// A moment in UTC, to the microsecond.
fn stamp(moment: Timestamp) -> String {
    let micros = moment.subsec_nanosecond() / 1000;
    match micros {
        0 => format!("{moment:.0}"),
        _ => format!("{moment:.6}"),
    }
}

/// A random UUID (version 4).
fn new_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::{Axis, Deployment, Position};

    #[test]
    fn a_record_is_one_line_and_says_only_what_is_known() {
        let now = "2027-03-01T22:00:00.25Z".parse().expect("a time");
        let place = Position { latitude: Some(51.5), longitude: None };
        let mut record = Deployment::begin("site a", place, now).expect("random numbers");
        record.id = "0".into();
        let line = r#"{"id":"0","name":"site a","latitude":51.5,"started_on":"2027-03-01T22:00:00.250000Z"}"#;
        assert_eq!(record.to_line(), line);
        record.ended_on = Some("2027-03-02T00:00:00Z".parse().expect("a time"));
        assert!(record.to_line().ends_with(r#""ended_on":"2027-03-02T00:00:00Z"}"#));
        assert_eq!(Deployment::parse(&record.to_line()), Ok(record));
    }

    #[test]
    fn what_is_none_is_refused() {
        assert!(Deployment::parse("").is_err());
        assert_eq!(Deployment::parse("{}"), Err("it has no `id`".into()));
        let far = r#"{"id":"0","name":"a","latitude":91,"started_on":"2027-03-01T22:00:00Z"}"#;
        assert_eq!(Deployment::parse(far), Err("latitude must be between -90 and 90".into()));
        assert!(Axis::Longitude.hold(f64::NAN).is_err());
        assert_eq!(Axis::Longitude.hold(-180.0), Ok(-180.0));
    }

    #[test]
    fn ids_are_uuids_and_differ() {
        let (one, other) = (super::new_id().expect("an id"), super::new_id().expect("an id"));
        assert_ne!(one, other);
        let shape: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!((shape, one.as_bytes()[14]), (vec![8, 4, 4, 4, 12], b'4'));
    }
}

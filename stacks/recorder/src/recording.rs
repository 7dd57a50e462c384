//! A deployment, and a recording of it: as they are stored, sent and handed from task to task.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A season of work at one place.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: Uuid,
    /// What a person calls it.
    pub name: String,
    /// Degrees to the north, -90 to 90.
    pub latitude: Option<f64>,
    /// Degrees to the east, -180 to 180.
    pub longitude: Option<f64>,
    /// When it began.
    #[serde(with = "crate::moment::json")]
    pub started_on: Timestamp,
    /// When it ended.
    #[serde(default, with = "crate::moment::json_or_null")]
    pub ended_on: Option<Timestamp>,
}

impl Deployment {
    /// Why it cannot be: in acoupi's words.
    pub fn problem(&self) -> Option<&'static str> {
        let within = |degrees: Option<f64>, bound: f64| degrees.is_none_or(|degrees| degrees.abs() <= bound);
        if !within(self.latitude, 90.0) {
            return Some("latitude must be between -90 and 90");
        }
        (!within(self.longitude, 180.0)).then_some("longitude must be between -180 and 180")
    }
}

/// A file of sound.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// When it began.
    #[serde(with = "crate::moment::json")]
    pub created_on: Timestamp,
    /// Seconds, more than zero.
    pub duration: f64,
    /// Samples a second, 1 or more.
    pub samplerate: u32,
    /// What it is a recording of.
    pub deployment: Deployment,
    /// Where it is. `None`: it is nowhere any more.
    pub path: Option<PathBuf>,
    /// 1 or more.
    #[serde(default = "one")]
    pub audio_channels: u16,
    /// How many times slower it says it is than it was. Not stored.
    #[serde(default = "as_it_was")]
    pub time_expansion: f64,
    /// Its id.
    pub id: Uuid,
}

fn one() -> u16 {
    1
}

fn as_it_was() -> f64 {
    1.0
}

//! By which clock, and from where the sun is looked at.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minder_schedule::Place;

use crate::program::{Behaviour, RecorderProgram};
use crate::recording::Deployment;

/// By which clock, and from where the sun is looked at.
#[derive(Clone, PartialEq, Debug)]
pub struct Sky {
    /// The program's time zone.
    pub zone: TimeZone,
    /// What times mean.
    pub behaviour: Behaviour,
}

/// A dawn or a dusk. `None`: there is none on that day.
pub type Twilight = Option<Timestamp>;

/// From where acoupi looks at the sun, wherever it is, and minder when nobody said where it is: Greenwich.
const GREENWICH: Place = Place { latitude: 51_473_300, longitude: -800 };

impl Sky {
    /// That of a program. A zone that there is not any more is UTC.
    #[must_use]
    pub fn of(program: &RecorderProgram) -> Self {
        Self {
            zone: TimeZone::get(&program.timezone).unwrap_or(TimeZone::UTC),
            behaviour: program.minder.behaviour,
        }
    }

    /// From where the sun is looked at in a deployment.
    #[must_use]
    pub fn place_of(&self, deployment: &Deployment) -> Place {
        match (self.behaviour, deployment.latitude, deployment.longitude) {
            (Behaviour::Intended, Some(latitude), Some(longitude)) => {
                Place { latitude: millionths(latitude, 90), longitude: millionths(longitude, 180) }
            }
            (Behaviour::Intended | Behaviour::Acoupi, _, _) => GREENWICH,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is clamped to degrees that there are")]
fn millionths(degrees: f64, bound: i32) -> i32 {
    (degrees.clamp(f64::from(-bound), f64::from(bound)) * 1e6) as i32
}

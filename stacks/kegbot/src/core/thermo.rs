//! Temperatures: one a minute and sensor goes to the server.

use std::collections::BTreeMap;
use std::time::Duration;

use minder_kegbot_app::log::Level;

use super::Now;

/// Outside of these, degrees Celsius, a sensor is broken or has just been switched on.
const BELIEVED: std::ops::RangeInclusive<f64> = -20.0..=80.0;

/// A sensor that was not heard for longer is told of.
const SILENCE: Duration = Duration::from_secs(120);

/// What is known of the sensors.
#[derive(Debug, Default)]
pub struct Sensors {
    sensors: BTreeMap<String, Sensor>,
}

#[derive(Debug)]
struct Sensor {
    /// The minute that has been recorded, minutes of the Unix time.
    minute: i64,
    heard: Duration,
    told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Its first reading was shown.
    Heard,
    /// That it went silent was.
    Silent,
}

/// More sensors than a bar has. A client that makes up names is not remembered without end.
const SENSORS_MAX: usize = 1000;

/// What is to be said, and whether the reading goes to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// In the name of `thermo-manager`.
    pub lines: Vec<(Level, String)>,
    /// Whether it is recorded.
    pub recorded: bool,
}

impl Sensors {
    /// Takes a reading, degrees Celsius.
    pub fn read(&mut self, name: &str, degrees: f64, now: Now) -> Reading {
        let minute = now.wall.as_second().div_euclid(60);
        let known = self.sensors.get_mut(name);
        if known.as_ref().is_some_and(|sensor| sensor.minute == minute) {
            if let Some(sensor) = known {
                sensor.heard = now.up;
            }
            return Reading {
                lines: vec![(Level::Debug, "Dropping excessive temp event".into())],
                recorded: false,
            };
        }
        if !BELIEVED.contains(&degrees) {
            return Reading::default();
        }
        let text = format!("Recording temperature sensor={name} value={degrees:?}");
        let first = known.is_none_or(|sensor| sensor.told == Told::Silent);
        let lines = if first {
            let further = "Additional readings will only be shown with --verbose".to_owned();
            vec![(Level::Info, text), (Level::Info, further)]
        } else {
            vec![(Level::Debug, text)]
        };
        if self.sensors.len() < SENSORS_MAX || self.sensors.contains_key(name) {
            self.sensors.insert(name.to_owned(), Sensor { minute, heard: now.up, told: Told::Heard });
        }
        Reading { lines, recorded: true }
    }

    /// What is to be said about those that went silent.
    pub fn silent(&mut self, now: Now) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, sensor) in &mut self.sensors {
            if sensor.told == Told::Heard && now.up.saturating_sub(sensor.heard) > SILENCE {
                sensor.told = Told::Silent;
                lines.push(format!("Stopped receiving updates for thermo sensor {name}"));
            }
        }
        lines
    }

    /// When to look for silent ones again.
    #[must_use]
    pub fn next_look(&self) -> Option<Duration> {
        let heard = self.sensors.values().filter(|sensor| sensor.told == Told::Heard);
        heard.map(|sensor| sensor.heard + SILENCE + Duration::from_millis(1)).min()
    }
}

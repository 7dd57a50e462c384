//! When the sun rises and sets, by the equations of NOAA's solar calculator (<https://gml.noaa.gov/grad/solcalc/calcdetails.html>),
//! which are those of chapters 25 and 28 of Meeus, *Astronomical Algorithms*, 2nd edition, 1998.
//!
//! ```text
//!        midnight   dawn  sunrise        noon        sunset  dusk   midnight        a day of the sun, about its noon
//!  +10°                              ╭─────────╮
//!  -0.833° ────────────────────╭─────╯         ╰─────╮                              the upper edge at the horizon
//!  -6° ──────────────────╭─────╯                     ╰─────╮                        the centre
//! ```
//!
//! Between 1901 and 2099 they are right within a minute up to about 65° of latitude, and a few minutes where the sun hardly
//! crosses the horizon. Mountains, and air that is not as usual, matter more.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use minder_core::agenda::{Place, SunEvent};

const DAY: f64 = 86_400.0;
/// When the epoch of the equations is, 2000-01-01 at noon, in seconds since 1970.
const J2000: f64 = 946_728_000.0;
/// The altitude of the sun's centre, in degrees, when its upper edge is at the horizon: its radius and the usual refraction.
const RISING: f64 = -0.833;
/// The altitude of the sun's centre, in degrees, at civil dawn and dusk.
const CIVIL: f64 = -6.0;
/// Twelve hours halved as often are less than a quarter of a second.
const HALVINGS: u32 = 18;

/// What the sun does on one day, in whole seconds. `None`: it does not do that on this day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Day {
    /// Civil dawn.
    pub dawn: Option<Timestamp>,
    /// Its upper edge appears.
    pub sunrise: Option<Timestamp>,
    /// It is highest.
    pub noon: Option<Timestamp>,
    /// Its upper edge goes.
    pub sunset: Option<Timestamp>,
    /// Civil dusk.
    pub dusk: Option<Timestamp>,
}

/// What the sun does on a date: from the midnight before the place's own noon to the one after it. Dusk can be after midnight
/// by the clock, dawn before it.
pub fn on(date: Date, place: Place) -> Day {
    SolarDay::on(date, place).all()
}

/// As [`on`], but the date is one of the zone: that on which the place's noon is there. It makes a difference only where a
/// zone is far from the sun, as at the date line.
pub fn in_zone(date: Date, place: Place, zone: &TimeZone) -> Day {
    SolarDay::in_zone(date, place, zone).map_or_else(Day::default, |day| day.all())
}

/// What becomes of something that the sun does on most days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// It happens.
    At(Timestamp),
    /// The sun is too high all day.
    Above,
    /// The sun is too low all day.
    Below,
}

/// A day of the sun at a place: from one of its midnights, past its noon, to the next, where the next day begins. In seconds
/// since 1970.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SolarDay {
    place: Place,
    begin: f64,
    noon: f64,
    end: f64,
}

impl SolarDay {
    /// That of the date which is at the place when its mean time is noon.
    pub fn on(date: Date, place: Place) -> Self {
        let middle = Offset::UTC.to_timestamp(date.to_datetime(Time::midnight()));
        let middle = middle.map_or(0.0, |midnight| seconds(midnight) + DAY / 2.0);
        let mean = middle - degrees(place.longitude) * 240.0;
        let [begin, noon, end] =
            [mean - DAY / 2.0, mean, mean + DAY / 2.0].map(|mean| mean - Sun::at(mean).ahead);
        Self { place, begin, noon, end }
    }

    /// That whose noon is on this date in the zone. `None` where the zone has left the date out.
    pub fn in_zone(date: Date, place: Place, zone: &TimeZone) -> Option<Self> {
        let near = [Some(date), date.yesterday().ok(), date.tomorrow().ok()];
        near.into_iter().flatten().map(|near| Self::on(near, place)).find(|day| {
            let noon = timestamp(day.noon);
            noon.is_some_and(|noon| zone.to_datetime(noon).date() == date)
        })
    }

    /// What becomes of this.
    pub fn happening(&self, event: SunEvent) -> Happening {
        let (altitude, midnight) = match event {
            SunEvent::Dawn => (CIVIL, self.begin),
            SunEvent::Sunrise => (RISING, self.begin),
            SunEvent::Noon => return timestamp(self.noon).map_or(Happening::Below, Happening::At),
            SunEvent::Sunset => (RISING, self.end),
            SunEvent::Dusk => (CIVIL, self.end),
        };
        let above = |time: f64| Sun::at(time).altitude(time, self.place) >= altitude;
        let (mut high, mut low) = (self.noon, midnight);
        if !above(high) {
            return Happening::Below;
        }
        if above(low) {
            return Happening::Above;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(high, low);
            if above(middle) { high = middle } else { low = middle }
        }
        timestamp(high).map_or(Happening::Below, Happening::At)
    }

    /// When it happens, or would if the sun did it only just: where the days come on which it does not happen any more, it has
    /// moved to midnight, if it stays light, or to noon, if it stays dark.
    pub fn limit(&self, event: SunEvent) -> Option<Timestamp> {
        match self.happening(event) {
            Happening::At(time) => Some(time),
            Happening::Below => timestamp(self.noon),
            Happening::Above => match event {
                SunEvent::Dawn | SunEvent::Sunrise => timestamp(self.begin),
                SunEvent::Sunset | SunEvent::Dusk => timestamp(self.end),
                SunEvent::Noon => timestamp(self.noon),
            },
        }
    }

    fn all(&self) -> Day {
        let at = |event| match self.happening(event) {
            Happening::At(time) => Some(time),
            Happening::Above | Happening::Below => None,
        };
        Day {
            dawn: at(SunEvent::Dawn),
            sunrise: at(SunEvent::Sunrise),
            noon: at(SunEvent::Noon),
            sunset: at(SunEvent::Sunset),
            dusk: at(SunEvent::Dusk),
        }
    }
}

/// Where the sun is, as seen from the middle of the earth.
struct Sun {
    /// In radians.
    declination: f64,
    /// By how many seconds the sun is ahead of the mean one: the equation of time.
    ahead: f64,
}

impl Sun {
    /// At a time in seconds since 1970.
    fn at(time: f64) -> Self {
        let t = (time - J2000) / DAY / 36_525.0;
        let mean_longitude = (280.466_46 + t * (36_000.769_83 + t * 0.000_303_2)).to_radians();
        let anomaly = (357.529_11 + t * (35_999.050_29 - t * 0.000_153_7)).to_radians();
        let eccentricity = 0.016_708_634 - t * (0.000_042_037 + t * 0.000_000_126_7);
        let centre = anomaly.sin() * (1.914_602 - t * (0.004_817 + t * 0.000_014))
            + (2.0 * anomaly).sin() * (0.019_993 - t * 0.000_101)
            + (3.0 * anomaly).sin() * 0.000_289;
        let node = (125.04 - 1_934.136 * t).to_radians();
        let apparent = mean_longitude + (centre - 0.005_69 - 0.004_78 * node.sin()).to_radians();
        let mean_tilt =
            23.0 + (26.0 + (21.448 - t * (46.815 + t * (0.000_59 - t * 0.001_813))) / 60.0) / 60.0;
        let tilt = (mean_tilt + 0.002_56 * node.cos()).to_radians();
        let y = (tilt / 2.0).tan().powi(2);
        let ahead = y * (2.0 * mean_longitude).sin() - 2.0 * eccentricity * anomaly.sin()
            + 4.0 * eccentricity * y * anomaly.sin() * (2.0 * mean_longitude).cos()
            - 0.5 * y * y * (4.0 * mean_longitude).sin()
            - 1.25 * eccentricity * eccentricity * (2.0 * anomaly).sin();
        Self { declination: (tilt.sin() * apparent.sin()).asin(), ahead: ahead.to_degrees() * 240.0 }
    }

    /// How high it is at the place, in degrees.
    fn altitude(&self, time: f64, place: Place) -> f64 {
        let turned = (time + self.ahead) / 240.0 + degrees(place.longitude) - 180.0;
        let latitude = degrees(place.latitude).to_radians();
        let height = latitude.sin() * self.declination.sin()
            + latitude.cos() * self.declination.cos() * turned.to_radians().cos();
        height.clamp(-1.0, 1.0).asin().to_degrees()
    }
}

fn degrees(millionths: i32) -> f64 {
    f64::from(millionths) / 1e6
}

#[allow(clippy::cast_precision_loss, reason = "seconds of ten thousand years are exact")]
fn seconds(time: Timestamp) -> f64 {
    time.as_second() as f64
}

#[allow(clippy::cast_possible_truncation, reason = "it saturates, and then it is no timestamp")]
fn timestamp(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_second(seconds.round() as i64).ok()
}

#[cfg(test)]
mod tests;

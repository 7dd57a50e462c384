//! A temperature profile: points in time, and straight lines between them.

use std::time::Duration;

use crate::firmware::constants::Unit;

/// A set point at a time after the start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    /// How long after the start.
    pub after: Duration,
    /// Degrees Celsius.
    pub degrees: f64,
}

/// A profile: at least one point, in the order of time.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    points: Vec<Point>,
}

/// Where a profile is at some time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Moment {
    /// Under way: the set point is this, in degrees Celsius.
    Underway(f64),
    /// Behind its last point: it stays at this.
    Over(f64),
}

impl Profile {
    /// Of points in any order. `None`: there are none.
    #[must_use]
    pub fn new(mut points: Vec<Point>) -> Option<Self> {
        points.retain(|point| point.degrees.is_finite());
        points.sort_by_key(|point| point.after);
        (!points.is_empty()).then_some(Self { points })
    }

    /// Its points, in the order of time.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The set point at a time after the start.
    #[must_use]
    pub fn at(&self, after: Duration) -> Moment {
        let next = self.points.partition_point(|point| point.after <= after);
        let Some(to) = self.points.get(next) else {
            let last = self.points.last().map_or(0.0, |point| point.degrees);
            return Moment::Over(last);
        };
        let Some(from) = next.checked_sub(1).and_then(|before| self.points.get(before)) else {
            return Moment::Underway(to.degrees);
        };
        let share = (after - from.after).as_secs_f64() / (to.after - from.after).as_secs_f64();
        Moment::Underway(from.degrees + (to.degrees - from.degrees) * share)
    }
}

/// As a controller of this unit is told: one digit, which is what people see.
#[must_use]
pub fn told(degrees: f64, unit: Unit) -> f64 {
    (unit.outside(degrees) * 10.0).round() / 10.0
}

/// Reads a time such as `7d 3h`: whole numbers with y, w, d, h, m or s. A year has 365 days.
///
/// # Errors
/// What was found instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let mut seconds = 0_u64;
    let mut digits = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit: u64 = match c {
            'y' => 365 * 86_400,
            'w' => 7 * 86_400,
            'd' => 86_400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            other => return Err(format!("found `{other}`, expected a number and one of y, w, d, h, m, s")),
        };
        let number: u64 = digits.parse().map_err(|_| format!("found `{c}`, expected a number before it"))?;
        seconds = number
            .checked_mul(unit)
            .and_then(|part| seconds.checked_add(part))
            .ok_or("expected a time shorter than the age of the world")?;
        digits.clear();
    }
    match (digits.is_empty(), text.trim().is_empty()) {
        (true, false) => Ok(Duration::from_secs(seconds)),
        (false, _) => Err(format!("found `{digits}`, expected one of y, w, d, h, m, s behind it")),
        (true, true) => Err("found nothing, expected a time such as `7d 3h`".to_owned()),
    }
}

/// A time as [`duration`] reads it.
#[must_use]
pub fn duration_text(time: Duration) -> String {
    let mut rest = time.as_secs();
    let mut parts = Vec::new();
    for (unit, seconds) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        if rest >= seconds {
            parts.push(format!("{}{unit}", rest / seconds));
            rest %= seconds;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3600)
    }

    fn profile() -> Profile {
        let points = [(48, 20.0), (24, 18.0), (96, 10.0)];
        Profile::new(points.map(|(at, degrees)| Point { after: hours(at), degrees }).to_vec())
            .expect("points")
    }

    #[test]
    fn a_profile_begins_at_its_first_point_and_stays_at_its_last() {
        assert_eq!(profile().at(hours(0)), Moment::Underway(18.0));
        assert_eq!(profile().at(hours(24)), Moment::Underway(18.0));
        assert_eq!(profile().at(hours(36)), Moment::Underway(19.0));
        assert_eq!(profile().at(hours(72)), Moment::Underway(15.0));
        assert_eq!(profile().at(hours(96)), Moment::Over(10.0));
        assert_eq!(profile().at(hours(1000)), Moment::Over(10.0));
    }

    #[test]
    fn two_points_at_one_time_are_a_step() {
        let points = [(0, 18.0), (10, 18.0), (10, 4.0), (20, 4.0)];
        let profile = Profile::new(points.map(|(at, degrees)| Point { after: hours(at), degrees }).to_vec());
        let profile = profile.expect("points");
        assert_eq!(profile.at(hours(9)), Moment::Underway(18.0));
        assert_eq!(profile.at(hours(10)), Moment::Underway(4.0));
    }

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(duration("7d 3h"), Ok(hours(171)));
        assert_eq!(duration("1w1s"), Ok(Duration::from_secs(604_801)));
        assert_eq!(duration_text(hours(171)), "7d 3h");
        for wrong in ["", "7", "d", "7x", "99999999999999999999y"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn fahrenheit_is_told_with_one_digit() {
        assert_eq!(told(20.03, Unit::Fahrenheit), 68.1);
        assert_eq!(told(20.03, Unit::Celsius), 20.0);
    }
}

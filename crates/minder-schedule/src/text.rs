//! Reads what people write about time, and says what was found and what was expected.
//!
//! ```text
//!  duration   "90s" "5m" "1h30m" "2d"            zone     "Europe/Berlin"
//!  day_time   "22:00" "22:00:30" "sunset-30m"    moment   a day time, or "2027-03-01T06:30"
//!  window     "sunset-30m..sunrise+30m"          cron     "*/10 22-5 * * *" "@daily"
//! ```

use std::fmt;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{Timestamp, Zoned};
use minder_core::agenda::{DayTime, Moment, Place, SunEvent, Window};

use crate::cron::Cron;
use crate::zone;

const DURATION: &str = r#"a duration such as "90s", "5m", "1h30m" or "2d""#;
const TIME_OF_DAY: &str = r#"a time of the day such as "22:00" or "22:00:30""#;
const DAY_TIME: &str =
    r#"a time of the day such as "22:00", or one of the sun such as "sunset-30m" or "dawn""#;
const OFFSET: &str = r#"whole seconds of at most 12 hours before or after the sun, such as "sunset-30m""#;
const WINDOW: &str = r#"two times of the day such as "22:00..06:30" or "sunset-30m..sunrise+30m""#;
const MOMENT: &str =
    r#"a time of the day such as "06:30" or "sunset+10m", or a date and time such as "2027-03-01T06:30""#;
const ZONE: &str = r#"the name of a time zone such as "Europe/Berlin" or "UTC""#;

/// How far from what the sun does a time may be. In seconds.
const OFFSET_MAX: u64 = 12 * 3600;

/// A text that is not what it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misread {
    /// The text, or the part of it that does not fit.
    pub found: String,
    /// What would be accepted, in words that fit behind "expected", with an example.
    pub expected: String,
}

impl Misread {
    pub(crate) fn new(found: &str, expected: impl Into<String>) -> Self {
        Self { found: found.to_owned(), expected: expected.into() }
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found \"{}\", expected {}", self.found, self.expected)
    }
}

impl std::error::Error for Misread {}

/// How long: whole numbers with the units `d`, `h`, `m`, `s` and `ms`, the longest first, each at most once. May be zero.
///
/// # Errors
/// When it is none, or longer than 2^64 milliseconds.
pub fn duration(text: &str) -> Result<Duration, Misread> {
    milliseconds(text.trim()).map(Duration::from_millis).ok_or_else(|| Misread::new(text, DURATION))
}

fn milliseconds(mut rest: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let (mut sum, mut shorter) = (0_u64, &UNITS[..]);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, behind) = split_where(rest, |letter| !letter.is_ascii_digit());
        let (unit, behind) = split_where(behind, |letter| !letter.is_ascii_alphabetic());
        let place = shorter.iter().position(|(name, _)| *name == unit)?;
        sum = sum.checked_add(digits.parse::<u64>().ok()?.checked_mul(shorter[place].1)?)?;
        shorter = &shorter[place + 1..];
        rest = behind;
    }
    Some(sum)
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// A duration as it is written, to the millisecond: `"1h30m"`, `"250ms"`, `"0s"`.
pub fn duration_text(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, millis) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if rest >= millis {
            text.push_str(&format!("{}{unit}", rest / millis));
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A time by the clock, in seconds since midnight: `22:00`, `22:00:30`, up to `24:00`.
///
/// # Errors
/// When it is none.
pub fn time_of_day(text: &str) -> Result<u32, Misread> {
    seconds_of_day(text.trim()).ok_or_else(|| Misread::new(text, TIME_OF_DAY))
}

fn seconds_of_day(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let hour = two_digits(parts.next()?, 24)?;
    let minute = two_digits(parts.next()?, 59)?;
    let second = parts.next().map_or(Some(0), |part| two_digits(part, 59))?;
    let sum = hour * 3600 + minute * 60 + second;
    (parts.next().is_none() && sum <= 86_400).then_some(sum)
}

fn two_digits(text: &str, most: u32) -> Option<u32> {
    let short = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| short && *number <= most)
}

/// A time of each day: by the clock, or by the sun with what is before (`-30m`) or after (`+1h`) it.
///
/// # Errors
/// When it is none, or further than 12 hours from the sun.
pub fn day_time(text: &str) -> Result<DayTime, Misread> {
    let trimmed = text.trim();
    if trimmed.starts_with(|letter: char| letter.is_ascii_digit()) {
        return time_of_day(text).map(DayTime::Clock);
    }
    let (event, offset) = split_where(trimmed, |letter| !letter.is_ascii_alphabetic());
    let event = sun_event(event).ok_or_else(|| Misread::new(text, DAY_TIME))?;
    let offset = match offset.split_at_checked(1) {
        Some(("+", later)) => seconds_from_sun(later)?,
        Some(("-", earlier)) => -seconds_from_sun(earlier)?,
        Some(_) => return Err(Misread::new(text, DAY_TIME)),
        None => 0,
    };
    Ok(DayTime::Sun { event, offset })
}

fn sun_event(word: &str) -> Option<SunEvent> {
    match word {
        "sunrise" => Some(SunEvent::Sunrise),
        "sunset" => Some(SunEvent::Sunset),
        "dawn" => Some(SunEvent::Dawn),
        "dusk" => Some(SunEvent::Dusk),
        "noon" => Some(SunEvent::Noon),
        _ => None,
    }
}

fn seconds_from_sun(text: &str) -> Result<i32, Misread> {
    let length = duration(text)?;
    let whole = length.subsec_nanos() == 0 && length.as_secs() <= OFFSET_MAX;
    i32::try_from(length.as_secs()).ok().filter(|_| whole).ok_or_else(|| Misread::new(text, OFFSET))
}

/// A part of each day, `FROM..UNTIL`. When both are the same it is the whole day.
///
/// # Errors
/// When it is none.
pub fn window(text: &str) -> Result<Window, Misread> {
    let (from, until) = text.split_once("..").ok_or_else(|| Misread::new(text, WINDOW))?;
    Ok(Window { from: day_time(from)?, until: day_time(until)? })
}

/// A moment: a time of each day, or a date and time. That may have an offset or a zone of its own, as RFC 3339 and RFC 9557
/// write them.
///
/// # Errors
/// When it is none.
pub fn moment(text: &str) -> Result<Moment, Misread> {
    let trimmed = text.trim();
    if once(trimmed).is_some() {
        return Ok(Moment::Once(trimmed.into()));
    }
    if trimmed.contains('T') || trimmed.split('-').next().is_some_and(|year| year.parse::<u16>().is_ok()) {
        return Err(Misread::new(text, MOMENT));
    }
    day_time(text).map(Moment::Daily).map_err(|problem| {
        let all = problem.found == text;
        Misread { expected: if all { MOMENT.to_owned() } else { problem.expected }, ..problem }
    })
}

/// Moments with commas between them; at least one.
///
/// # Errors
/// When one is none.
pub fn moments(text: &str) -> Result<Vec<Moment>, Misread> {
    text.split(',').map(moment).collect()
}

/// What a date and time says of when it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Once {
    /// What a clock shows, in the zone of whoever wrote it.
    Shown(DateTime),
    /// By itself.
    Exact(Timestamp),
}

pub(crate) fn once(text: &str) -> Option<Once> {
    if !text.contains('T') {
        return None;
    }
    let zoned = || text.parse::<Zoned>().map(|zoned| zoned.timestamp());
    match text.parse::<Timestamp>().or_else(|_| zoned()) {
        Ok(exact) => Some(Once::Exact(exact)),
        // What has an offset or a zone was one of the two above, or is wrong.
        Err(_) if text.contains(['[', '+', 'Z', 'z']) => None,
        Err(_) => text.parse().ok().map(Once::Shown),
    }
}

/// A cron expression, as [`Cron`] reads it.
///
/// # Errors
/// When it is none, or never due.
pub fn cron(text: &str) -> Result<Box<str>, Misread> {
    Cron::parse(text).map(|_| text.trim().into())
}

/// The name of a time zone that there is, as the database writes it.
///
/// # Errors
/// When there is none of this name.
pub fn zone(text: &str) -> Result<Box<str>, Misread> {
    let found = zone::named(text.trim()).map_err(|_| Misread::new(text, ZONE))?;
    Ok(found.iana_name().unwrap_or(text.trim()).into())
}

/// A place on the earth, in degrees to the north (-90 to 90) and to the east (-180 to 180).
///
/// # Errors
/// When there is no such place.
pub fn place(latitude: f64, longitude: f64) -> Result<Place, Misread> {
    Ok(Place {
        latitude: millionths(latitude, 90.0)
            .ok_or_else(|| Misread::new(&latitude.to_string(), "a latitude from -90 to 90"))?,
        longitude: millionths(longitude, 180.0)
            .ok_or_else(|| Misread::new(&longitude.to_string(), "a longitude from -180 to 180"))?,
    })
}

#[allow(clippy::cast_possible_truncation, reason = "180 million fits")]
fn millionths(degrees: f64, most: f64) -> Option<i32> {
    (degrees.abs() <= most).then(|| (degrees * 1e6).round() as i32)
}

#[cfg(test)]
mod tests;

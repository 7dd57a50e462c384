//! A part of each day: `22:00..06:30`, `sunset-30m..sunrise+30m`.
//!
//! On every date it begins once and ends once, on that date or the next one; which of these is said by how it is written, not
//! by the season (`Days`). Where the days come on which the sun does not do what the window names, that time has moved to
//! midnight or to noon ([`SolarDay::limit`]): a window from sunset to sunrise closes in the polar day and stays open in the
//! polar night, and one from sunrise to sunset the other way round. With `-30m` and `+30m` there remains the darkest hour of a
//! polar day.

use std::ops::Range;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use minder_core::agenda::{DayTime, Place, SunEvent, Window};

use crate::sun::{Happening, SolarDay};
use crate::zone;

/// How many days are looked at for one on which a window opens: more than a polar day lasts.
const DAYS_CLOSED_MAX: u32 = 400;
/// A window between the clock and the sun ends on the date on which it begins, unless it would usually end so much earlier than
/// it begins. In seconds.
const USUAL_DISORDER: i64 = 3 * 3600;

/// Where and by which clock a day is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// The time zone.
    pub zone: TimeZone,
    /// Where the sun is looked at from. Without, it does nothing.
    pub place: Option<Place>,
}

impl Sight {
    /// When this is on a date. `None`: it is not.
    pub fn when(&self, date: Date, time: &DayTime) -> Option<Timestamp> {
        match *time {
            DayTime::Clock(seconds) => self.by_the_clock(date, seconds),
            DayTime::Sun { event, offset } => match self.sun(date)?.happening(event) {
                Happening::At(time) => later(time, offset),
                Happening::Above | Happening::Below => None,
            },
        }
    }

    /// When this is on a date, or would be if the sun did it only just.
    fn limit(&self, date: Date, time: &DayTime) -> Option<Timestamp> {
        match *time {
            DayTime::Clock(seconds) => self.by_the_clock(date, seconds),
            DayTime::Sun { event, offset } => later(self.sun(date)?.limit(event)?, offset),
        }
    }

    fn by_the_clock(&self, date: Date, seconds: u32) -> Option<Timestamp> {
        let (date, seconds) = if seconds < 86_400 { (date, seconds) } else { (date.tomorrow().ok()?, 0) };
        let part = |number: u32| i8::try_from(number).ok();
        let time = Time::new(part(seconds / 3600)?, part(seconds / 60 % 60)?, part(seconds % 60)?, 0).ok()?;
        zone::when(date.to_datetime(time), &self.zone)
    }

    fn sun(&self, date: Date) -> Option<SolarDay> {
        SolarDay::in_zone(date, self.place?, &self.zone)
    }

    /// The date that the clock shows.
    pub(crate) fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }
}

fn later(time: Timestamp, seconds: i32) -> Option<Timestamp> {
    time.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}

/// Whether it is open: from its first moment on, until before the moment after its last one.
pub fn within(window: &Window, at: Timestamp, sight: &Sight) -> bool {
    open_at(window, at, sight).is_some()
}

/// From when until when it is open, if it is open now.
pub fn open_at(window: &Window, at: Timestamp, sight: &Sight) -> Option<Range<Timestamp>> {
    let today = sight.date(at);
    let near = [Some(today), today.yesterday().ok(), today.tomorrow().ok(), back_two(today)];
    near.into_iter().flatten().filter_map(|date| on(window, date, sight)).find(|open| open.contains(&at))
}

/// The first moment after this one at which it opens, on a day on which it does. `None`: there is none for more than a year.
pub fn next_opening(window: &Window, after: Timestamp, sight: &Sight) -> Option<Timestamp> {
    let mut date = back_two(sight.date(after))?;
    for _ in 0..DAYS_CLOSED_MAX {
        match on(window, date, sight) {
            Some(open) if open.start > after => return Some(open.start),
            Some(_) | None => date = date.tomorrow().ok()?,
        }
    }
    None
}

/// What began the day before yesterday can still be open: an evening by the sun, and twelve hours more.
fn back_two(date: Date) -> Option<Date> {
    date.yesterday().ok()?.yesterday().ok()
}

/// From when until when it is open if it begins on this date. `None`: it does not open.
pub fn on(window: &Window, date: Date, sight: &Sight) -> Option<Range<Timestamp>> {
    let last = match Days::of(window) {
        Days::One => date,
        Days::Two => date.tomorrow().ok()?,
    };
    let open = sight.limit(date, &window.from)?..sight.limit(last, &window.until)?;
    (!open.is_empty()).then_some(open)
}

/// How many dates a window is a part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Days {
    /// It ends on the date on which it begins.
    One,
    /// It ends on the next date: over midnight, or a whole day.
    Two,
}

impl Days {
    /// By the clock it is two if it does not end later than it begins. By the sun likewise, in the order dawn, sunrise, noon,
    /// sunset, dusk. Between clock and sun these are taken to be at 6:00, 12:00 and 18:00, and where that leaves a doubt
    /// (`19:00..sunset`) it is one, and the window only opens in the season in which that has a sense.
    fn of(window: &Window) -> Self {
        let in_order = match (&window.from, &window.until) {
            (DayTime::Clock(from), DayTime::Clock(until)) => from < until,
            (DayTime::Sun { event: from, offset: sooner }, DayTime::Sun { event: until, offset: later }) => {
                (order(*from), sooner) < (order(*until), later)
            }
            (from, until) => usual(until) - usual(from) > -USUAL_DISORDER,
        };
        if in_order { Self::One } else { Self::Two }
    }
}

fn order(event: SunEvent) -> u8 {
    match event {
        SunEvent::Dawn => 0,
        SunEvent::Sunrise => 1,
        SunEvent::Noon => 2,
        SunEvent::Sunset => 3,
        SunEvent::Dusk => 4,
    }
}

/// Seconds since midnight, about.
fn usual(time: &DayTime) -> i64 {
    match *time {
        DayTime::Clock(seconds) => i64::from(seconds),
        DayTime::Sun { event, offset } => {
            let hour = match event {
                SunEvent::Dawn | SunEvent::Sunrise => 6,
                SunEvent::Noon => 12,
                SunEvent::Sunset | SunEvent::Dusk => 18,
            };
            hour * 3600 + i64::from(offset)
        }
    }
}

#[cfg(test)]
mod tests;

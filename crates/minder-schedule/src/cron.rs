//! Cron expressions: five fields, or six with seconds first.
//!
//! | field | values | names |
//! | --- | --- | --- |
//! | second | 0–59 | |
//! | minute | 0–59 | |
//! | hour | 0–23 | |
//! | day of the month | 1–31, `L` for the last | |
//! | month | 1–12 | `jan` … `dec` |
//! | day of the week | 0–7, 0 and 7 for Sunday, `5L` for the month's last Friday | `sun` … `sat` |
//!
//! A field is `*`, a value, a range `a-b`, a step `*/n` or `a-b/n`, or several of these with commas between them. A range may
//! go over the end: `22-5`, `fri-mon`. As in Vixie's cron a day is due when either of its two fields fits, but both must if one
//! begins with `*`; and an expression whose minute or hour begins with `*` goes by what the clock shows as it goes, others are
//! done once where summer time begins or ends (`Face`).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::face::Face;
use crate::text::Misread;

mod field;

use field::{DAY, Field, HOUR, MINUTE, MONTH, SECOND, WEEKDAY};

const EXPRESSION: &str = "five fields, which are minute, hour, day of the month, month and day of the week, or six with the \
                          second first, or one of @yearly, @monthly, @weekly, @daily and @hourly";
/// After so many days the calendar begins anew, weekdays and all: 400 years.
const CALENDAR: u32 = 146_097;

/// A cron expression that is due at some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cron {
    second: Field,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Cron {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or never due, as on the 30th of February.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let trimmed = text.trim();
        let fields: Vec<&str> = match word(trimmed) {
            Some(expression) => expression.split(' ').collect(),
            None => trimmed.split_ascii_whitespace().collect(),
        };
        let (second, rest) = match fields.as_slice() {
            [second, rest @ ..] if rest.len() == 5 => (*second, rest),
            rest => ("0", rest),
        };
        let [minute, hour, day, month, weekday] = rest else {
            return Err(Misread::new(text, EXPRESSION));
        };
        let cron = Self {
            second: SECOND.parse(second)?,
            minute: MINUTE.parse(minute)?,
            hour: HOUR.parse(hour)?,
            day: DAY.parse(day)?,
            month: MONTH.parse(month)?,
            weekday: WEEKDAY.parse(weekday)?,
        };
        match cron.next_shown(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)) {
            Some(_) => Ok(cron),
            None => Err(Misread::new(text, "days that there are in these months")),
        }
    }

    /// The first time later than this at which it is due.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.minute.starred || self.hour.starred {
            self.next_flowing(after, zone)
        } else {
            self.next_fixed(after, zone)
        }
    }

    fn fits(&self, date: Date) -> bool {
        let (day, days) = (plain(date.day()), plain(date.days_in_month()));
        let weekday = plain(date.weekday().to_sunday_zero_offset());
        let day_fits = self.day.has(day) || self.day.last.is_some() && day == days;
        let weekday_fits = self.weekday.has(weekday) || self.weekday.last == Some(weekday) && day + 7 > days;
        if self.day.starred || self.weekday.starred {
            day_fits && weekday_fits
        } else {
            day_fits || weekday_fits
        }
    }

    /// The first time of a day that is not before this.
    fn next_time(&self, from: Time) -> Option<Time> {
        let [hour, minute, second] = [from.hour(), from.minute(), from.second()].map(plain);
        let time = |hour: u8, minute: u8, second: u8| {
            let [hour, minute, second] = [hour, minute, second].map(|part| i8::try_from(part).ok());
            Time::new(hour?, minute?, second?, 0).ok()
        };
        let (first_minute, first_second) = (self.minute.next(0)?, self.second.next(0)?);
        if self.hour.has(hour) {
            if self.minute.has(minute)
                && let Some(second) = self.second.next(second)
            {
                return time(hour, minute, second);
            }
            if let Some(minute) = self.minute.next(minute + 1) {
                return time(hour, minute, first_second);
            }
        }
        time(self.hour.next(hour + 1)?, first_minute, first_second)
    }
}

impl Face for Cron {
    fn next_shown(&self, from: DateTime) -> Option<DateTime> {
        let whole = from.time().subsec_nanosecond() == 0;
        let from = if whole { from } else { whole_second_after(from)? };
        let (mut date, mut time) = (from.date(), from.time());
        for _ in 0..=CALENDAR {
            if !self.month.has(plain(date.month())) {
                date = date.last_of_month().tomorrow().ok()?;
                time = Time::midnight();
                continue;
            }
            if self.fits(date)
                && let Some(time) = self.next_time(time)
            {
                return Some(date.to_datetime(time));
            }
            date = date.tomorrow().ok()?;
            time = Time::midnight();
        }
        None
    }
}

fn whole_second_after(shown: DateTime) -> Option<DateTime> {
    let nanoseconds = 1_000_000_000 - i64::from(shown.time().subsec_nanosecond());
    shown.checked_add(jiff::SignedDuration::from_nanos(nanoseconds)).ok()
}

/// Parts of a date are not negative.
fn plain(part: i8) -> u8 {
    part.unsigned_abs()
}

fn word(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => Some("0 0 1 1 *"),
        "@monthly" => Some("0 0 1 * *"),
        "@weekly" => Some("0 0 * * 0"),
        "@daily" | "@midnight" => Some("0 0 * * *"),
        "@hourly" => Some("0 * * * *"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! One line of the main log: local time, level, text.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minder_core::control::Order;
use minder_core::time::{Now, WallTime};

use crate::conf::types::LogLevel;

/// What lines look like and which are kept.
#[derive(Clone, Debug)]
pub struct JournalWords {
    /// The least level that is kept.
    pub level: LogLevel,
    /// The zone that times are told in.
    pub zone: TimeZone,
}

impl JournalWords {
    /// Whether lines of this level are kept.
    #[must_use]
    pub fn keeps(&self, level: LogLevel) -> bool {
        level >= self.level
    }

    /// Orders a line, if its level is kept.
    pub fn say(&self, now: WallTime, level: LogLevel, text: &str, orders: &mut Vec<Order>) {
        if self.keeps(level) {
            orders.push(Order::Journal(line_in(&self.zone, now, level, text)));
        }
    }
}

/// A line in the machine's own time zone.
#[must_use]
pub fn line(now: Now, level: LogLevel, text: &str) -> Vec<u8> {
    line_in(&TimeZone::system(), now.wall, level, text)
}

/// `2026-11-21 06:09:54,440 INFO text`, with a line feed. A text of several lines stays as it is.
fn line_in(zone: &TimeZone, now: WallTime, level: LogLevel, text: &str) -> Vec<u8> {
    // Beyond jiff's range (year 9999) the clock is broken, and the text matters more than the time.
    let at = Timestamp::from_microsecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    let at = at.strftime("%Y-%m-%d %H:%M:%S");
    format!("{at},{:03} {} {text}\n", now.subsecond_micros() / 1000, level_name(level)).into_bytes()
}

/// The four letters of a level.
#[must_use]
pub const fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Critical => "CRIT",
        LogLevel::Error => "ERRO",
        LogLevel::Warn => "WARN",
        LogLevel::Info => "INFO",
        LogLevel::Debug => "DEBG",
        LogLevel::Trace => "TRAC",
        LogLevel::Blather => "BLAT",
    }
}

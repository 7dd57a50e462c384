//! Time zones, and when a time of the day is.
//!
//! A time of the day stands for one moment of each day, as in Vixie's cron: when the clock shows it twice it is the first
//! time; when the clock is put forward over it, by no more than [`GAP_MAX`], it is the moment at which that happens.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

/// A gap that is longer is no summer time: a zone changed its side of the date line, and had a day less.
pub const GAP_MAX: Duration = Duration::from_secs(3 * 3600);

/// The zone of this IANA name: from the machine's database, or else from the one that is built in.
///
/// # Errors
/// When there is none.
pub fn named(name: &str) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name).or_else(|problem| TimeZoneDatabase::bundled().get(name).map_err(|_| problem))
}

/// The machine's zone; UTC when it has none.
pub fn machine() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}

/// When the clock shows this; `None` when it is never taken to do so, or that is beyond the years that can be written.
pub fn when(shown: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(shown).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(shown).ok(),
        AmbiguousOffset::Gap { before, after } => {
            let gap = i64::from(after.seconds() - before.seconds());
            if gap.unsigned_abs() > GAP_MAX.as_secs() {
                return None;
            }
            let earlier = after.to_timestamp(shown).ok()?;
            zone.following(earlier).next().map(|transition| transition.timestamp())
        }
    }
}

#[cfg(test)]
mod tests;

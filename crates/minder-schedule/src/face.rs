//! From what a clock's face shows to when that is: the two ways through the nights on which it is put forward or back.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::zone;

const LEAST: SignedDuration = SignedDuration::from_nanos(1);

/// Something that is due when a clock shows certain times.
pub(crate) trait Face {
    /// The first of them that is not before this. `None`: there is none.
    fn next_shown(&self, from: DateTime) -> Option<DateTime>;

    /// When one of them comes after this moment, each once a day ([`zone::when`]): never twice, never left out.
    fn next_fixed(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // What is not after the time that is shown now is not due later: the order of the face is that of time.
        let mut from = zone.to_datetime(after).checked_add(LEAST).ok()?;
        loop {
            let shown = self.next_shown(from)?;
            match zone::when(shown, zone) {
                Some(time) if time > after => return Some(time),
                Some(_) | None => from = shown.checked_add(LEAST).ok()?,
            }
        }
    }

    /// When one of them is really shown after this moment: twice in an hour that comes twice, not at all in one that is
    /// skipped.
    fn next_flowing(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut from = after.checked_add(LEAST).ok()?;
        loop {
            let offset = zone.to_offset(from);
            let time = offset.to_timestamp(self.next_shown(offset.to_datetime(from))?);
            let change = zone.following(from).next().map(|transition| transition.timestamp());
            match (time, change) {
                (Ok(time), Some(change)) if time >= change => from = change,
                (Ok(time), _) => return Some(time),
                (Err(_), change) => from = change?,
            }
        }
    }
}

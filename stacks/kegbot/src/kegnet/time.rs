//! Times of the wire: `2012-06-22T06:10:00Z`, and what servers write instead.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time as kegnet has it, in UTC, in whole seconds.
#[must_use]
pub fn text(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time in any form that a server or a client uses: with `Z` or an offset, with or without a fraction.
#[must_use]
pub fn read(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

//! A limit that a person may set: its name and unit, what it is otherwise, and how far it may be moved.
//!
//! Every dialect writes them alike, so that the same page explains them: counts as numbers, bytes as `8MB`, times as `30m`.

use std::time::Duration;

use minder_schedule::text::duration;

use crate::native::{size, size_text};

/// A limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// As it is written in a `minder.toml`. Where keys have no hyphens they are underscores.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// The least that it may be, in its unit.
    pub least: u64,
    /// The most that it may be, in its unit.
    pub most: u64,
    /// What it is when nobody says, in its unit.
    pub default: u64,
    /// What it limits, and what happens beyond it. Sentences.
    pub about: &'static str,
}

/// What a limit counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

impl Bound {
    /// The number that a text stands for, in the bound's unit.
    ///
    /// # Errors
    /// What was expected, when it is no number of that unit or not within the range.
    pub fn read(&self, text: &str) -> Result<u64, String> {
        let text = text.trim();
        let read = match self.unit {
            Unit::Count => text.parse().ok(),
            Unit::Bytes => size(text),
            // As in both older formats a bare number is seconds.
            Unit::Seconds => {
                text.parse().ok().or_else(|| duration(text).ok().map(|duration| duration.as_secs()))
            }
        };
        read.filter(|number| (self.least..=self.most).contains(number)).ok_or_else(|| self.expected())
    }

    /// What is expected of a value, for a message.
    #[must_use]
    pub fn expected(&self) -> String {
        let what = match self.unit {
            Unit::Count => "a whole number",
            Unit::Bytes => "a size",
            Unit::Seconds => "a duration",
        };
        format!("{what} from {}", self.range())
    }

    /// The least and the most, as they are written.
    #[must_use]
    pub fn range(&self) -> String {
        format!("{} to {}", self.shown(self.least), self.shown(self.most))
    }

    /// The name in a format whose keys have no hyphens.
    #[must_use]
    pub fn key(&self) -> String {
        self.name.replace('-', "_")
    }

    /// A number of the bound's unit as it is written.
    #[must_use]
    pub fn shown(&self, number: u64) -> String {
        match self.unit {
            Unit::Count => number.to_string(),
            Unit::Bytes => size_text(number),
            Unit::Seconds => [("d", 86_400), ("h", 3600), ("m", 60)]
                .into_iter()
                .find(|(_, seconds)| number > 0 && number.is_multiple_of(*seconds))
                .map_or_else(
                    || format!("{number}s"),
                    |(unit, seconds)| format!("{}{unit}", number / seconds),
                ),
        }
    }
}

/// A number of things or bytes for those who count in memory.
#[must_use]
pub fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A number of seconds as a duration.
#[must_use]
pub fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[cfg(test)]
mod tests {
    use super::{Bound, Unit};

    const fn bound(unit: Unit, least: u64, most: u64) -> Bound {
        Bound { name: "some-thing", unit, least, most, default: least, about: "" }
    }

    #[test]
    fn a_bound_reads_its_unit_and_says_its_range_when_it_cannot() {
        let (count, bytes) = (bound(Unit::Count, 1, 10), bound(Unit::Bytes, 1 << 10, 8 << 20));
        let idle = bound(Unit::Seconds, 1, 604_800);
        assert_eq!(count.read(" 7 "), Ok(7));
        assert_eq!(count.read("11"), Err("a whole number from 1 to 10".to_owned()));
        assert_eq!((bytes.read("64KB"), bytes.read("2048")), (Ok(64 << 10), Ok(2048)));
        assert_eq!(bytes.read("1B"), Err("a size from 1KB to 8MB".to_owned()));
        assert_eq!((idle.read("30m"), idle.read("90")), (Ok(1800), Ok(90)));
        assert_eq!(idle.read("-1"), Err("a duration from 1s to 7d".to_owned()));
        assert_eq!(count.key(), "some_thing");
    }
}

//! A time of the day, as clocks on walls show it.

use serde::{Deserialize, Deserializer};

/// A time of the day, from 00:00:00 to 23:59:59.999999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallTime(jiff::civil::Time);

impl WallTime {
    /// The time of a whole second.
    pub fn of(time: jiff::civil::Time) -> Self {
        Self(time)
    }

    /// The time.
    pub fn time(self) -> jiff::civil::Time {
        self.0
    }

    /// `HH:MM:SS`, `HH:MM`, and fractions of a second.
    ///
    /// # Errors
    /// In acoupi's words, what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut parts = clock.split(':');
        let mut next = |bound: i8, outside: &'static str| match parts.next() {
            Some(part) if part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()) => {
                part.parse().ok().filter(|number| *number < bound).ok_or(outside)
            }
            _ => Err("Invalid time format."),
        };
        let hour = next(24, "Hours must be between 0 and 23.")?;
        let minute = next(60, "Minutes must be between 0 and 59.")?;
        let second = if clock.len() > 5 { next(60, "Seconds must be between 0 and 59.")? } else { 0 };
        if parts.next().is_some() || fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err("Invalid time format.");
        }
        let nanosecond = format!("{fraction:0<9}").parse().unwrap_or(0);
        jiff::civil::Time::new(hour, minute, second, nanosecond).map(Self).map_err(|_| "Invalid time format.")
    }
}

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0.hour(), self.0.minute(), self.0.second())?;
        match self.0.subsec_nanosecond() / 1000 {
            0 => Ok(()),
            micros => write!(f, ".{micros:06}"),
        }
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

//! Moments as acoupi writes them: microseconds, left out when they are zero, in three dresses.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// `2024-06-01T22:00:00.000005+00:00`, as in `metadata.db` and in summaries.
pub fn iso(at: Timestamp) -> String {
    dressed(at, 'T', "+00:00")
}

/// `2024-06-01 22:00:00.000005+00:00`, as in `messages.db`.
pub fn spaced(at: Timestamp) -> String {
    dressed(at, ' ', "+00:00")
}

/// `2024-06-01T22:00:00.000005Z`, as in JSON.
pub fn zulu(at: Timestamp) -> String {
    dressed(at, 'T', "Z")
}

/// The moment without what is smaller than a microsecond, which no text of acoupi's holds.
pub fn whole_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// Reads any of these, and a time without an offset, which is meant in this zone.
///
/// # Errors
/// When it is none of them.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let naive: DateTime = text.parse()?;
    Ok(naive.to_zoned(zone.clone())?.timestamp())
}

fn dressed(at: Timestamp, between: char, offset: &str) -> String {
    let time = at.to_zoned(TimeZone::UTC).datetime();
    let (date, clock) = (time.date(), time.time());
    let mut text = format!(
        "{:04}-{:02}-{:02}{between}{:02}:{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    match clock.subsec_nanosecond() / 1000 {
        0 => {}
        micros => text.push_str(&format!(".{micros:06}")),
    }
    text.push_str(offset);
    text
}

/// For fields of JSON.
pub(crate) mod json {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::zulu(*at))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse(&text, &TimeZone::UTC).map_err(serde::de::Error::custom)
    }
}

/// For fields of JSON that may be `null`.
pub(crate) mod json_or_null {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_str(&super::zulu(*at)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Option<Timestamp>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text, &TimeZone::UTC)).transpose().map_err(serde::de::Error::custom)
    }
}

//! Rows as what they mean. Columns are found by their names: Fermentrack's tables have gained some over the years.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::device::{Beer, Connection, Device, Endpoint, Logging, Status};
use crate::firmware::constants::Unit;
use crate::profile::Point;

/// The word for no text in the original's columns.
const NONE: &str = "None";
/// The port of a board on a network.
const NETWORK_PORT: u16 = 23;

pub(super) fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let usb_serial = match number(row, "prefer_connecting_via_udev") {
        Some(0) => String::new(),
        _ => text(row, "udev_serial_number").unwrap_or_default(),
    };
    let connection = match text(row, "connection_type").as_deref() {
        Some("wifi") => Connection::Network {
            hosts: ["wifi_host_ip", "wifi_host"].into_iter().filter_map(|column| text(row, column)).collect(),
            port: number(row, "wifi_port").and_then(|port| u16::try_from(port).ok()).unwrap_or(NETWORK_PORT),
        },
        _ => Connection::Serial {
            usb_serial,
            port: text(row, "serial_port").unwrap_or_else(|| "auto".to_owned()),
            alternative: text(row, "serial_alt_port"),
        },
    };
    let endpoint = match (number(row, "useInetSocket"), number(row, "socketPort")) {
        (Some(1), Some(port)) => Endpoint::Port {
            host: text(row, "socketHost").unwrap_or_else(|| "localhost".to_owned()),
            port: u16::try_from(port).unwrap_or(2222),
        },
        _ => Endpoint::File(text(row, "socket_name").unwrap_or_else(|| "BEERSOCKET".to_owned())),
    };
    Ok(Device {
        id: row.get("id")?,
        name: row.get("device_name")?,
        unit: unit(text(row, "temp_format").as_deref()),
        interval: number(row, "data_point_log_interval")
            .and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(30),
        endpoint,
        logging: Logging::of_word(&text(row, "logging_status").unwrap_or_default()),
        connection,
        status: Status::of_word(&text(row, "status").unwrap_or_default()),
        beer: number(row, "active_beer_id"),
        profile: number(row, "active_profile_id"),
        profile_started: text(row, "time_profile_started").and_then(|text| seconds(&text)),
    })
}

pub(super) fn beer(row: &Row<'_>) -> rusqlite::Result<Beer> {
    Ok(Beer { id: row.get(0)?, name: row.get(1)?, unit: unit(row.get::<_, String>(2).ok().as_deref()) })
}

pub(super) fn point(row: &Row<'_>) -> rusqlite::Result<Point> {
    // Django keeps durations as microseconds.
    let micros: i64 = row.get(0)?;
    let told = match row.get_ref(1)? {
        ValueRef::Real(number) => number,
        #[expect(clippy::cast_precision_loss, reason = "a temperature")]
        ValueRef::Integer(number) => number as f64,
        ValueRef::Text(text) => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
        }
        ValueRef::Null | ValueRef::Blob(_) => f64::NAN,
    };
    let unit = unit(row.get::<_, String>(2).ok().as_deref());
    Ok(Point { after: Duration::from_micros(u64::try_from(micros).unwrap_or(0)), degrees: unit.inside(told) })
}

pub(super) fn unit(letter: Option<&str>) -> Unit {
    if letter == Some("F") { Unit::Fahrenheit } else { Unit::Celsius }
}

/// A column that is there and says something.
fn text(row: &Row<'_>, column: &str) -> Option<String> {
    let text: String = row.get::<_, Option<String>>(column).ok().flatten()?;
    (!text.is_empty() && text != NONE).then_some(text)
}

fn number(row: &Row<'_>, column: &str) -> Option<i64> {
    row.get::<_, Option<i64>>(column).ok().flatten()
}

/// A time of Django's, which is UTC and does not say so, or one that says what it is.
fn seconds(text: &str) -> Option<i64> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_second());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_of_django_are_utc() {
        assert_eq!(seconds("1970-01-02 00:00:00"), Some(86_400));
        assert_eq!(seconds("1970-01-02 00:00:00.123456"), Some(86_400));
        assert_eq!(seconds("1970-01-02T01:00:00+01:00"), Some(86_400));
        assert_eq!(seconds("yesterday"), None);
    }
}

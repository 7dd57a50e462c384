//! The configuration of a plugin: `key:value:::key:value`, read with the rules of Python's `int`, `float` and the
//! original's `to_bool`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Keys and their texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config(BTreeMap<String, String>);

/// A value that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfigError {
    pub(super) key: String,
    pub(super) problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl Config {
    /// Reads what `--config` gave. An item without a colon is no item.
    pub(super) fn parse(text: &str) -> Config {
        let items = text.split(":::").filter_map(|item| item.split_once(':'));
        Config(items.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect())
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(super) fn text_or<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.text(key).unwrap_or(default)
    }

    pub(super) fn integer(&self, key: &str, default: i64) -> Result<i64, ConfigError> {
        self.convert(key, integer).map(|value| value.unwrap_or(default))
    }

    pub(super) fn number(&self, key: &str, default: f64) -> Result<f64, ConfigError> {
        self.convert(key, number).map(|value| value.unwrap_or(default))
    }

    pub(super) fn truth(&self, key: &str, default: &str) -> Result<bool, ConfigError> {
        truth(self.text_or(key, default)).map_err(|problem| ConfigError { key: key.to_owned(), problem })
    }

    /// A time between two passes, in seconds: finite and more than nothing.
    pub(super) fn period(&self, key: &str, default: f64) -> Result<Duration, ConfigError> {
        let seconds = self.number(key, default)?;
        let period = Duration::try_from_secs_f64(seconds).ok().filter(|period| !period.is_zero());
        period.ok_or_else(|| {
            let problem = "Periodic callback must have a positive callback_time".to_owned();
            ConfigError { key: key.to_owned(), problem }
        })
    }

    /// Reads a key by a rule of one's own.
    pub(super) fn convert<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let read = self.text(key).map(read).transpose();
        read.map_err(|problem| ConfigError { key: key.to_owned(), problem })
    }
}

/// Python's `int(text)`, within 64 bits.
pub(super) fn integer(text: &str) -> Result<i64, String> {
    let digits = without_underscores(text.trim());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("invalid literal for int() with base 10: '{text}'"))
}

/// Python's `float(text)`.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let digits = without_underscores(text.trim());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("could not convert string to float: '{text}'"))
}

/// An underscore may stand between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |index: Option<usize>| index.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
    let misplaced =
        |(i, byte): (usize, &u8)| *byte == b'_' && !(is_digit(i.checked_sub(1)) && is_digit(Some(i + 1)));
    (!bytes.iter().enumerate().any(misplaced)).then(|| text.replace('_', ""))
}

/// The original's `to_bool(text)`.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text.to_lowercase().trim() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err(format!("'{text}' is not a boolean")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Config, integer, number, truth};

    #[test]
    fn a_configuration_is_split_at_three_colons_and_then_at_the_first() {
        let config = Config::parse("a: 1 :::b:x:y::: :::junk:::redis_url:redis://h:1/0");
        assert_eq!(config.text("a"), Some("1"));
        assert_eq!(config.text("b"), Some("x:y"));
        assert_eq!(config.text("redis_url"), Some("redis://h:1/0"));
        assert_eq!(config.text("junk"), None);
        assert_eq!(Config::parse(""), Config::default());
    }

    #[test]
    fn values_are_read_as_python_reads_them() {
        assert_eq!(integer(" +1_000 "), Ok(1000));
        assert_eq!(integer("1.0"), Err("invalid literal for int() with base 10: '1.0'".to_owned()));
        assert!(["_1", "1_", "1__0", "", "-"].into_iter().all(|text| integer(text).is_err()));
        assert_eq!(number("1_0.5e1"), Ok(105.0));
        assert_eq!(number("x"), Err("could not convert string to float: 'x'".to_owned()));
        assert_eq!(truth(" ON"), Ok(true));
        assert_eq!(truth("nope"), Err("'nope' is not a boolean".to_owned()));
    }

    #[test]
    fn a_period_is_more_than_nothing() {
        let period = |text: &str| Config::parse(&format!("loop_rate:{text}")).period("loop_rate", 60.0);
        assert_eq!(period("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "nan", "inf", "1e300"] {
            assert!(period(text).is_err(), "{text}");
        }
        assert_eq!(Config::default().period("loop_rate", 60.0), Ok(Duration::from_secs(60)));
    }
}

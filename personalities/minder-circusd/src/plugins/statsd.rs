//! `circus.plugins.statsd.StatsdEmitter`: counts circusd's events at a statsd. And the datagrams that other plugins send.

use std::time::Instant;

use super::config::{Config, ConfigError};
use super::plugin::{Answer, Event, Orders, Plugin};

/// Writes datagrams: `circus.APP.watcher.BUCKET:VALUE|TYPE`.
#[derive(Clone, Debug)]
pub(super) struct Statsd {
    prefix: String,
    /// `|@0.5`, or nothing. It is only told: everything is sent, as in the original.
    sampled: String,
}

impl Statsd {
    /// Reads `application_name` and `sample_rate`.
    pub(super) fn new(config: &Config, default_application: &str) -> Result<Statsd, ConfigError> {
        let rate = config.number("sample_rate", 1.0)?;
        #[allow(clippy::float_cmp, reason = "the original asks for exactly one")]
        let sampled = if rate == 1.0 { String::new() } else { format!("|@{}", python_float(rate)) };
        let application = config.text_or("application_name", default_application);
        Ok(Statsd { prefix: format!("circus.{application}.watcher"), sampled })
    }

    /// One more of something.
    pub(super) fn increment(&self, bucket: &str) -> String {
        self.datagram(bucket, "1|c")
    }

    /// How much there is of something; the value as Python writes it.
    pub(super) fn gauge(&self, bucket: &str, value: &str) -> String {
        self.datagram(bucket, &format!("{value}|g"))
    }

    /// How long something took.
    pub(super) fn timed(&self, bucket: &str, millis: u128) -> String {
        self.datagram(bucket, &format!("{millis}|ms"))
    }

    fn datagram(&self, bucket: &str, value: &str) -> String {
        format!("{}.{bucket}:{value}{}", self.prefix, self.sampled)
    }
}

/// Python's `repr(value)`.
pub(super) fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    // The shortest digits that read back, and the same bounds for an exponent: only its form differs.
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
    }
}

/// The plugin.
#[derive(Debug)]
pub(super) struct StatsdEmitter(Statsd);

impl StatsdEmitter {
    pub(super) fn new(config: &Config) -> Result<StatsdEmitter, ConfigError> {
        Statsd::new(config, "app").map(StatsdEmitter)
    }
}

/// It asks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {}

impl Plugin for StatsdEmitter {
    type Question = Nothing;

    fn begin(&mut self, _now: Instant) {}

    fn happened(&mut self, _now: Instant, event: &Event<'_>, orders: &mut Orders<Nothing>) {
        orders.count(self.0.increment(&format!("{}.{}", event.watcher, event.action)));
    }

    fn answered(&mut self, _now: Instant, question: Nothing, _answer: Answer, _orders: &mut Orders<Nothing>) {
        match question {}
    }
}

#[cfg(test)]
mod tests {
    use super::python_float;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (12.5, "12.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(python_float(value), text);
        }
    }
}

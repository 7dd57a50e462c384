//! Lines that supervisord has to say before its log is open: kept on the way from the front to the mind.

use crate::conf::types::LogLevel;

/// The lines, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening(Vec<(LogLevel, String)>);

impl Opening {
    /// One more line.
    pub fn say(&mut self, level: LogLevel, text: impl Into<String>) {
        self.0.push((level, text.into()));
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = (LogLevel, &str)> {
        self.0.iter().map(|(level, text)| (*level, text.as_str()))
    }

    /// As bytes, for the mind.
    pub fn encode(&self) -> Vec<u8> {
        let lines: Vec<serde_json::Value> =
            self.lines().map(|(level, text)| serde_json::json!([level_number(level), text])).collect();
        serde_json::Value::Array(lines).to_string().into_bytes()
    }

    /// From [`Opening::encode`]; nothing, if it is something else.
    pub fn decode(bytes: &[u8]) -> Self {
        let lines = serde_json::from_slice::<Vec<(u64, String)>>(bytes).unwrap_or_default();
        Self(lines.into_iter().filter_map(|(level, text)| Some((level_of(level)?, text))).collect())
    }
}

const LEVELS: [LogLevel; 7] = [
    LogLevel::Critical,
    LogLevel::Error,
    LogLevel::Warn,
    LogLevel::Info,
    LogLevel::Debug,
    LogLevel::Trace,
    LogLevel::Blather,
];

fn level_number(level: LogLevel) -> usize {
    LEVELS.iter().position(|&known| known == level).unwrap_or_default()
}

fn level_of(number: u64) -> Option<LogLevel> {
    LEVELS.get(usize::try_from(number).ok()?).copied()
}

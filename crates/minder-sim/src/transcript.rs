//! What happened, line by line, for whoever reads a failure.

use std::time::Duration;

use minder_core::instance::Phase;
use minder_core::time::Instant;

/// Whether somebody reads it, and if so, what there is to read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript {
    lines: Option<Vec<(Instant, String)>>,
    pub(crate) begin: Instant,
}

impl Transcript {
    /// One that is written.
    pub(crate) fn kept() -> Self {
        Self { lines: Some(Vec::new()), begin: Instant(0) }
    }

    pub(crate) fn note(&mut self, now: Instant, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push((now, line()));
        }
    }

    /// The lines, each with its time since the beginning.
    pub(crate) fn into_lines(self) -> Vec<String> {
        let begin = self.begin;
        let lines = self.lines.unwrap_or_default();
        lines.into_iter().map(|(at, line)| format!("{}  {line}", stamp(at.since(begin)))).collect()
    }
}

/// A phase in words; a moment to come is told by how far it is.
pub(crate) fn words(phase: Phase, now: Instant) -> String {
    match phase {
        Phase::Down(rest) => format!("down ({rest:?})"),
        Phase::Spawning => "spawning".to_owned(),
        Phase::Starting { pid, ready_at } => format!("starting {pid}, up in {:?}", ready_at.since(now)),
        Phase::Up { pid } => format!("up {pid}"),
        Phase::Stopping { pid, kill_at } => format!("stopping {pid}, killed in {:?}", kill_at.since(now)),
        Phase::Waiting { until } => format!("waiting {:?}", until.since(now)),
        Phase::Lost { pid } => format!("lost {pid}"),
    }
}

/// Hours, minutes, seconds and what is left of them: of two things in one moment one was first.
pub(crate) fn stamp(since: Duration) -> String {
    let seconds = since.as_secs();
    format!("{:>3}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, since.subsec_micros())
}

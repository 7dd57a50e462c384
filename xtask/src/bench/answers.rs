//! How fast a daemon says what there is.

use super::daemon::Original;
use super::figures::{Row, Samples, Verdict, nothing, ratio, short, times};
use super::place::Place;
use crate::step::Problem;
use std::time::{Duration, Instant};

/// The answers to one question that was asked again and again.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Milliseconds.
    latency: Samples,
    /// Of the last one.
    bytes: usize,
}

impl Answers {
    /// Asks for as long as the pace allows. `ask` says how long one answer took and how many bytes it has.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(super) fn to(
        place: &Place,
        mut ask: impl FnMut() -> Result<(Duration, usize), Problem>,
    ) -> Result<Self, Problem> {
        let mut answers = Self::default();
        let most = place.pace.choose(300, 1000);
        let until = Instant::now() + place.pace.choose(Duration::from_secs(4), Duration::from_secs(10));
        for call in 0..most {
            if Instant::now() > until {
                break;
            }
            let (took, bytes) = ask()?;
            answers.bytes = bytes;
            // The first few are the warm-up.
            if call >= 2 {
                answers.latency.push_ms(took);
            }
        }
        Ok(answers)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.latency.count()
    }

    fn cell(&self) -> String {
        format!("{}, {} KB", self.latency.tail("ms"), short(self.bytes as f64 / 1000.0))
    }
}

/// A row about one question; `bound` is how many milliseconds minder's middle answer may take.
pub(super) fn row(
    of: Original,
    what: String,
    bound: Option<f64>,
    original: Option<&Answers>,
    minder: &Answers,
) -> Row {
    let against =
        |original: &Answers| format!("{} {}", ratio(times(&minder.latency, &original.latency)), of.name());
    Row {
        of,
        what,
        floor: String::new(),
        original: original.map_or_else(nothing, Answers::cell),
        minder: minder.cell(),
        ratio: original.map_or_else(nothing, against),
        budget: bound.map_or_else(String::new, |bound| format!("p50 ≤ {bound} ms")),
        verdict: bound.map_or(Verdict::Open, |bound| Verdict::at_most(minder.latency.median(), bound)),
    }
}

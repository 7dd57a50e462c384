//! Figures: several measurements of one thing, and the rows of the table.

use super::daemon::Original;
use std::fmt::Write as _;
use std::time::Duration;

/// Several measurements of one thing, in the unit that the row names.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    /// One more.
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// One more, in milliseconds.
    pub(super) fn push_ms(&mut self, took: Duration) {
        self.push(took.as_secs_f64() * 1000.0);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The value that `percent` per cent do not exceed; `None` if there are no measurements.
    pub(super) fn percentile(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }

    /// The one in the middle.
    pub(super) fn median(&self) -> Option<f64> {
        self.percentile(50)
    }

    /// The middle one with the least and the greatest: `12.3 (11.0–14.1)`.
    pub(super) fn spread(&self, unit: &str) -> String {
        match (self.0.first(), self.median(), self.0.last()) {
            (Some(least), Some(median), Some(greatest)) if self.0.len() > 1 => {
                format!("{} {unit} ({}–{})", short(median), short(*least), short(*greatest))
            }
            (_, Some(median), _) => format!("{} {unit}", short(median)),
            _ => nothing(),
        }
    }

    /// The middle one and the one that a hundredth exceeds.
    pub(super) fn tail(&self, unit: &str) -> String {
        match (self.median(), self.percentile(99)) {
            (Some(middle), Some(late)) => {
                format!("p50 {}, p99 {} {unit} (n = {})", short(middle), short(late), self.count())
            }
            _ => nothing(),
        }
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut samples = Self::default();
        for value in values {
            samples.push(value);
        }
        samples
    }
}

/// Three digits that matter.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Whether a budget is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Met,
    Missed,
    /// The design sets no number for it.
    Open,
}

impl Verdict {
    /// Of a figure that must not be above its bound.
    pub(super) fn at_most(figure: Option<f64>, bound: f64) -> Self {
        figure.map_or(Self::Missed, |figure| if figure <= bound { Self::Met } else { Self::Missed })
    }

    /// Of a figure that must not be below its bound.
    pub(super) fn at_least(figure: Option<f64>, bound: f64) -> Self {
        figure.map_or(Self::Missed, |figure| if figure >= bound { Self::Met } else { Self::Missed })
    }

    /// Of two figures that must both be kept.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Missed, _) | (_, Self::Missed) => Self::Missed,
            (Self::Met, _) | (_, Self::Met) => Self::Met,
            (Self::Open, Self::Open) => Self::Open,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "**not met**",
            Self::Open => "",
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// Whose place minder takes in it.
    pub(super) of: Original,
    pub(super) what: String,
    pub(super) floor: String,
    pub(super) original: String,
    pub(super) minder: String,
    /// minder to the floor, or to whatever the budget is about.
    pub(super) ratio: String,
    pub(super) budget: String,
    pub(super) verdict: Verdict,
}

/// All rows as a table of Markdown.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| in place of | what | floor | original | minder | minder : floor | budget | |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.of.name(),
            row.what,
            row.floor,
            row.original,
            row.minder,
            row.ratio,
            row.budget,
            row.verdict.word()
        );
    }
    text
}

/// What was not measured.
pub(super) fn nothing() -> String {
    "–".into()
}

/// How many times one middle value is another: `1.13 ×`.
pub(super) fn times(figure: &Samples, of: &Samples) -> Option<f64> {
    let (figure, of) = (figure.median()?, of.median()?);
    (of > 0.0).then(|| figure / of)
}

/// A ratio as the table shows it.
pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or_else(nothing, |value| format!("{} ×", short(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_measurement_and_not_a_mean() {
        let samples: Samples = (1..=200).map(f64::from).collect();
        assert_eq!(samples.median(), Some(100.0));
        assert_eq!(samples.percentile(99), Some(198.0));
        assert_eq!(Samples::default().median(), None);
        assert_eq!(Samples::from_iter([7.0]).percentile(99), Some(7.0));
    }

    #[test]
    fn a_spread_shows_the_middle_first() {
        assert_eq!(Samples::from_iter([3.0, 1.0, 200.0]).spread("ms"), "3.00 ms (1.00–200)");
    }

    #[test]
    fn a_figure_that_could_not_be_taken_keeps_no_budget() {
        assert_eq!(Verdict::at_most(None, 1.0), Verdict::Missed);
        assert_eq!(Verdict::at_most(Some(1.0), 1.0).and(Verdict::Open), Verdict::Met);
    }
}

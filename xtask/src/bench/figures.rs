//! Figures: several measurements of one thing, and the rows of the table.

use super::peers::{MINDER, MINDER_AS_CIRCUS};
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

    /// What they are on average.
    pub(super) fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.iter().sum::<f64>() / self.0.len() as f64)
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

/// Which of two figures is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
}

/// What one of those who are measured did in a row.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// As the table shows it, and the figure that is compared.
    Figure(String, f64),
    /// Why there is nothing.
    Blank(String),
}

impl Cell {
    /// The middle of some samples, with the least and the greatest.
    pub(super) fn spread(samples: &Samples, unit: &str) -> Self {
        Self::of(samples.median(), samples.spread(unit))
    }

    /// The middle of some samples, and the one that a hundredth exceeds.
    pub(super) fn tail(samples: &Samples, unit: &str) -> Self {
        Self::of(samples.median(), samples.tail(unit))
    }

    /// The middle of some samples alone.
    pub(super) fn middle(samples: &Samples, unit: &str) -> Self {
        Self::of(
            samples.median(),
            samples.median().map_or_else(nothing, |value| format!("{}{unit}", short(value))),
        )
    }

    /// A figure, if there is one.
    pub(super) fn of(value: Option<f64>, text: String) -> Self {
        value.map_or_else(
            || Self::Blank("has no such order or question".into()),
            |value| Self::Figure(text, value),
        )
    }

    /// What is compared.
    pub(super) fn value(&self) -> Option<f64> {
        match self {
            Self::Figure(_, value) => Some(*value),
            Self::Blank(_) => None,
        }
    }

    /// What the table shows.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Figure(text, _) => text,
            Self::Blank(_) => "–",
        }
    }
}

/// One measurement of all who take part.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) better: Better,
    pub(super) floor: Option<Cell>,
    pub(super) cells: Vec<(&'static str, Cell)>,
    pub(super) budget: String,
    pub(super) verdict: Verdict,
}

impl Row {
    /// One without a floor and a budget.
    pub(super) fn new(what: String, better: Better, cells: Vec<(&'static str, Cell)>) -> Self {
        Self { what, better, floor: None, cells, budget: String::new(), verdict: Verdict::Open }
    }

    /// The same with the least that can be done.
    pub(super) fn over(self, floor: Cell) -> Self {
        Self { floor: Some(floor), ..self }
    }

    /// The same with what minder promises.
    pub(super) fn promised(self, budget: &str, verdict: Verdict) -> Self {
        Self { budget: budget.into(), verdict, ..self }
    }

    /// The same, with a promise about the ratio to the floor.
    pub(super) fn within(self, bound: f64) -> Self {
        let ratio = self.ratio();
        match self.better {
            Better::Less => self.promised(&format!("≤ {bound} ×"), Verdict::at_most(ratio, bound)),
            Better::More => self.promised(&format!("≥ {bound} ×"), Verdict::at_least(ratio, bound)),
        }
    }

    /// What one of them did.
    pub(super) fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.iter().find(|(of, _)| *of == name).map(|(_, cell)| cell)
    }

    /// minder to the floor.
    pub(super) fn ratio(&self) -> Option<f64> {
        let (minder, floor) = (self.cell(MINDER)?.value()?, self.floor.as_ref()?.value()?);
        (floor > 0.0).then(|| minder / floor)
    }

    /// The best that is not minder.
    pub(super) fn best_other(&self) -> Option<(&'static str, &Cell, f64)> {
        let others = self.cells.iter().filter(|(name, _)| *name != MINDER && *name != MINDER_AS_CIRCUS);
        let figures = others.filter_map(|(name, cell)| Some((*name, cell, cell.value()?)));
        match self.better {
            Better::Less => figures.min_by(|a, b| a.2.total_cmp(&b.2)),
            Better::More => figures.max_by(|a, b| a.2.total_cmp(&b.2)),
        }
    }

    /// Whether another one is better than minder.
    pub(super) fn is_beaten(&self) -> bool {
        let minder = self.cell(MINDER).and_then(Cell::value);
        let (Some(minder), Some((_, _, best))) = (minder, self.best_other()) else { return false };
        match self.better {
            Better::Less => best < minder,
            Better::More => best > minder,
        }
    }

    /// Whether it is kept what is promised.
    pub(super) fn verdict(&self) -> &'static str {
        self.verdict.word()
    }
}

/// What was not measured.
pub(super) fn nothing() -> String {
    "–".into()
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

//! An axis from zero, with marks at round numbers.

/// How far apart marks are at least, pixels.
const APART: f64 = 56.0;

/// An axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    end: f64,
    pixels: usize,
}

impl Scale {
    /// From 0 to this value, over so many pixels.
    pub(super) fn of(end: f64, pixels: usize) -> Self {
        Self { end: end.max(f64::MIN_POSITIVE), pixels }
    }

    /// Its last value.
    pub(super) fn end(&self) -> f64 {
        self.end
    }

    /// Where a value is, pixels.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the pixels")]
    pub(super) fn place(&self, value: f64) -> usize {
        (value / self.end * self.pixels as f64).clamp(0.0, self.pixels as f64).round() as usize
    }

    /// Where marks are, and what is written there if values are told in this unit.
    pub(super) fn marks(&self, unit: f64) -> Vec<(usize, String)> {
        let end = self.end / unit;
        let step = step(end * APART / self.pixels as f64);
        // As many digits as the step has.
        let digits = (0..9).find(|&digits| (step * 10_f64.powi(digits)).fract() < 1e-6).unwrap_or(9);
        let values = (0..=self.pixels).map(|number| number as f64 * step).take_while(|value| *value <= end);
        values
            .map(|value| (self.place(value * unit), format!("{value:.*}", digits.unsigned_abs() as usize)))
            .collect()
    }
}

/// The next of 1, 2, 5, 10, 20, …, and the same of tenths.
fn step(least: f64) -> f64 {
    let ten = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * ten)
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(end: f64, pixels: usize, unit: f64) -> String {
        let labels: Vec<String> =
            Scale::of(end, pixels).marks(unit).into_iter().map(|(_, label)| label).collect();
        labels.join(" ")
    }

    #[test]
    fn marks_are_at_round_numbers() {
        assert_eq!(labels(24_000.0, 512, 1000.0), "0 5 10 15 20");
        assert_eq!(labels(192_000.0, 512, 1000.0), "0 50 100 150");
        assert_eq!(labels(3.0, 1200, 1.0), "0.0 0.2 0.4 0.6 0.8 1.0 1.2 1.4 1.6 1.8 2.0 2.2 2.4 2.6 2.8 3.0");
        assert_eq!(labels(0.1, 300, 1.0), "0.00 0.02 0.04 0.06 0.08 0.10");
    }

    #[test]
    fn a_value_is_at_its_place_or_at_the_end() {
        let scale = Scale::of(10.0, 100);
        assert_eq!([-1.0, 0.0, 5.0, 11.0].map(|value| scale.place(value)), [0, 0, 50, 100]);
    }
}

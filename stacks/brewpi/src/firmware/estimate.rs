//! How far the fridge goes on after the heater or the cooler was switched off, and how that is learnt.

use super::constants::Constants;
use super::settings::Settings;
use super::state::Timers;

/// Seconds within which a peak comes after heating, and after cooling.
const HEAT_PEAK_WITHIN: u32 = 900;
const COOL_PEAK_WITHIN: u32 = 1800;
/// No estimate is smaller.
const LEAST: f64 = 0.05;
/// Estimates change by a factor between these, the more the larger the error.
const GROW: (f64, f64) = (1.2, 1.5);
const SHRINK: (f64, f64) = (0.83, 0.67);
/// The error, in degrees, from which on it changes by the most.
const LARGE_ERROR: f64 = 1.0;

/// Which way it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Up,
    Down,
}

/// A peak that is waited for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Expected {
    pub(super) way: Way,
    /// Where it will be, as it was thought when the heater or cooler was switched off.
    pub(super) at: f64,
}

/// What was learnt, told by a debug message.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Learnt {
    /// I17 to I20.
    pub(super) id: u8,
    pub(super) peak: f64,
    pub(super) expected: f64,
    pub(super) estimate: f64,
}

/// Where the fridge would peak if it were switched off now.
pub(super) fn peak(constants: &Constants, settings: &Settings, way: Way, fridge: f64, seconds: u32) -> f64 {
    let hours = |most: f64| f64::from(seconds).min(most) / 3600.0;
    match way {
        Way::Up => fridge + settings.heat_estimate * hours(constants.heat_seconds_max),
        Way::Down => fridge - settings.cool_estimate * hours(constants.cool_seconds_max),
    }
}

/// Looks whether the peak that is waited for has come, and corrects the estimate by it. `None`: not yet, and the wait goes on.
pub(super) fn judge(
    expected: Expected,
    constants: &Constants,
    settings: &mut Settings,
    timers: &Timers,
    fridge: Slow,
) -> Option<Option<Learnt>> {
    let (peak, since, within, low, high) = match expected.way {
        Way::Up => (
            fridge.positive_peak,
            timers.since_heating(),
            HEAT_PEAK_WITHIN,
            constants.heat_target_low,
            constants.heat_target_high,
        ),
        Way::Down => (
            fridge.negative_peak,
            timers.since_cooling(),
            COOL_PEAK_WITHIN,
            constants.cool_target_low,
            constants.cool_target_high,
        ),
    };
    let drifts = peak.is_none();
    let peak = match peak {
        Some(peak) => peak,
        None if since < within => return None,
        // It goes on without a peak. Beyond what was expected that is not the heater's or cooler's doing any more; but it
        // shows that the estimate is not too large.
        None => fridge.now,
    };
    let error = peak - expected.at;
    let too_far = match expected.way {
        Way::Up => error > high,
        Way::Down => error < low,
    };
    let too_short = match expected.way {
        Way::Up => error < low,
        Way::Down => error > high,
    };
    let estimate = match expected.way {
        Way::Up => &mut settings.heat_estimate,
        Way::Down => &mut settings.cool_estimate,
    };
    if too_far {
        *estimate = (*estimate * factor(GROW, error)).max(LEAST);
    } else if too_short && !drifts {
        *estimate = (*estimate * factor(SHRINK, error)).max(LEAST);
    } else if drifts {
        return Some(None);
    }
    let id = match (expected.way, drifts) {
        (Way::Up, false) => 17,
        (Way::Down, false) => 18,
        (Way::Up, true) => 19,
        (Way::Down, true) => 20,
    };
    Some(Some(Learnt { id, peak, expected: expected.at, estimate: *estimate }))
}

/// What the slow filter of the fridge shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slow {
    pub(super) now: f64,
    pub(super) positive_peak: Option<f64>,
    pub(super) negative_peak: Option<f64>,
}

fn factor((least, most): (f64, f64), error: f64) -> f64 {
    let share = (error.abs() / LARGE_ERROR).min(1.0);
    least + (most - least) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_that_is_too_high_makes_the_estimate_grow_by_a_bounded_factor() {
        let mut settings = Settings::default();
        let timers = Timers { now: 1000, heated: 900, ..Timers::default() };
        let expected = Expected { way: Way::Up, at: 20.0 };
        let slow = Slow { now: 20.9, positive_peak: Some(21.0), negative_peak: None };
        let learnt = judge(expected, &Constants::default(), &mut settings, &timers, slow);
        assert_eq!(learnt.flatten().map(|learnt| learnt.id), Some(17));
        assert!((settings.heat_estimate - 0.3).abs() < 1e-9, "{}", settings.heat_estimate);
    }

    #[test]
    fn a_peak_that_does_not_come_is_given_up_in_time() {
        let mut settings = Settings::default();
        let expected = Expected { way: Way::Down, at: 20.0 };
        let slow = Slow { now: 20.0, positive_peak: None, negative_peak: None };
        let at = |since: u32| Timers { now: 5000, cooled: 5000 - since, ..Timers::default() };
        let constants = Constants::default();
        assert_eq!(judge(expected, &constants, &mut settings, &at(1799), slow), None);
        assert_eq!(judge(expected, &constants, &mut settings, &at(1800), slow), Some(None));
        assert!((settings.cool_estimate - 5.0).abs() < 1e-9);
    }
}

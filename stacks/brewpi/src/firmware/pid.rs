//! From the beer to the set point of the fridge.

use super::constants::Constants;
use super::state::State;

/// How often the integral is looked at, in seconds.
const INTEGRAL_EVERY: u8 = 61;
/// A fridge that is further from its set point than this shows that it cannot follow.
const FOLLOWS_WITHIN: f64 = 2.0;

/// What the control has in mind, as the answer to `v`.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Variables {
    pub(super) difference: f64,
    pub(super) integral: f64,
    pub(super) slope: f64,
    pub(super) proportional: f64,
    pub(super) integrated: f64,
    pub(super) derived: f64,
    countdown: u8,
}

/// What it is reckoned from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) beer_set: f64,
    pub(super) beer: f64,
    pub(super) slope: f64,
    pub(super) fridge: f64,
    pub(super) state: State,
}

impl Variables {
    /// A second has passed: the new set point of the fridge. `before` is the one until now.
    pub(super) fn follow(&mut self, constants: &Constants, seen: Seen, before: Option<f64>) -> f64 {
        self.difference = seen.beer_set - seen.beer;
        self.slope = seen.slope;
        if self.countdown == 0 {
            self.countdown = INTEGRAL_EVERY;
            self.integrate(constants, seen, before);
        }
        self.countdown -= 1;
        self.proportional = constants.kp * self.difference;
        self.integrated = constants.ki * self.integral;
        self.derived = constants.kd * self.slope;
        let wanted = seen.beer_set + self.proportional + self.integrated + self.derived;
        let (low, high) = bounds(constants, seen.beer_set);
        wanted.max(low).min(high)
    }

    fn integrate(&mut self, constants: &Constants, seen: Seen, before: Option<f64>) {
        if seen.state != State::Idle {
            return;
        }
        let difference = self.difference;
        if difference.abs() >= constants.integral_error_max {
            // Far away the proportional part is enough; what was gathered would carry it too far.
            self.integral -= self.integral / 8.0;
            return;
        }
        if (self.integral >= 0.0) != (difference >= 0.0) {
            self.integral += 2.0 * difference;
            return;
        }
        let (low, high) = bounds(constants, seen.beer_set);
        let set = before.unwrap_or(seen.beer_set);
        let (at_its_limit, does_not_follow) = if self.integral >= 0.0 {
            (set >= high, seen.fridge < set - FOLLOWS_WITHIN)
        } else {
            (set <= low, seen.fridge > set + FOLLOWS_WITHIN)
        };
        if !at_its_limit && !does_not_follow {
            self.integral += difference;
        }
    }

    /// A new set point: what was gathered for the old one is not for it.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Between which temperatures the fridge may be set, for this set point of the beer.
fn bounds(constants: &Constants, beer_set: f64) -> (f64, f64) {
    (constants.set_min.max(beer_set - constants.pid_max), constants.set_max.min(beer_set + constants.pid_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(beer: f64) -> Seen {
        Seen { beer_set: 20.0, beer, slope: 0.0, fridge: 20.0, state: State::Idle }
    }

    #[test]
    fn warm_beer_wants_a_cold_fridge_within_bounds() {
        let constants = Constants::default();
        let mut variables = Variables::default();
        assert!((variables.follow(&constants, seen(21.0), None) - 15.0).abs() < 1e-9);
        assert!((variables.follow(&constants, seen(29.0), None) - 10.0).abs() < 1e-9);
        assert!((variables.follow(&constants, seen(11.0), None) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn the_integral_gathers_once_in_61_seconds_while_idle() {
        let constants = Constants::default();
        let mut variables = Variables::default();
        let mut set = None;
        for _ in 0..61 * 3 {
            set = Some(variables.follow(&constants, seen(19.9), set));
        }
        assert!((variables.integral - 0.3).abs() < 1e-9, "{}", variables.integral);
        let mut busy = seen(19.9);
        busy.state = State::Heating;
        for _ in 0..61 * 3 {
            set = Some(variables.follow(&constants, busy, set));
        }
        assert!((variables.integral - 0.3).abs() < 1e-9, "{}", variables.integral);
    }
}

//! The constants of the control: one list, from which they are reported and set.

/// In which unit temperatures are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unit {
    /// Degrees Celsius.
    #[default]
    Celsius,
    /// Degrees Fahrenheit.
    Fahrenheit,
}

impl Unit {
    /// A temperature as it is told.
    #[must_use]
    pub fn outside(self, celsius: f64) -> f64 {
        match self {
            Self::Celsius => celsius,
            Self::Fahrenheit => celsius.mul_add(1.8, 32.0),
        }
    }

    /// A temperature as it was told.
    #[must_use]
    pub fn inside(self, told: f64) -> f64 {
        match self {
            Self::Celsius => told,
            Self::Fahrenheit => (told - 32.0) / 1.8,
        }
    }

    fn scale(self) -> f64 {
        match self {
            Self::Celsius => 1.0,
            Self::Fahrenheit => 1.8,
        }
    }

    /// Its letter.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Celsius => 'C',
            Self::Fahrenheit => 'F',
        }
    }
}

/// What the control reckons with.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "each is the key of the same name in `KEYS`, whose kind is its unit")]
pub struct Constants {
    pub unit: Unit,
    pub set_min: f64,
    pub set_max: f64,
    pub pid_max: f64,
    pub kp: f64,
    pub ki: f64,
    pub kd: f64,
    pub integral_error_max: f64,
    pub idle_high: f64,
    pub idle_low: f64,
    pub heat_target_high: f64,
    pub heat_target_low: f64,
    pub cool_target_high: f64,
    pub cool_target_low: f64,
    pub heat_seconds_max: f64,
    pub cool_seconds_max: f64,
    pub fridge_fast: f64,
    pub fridge_slow: f64,
    pub fridge_slope: f64,
    pub beer_fast: f64,
    pub beer_slow: f64,
    pub beer_slope: f64,
    pub light_as_heater: f64,
    pub rotary_half_steps: f64,
}

impl Default for Constants {
    fn default() -> Self {
        Self {
            unit: Unit::Celsius,
            set_min: 1.0,
            set_max: 30.0,
            pid_max: 10.0,
            kp: 5.0,
            ki: 0.25,
            kd: -1.5,
            integral_error_max: 0.5,
            idle_high: 1.0,
            idle_low: -1.0,
            heat_target_high: 0.3,
            heat_target_low: -0.2,
            cool_target_high: 0.2,
            cool_target_low: -0.3,
            heat_seconds_max: 600.0,
            cool_seconds_max: 1200.0,
            fridge_fast: 1.0,
            fridge_slow: 4.0,
            fridge_slope: 3.0,
            beer_fast: 3.0,
            beer_slow: 4.0,
            beer_slope: 4.0,
            light_as_heater: 0.0,
            rotary_half_steps: 0.0,
        }
    }
}

/// How a constant is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A temperature, with one digit.
    Degrees,
    /// A difference of temperatures, with three digits.
    Difference,
    /// A number, with three digits.
    Number,
    /// A whole number from zero to this.
    Count(u16),
}

type Key = (&'static str, Kind, fn(&mut Constants) -> &mut f64);

/// All but the unit, which comes first, in the order in which they are told.
const KEYS: [Key; 23] = [
    ("tempSetMin", Kind::Degrees, |c| &mut c.set_min),
    ("tempSetMax", Kind::Degrees, |c| &mut c.set_max),
    ("pidMax", Kind::Difference, |c| &mut c.pid_max),
    ("Kp", Kind::Number, |c| &mut c.kp),
    ("Ki", Kind::Number, |c| &mut c.ki),
    ("Kd", Kind::Number, |c| &mut c.kd),
    ("iMaxErr", Kind::Difference, |c| &mut c.integral_error_max),
    ("idleRangeH", Kind::Difference, |c| &mut c.idle_high),
    ("idleRangeL", Kind::Difference, |c| &mut c.idle_low),
    ("heatTargetH", Kind::Difference, |c| &mut c.heat_target_high),
    ("heatTargetL", Kind::Difference, |c| &mut c.heat_target_low),
    ("coolTargetH", Kind::Difference, |c| &mut c.cool_target_high),
    ("coolTargetL", Kind::Difference, |c| &mut c.cool_target_low),
    ("maxHeatTimeForEst", Kind::Count(u16::MAX), |c| &mut c.heat_seconds_max),
    ("maxCoolTimeForEst", Kind::Count(u16::MAX), |c| &mut c.cool_seconds_max),
    ("fridgeFastFilt", Kind::Count(6), |c| &mut c.fridge_fast),
    ("fridgeSlowFilt", Kind::Count(6), |c| &mut c.fridge_slow),
    ("fridgeSlopeFilt", Kind::Count(6), |c| &mut c.fridge_slope),
    ("beerFastFilt", Kind::Count(6), |c| &mut c.beer_fast),
    ("beerSlowFilt", Kind::Count(6), |c| &mut c.beer_slow),
    ("beerSlopeFilt", Kind::Count(6), |c| &mut c.beer_slope),
    ("lah", Kind::Count(1), |c| &mut c.light_as_heater),
    ("hs", Kind::Count(1), |c| &mut c.rotary_half_steps),
];

impl Constants {
    /// As the answer to `c`.
    pub(super) fn report(&self) -> String {
        let mut copy = self.clone();
        let unit = self.unit;
        let mut text = format!("C:{{\"tempFormat\":\"{}\"", unit.letter());
        for (name, kind, of) in KEYS {
            let value = *of(&mut copy);
            let told = match kind {
                Kind::Degrees => format!("{:.1}", unit.outside(value)),
                Kind::Difference => format!("{:.3}", value * unit.scale()),
                Kind::Number => format!("{value:.3}"),
                Kind::Count(_) => format!("{value:.0}"),
            };
            text.push_str(&format!(",\"{name}\":{told}"));
        }
        text.push('}');
        text
    }

    /// Sets one. `false`: there is none of this name, or it cannot have this value.
    pub(super) fn set(&mut self, name: &str, told: &str) -> bool {
        if name == "tempFormat" {
            self.unit = match told {
                "C" => Unit::Celsius,
                "F" => Unit::Fahrenheit,
                _ => return false,
            };
            return true;
        }
        let Some((_, kind, of)) = KEYS.iter().find(|(known, _, _)| *known == name) else { return false };
        let Some(number) = told.parse::<f64>().ok().filter(|number| number.is_finite()) else { return false };
        let unit = self.unit;
        let value = match kind {
            Kind::Degrees => unit.inside(number),
            Kind::Difference => number / unit.scale(),
            Kind::Number => number,
            Kind::Count(most) if (0.0..=f64::from(*most)).contains(&number) => number.trunc(),
            Kind::Count(_) => return false,
        };
        // What the board's numbers can hold: 1/512 of a degree in sixteen bits, around 48 degrees for temperatures.
        let fits = match kind {
            Kind::Degrees => (-16.0..=112.0).contains(&value),
            Kind::Difference | Kind::Number => value.abs() < 64.0,
            Kind::Count(_) => true,
        };
        if fits {
            *of(self) = value;
        }
        fits
    }

    /// How slow the filters of the fridge are: fast, slow, slope.
    pub(super) fn fridge_filters(&self) -> [u8; 3] {
        [self.fridge_fast, self.fridge_slow, self.fridge_slope].map(small)
    }

    /// How slow the filters of the beer are: fast, slow, slope.
    pub(super) fn beer_filters(&self) -> [u8; 3] {
        [self.beer_fast, self.beer_slow, self.beer_slope].map(small)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 6, by their kind")]
fn small(value: f64) -> u8 {
    value as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_told_in_their_order() {
        let told = Constants::default().report();
        assert!(told.starts_with(
            "C:{\"tempFormat\":\"C\",\"tempSetMin\":1.0,\"tempSetMax\":30.0,\"pidMax\":10.000,\"Kp\":5.000,"
        ));
        assert!(told.ends_with("\"beerSlopeFilt\":4,\"lah\":0,\"hs\":0}"));
    }

    #[test]
    fn differences_are_scaled_and_temperatures_converted() {
        let mut constants = Constants::default();
        assert!(constants.set("tempFormat", "F"));
        let told = constants.report();
        assert!(
            told.contains("\"tempSetMin\":33.8,\"tempSetMax\":86.0,\"pidMax\":18.000,\"Kp\":5.000"),
            "{told}"
        );
        assert!(constants.set("idleRangeH", "0.9"));
        assert!((constants.idle_high - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        let mut constants = Constants::default();
        for (name, value) in [
            ("Kq", "1"),
            ("Kp", "much"),
            ("Kp", "NaN"),
            ("lah", "7"),
            ("tempFormat", "K"),
            ("tempSetMax", "1e9"),
        ] {
            assert!(!constants.set(name, value), "{name} {value}");
        }
        assert_eq!(constants, Constants::default());
    }
}

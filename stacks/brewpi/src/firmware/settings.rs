//! What the control is told to hold, and what it has learnt.

use super::constants::Unit;

/// Who decides on temperatures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Nobody: heater and cooler rest.
    #[default]
    Off,
    /// The fridge follows what the beer needs.
    BeerConstant,
    /// The same, and somebody moves the beer's set point.
    BeerProfile,
    /// The fridge is held where it is set.
    FridgeConstant,
    /// Outputs are set by hand.
    Test,
}

impl Mode {
    /// The letter by which it is known.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Off => 'o',
            Self::BeerConstant => 'b',
            Self::BeerProfile => 'p',
            Self::FridgeConstant => 'f',
            Self::Test => 't',
        }
    }

    /// The mode of a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        [Self::Off, Self::BeerConstant, Self::BeerProfile, Self::FridgeConstant, Self::Test]
            .into_iter()
            .find(|mode| mode.letter() == letter)
    }

    /// Whether the fridge's set point follows from the beer.
    #[must_use]
    pub fn follows_beer(self) -> bool {
        matches!(self, Self::BeerConstant | Self::BeerProfile)
    }
}

/// What outlives a reset.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// Who decides.
    pub mode: Mode,
    /// Degrees. `None`: not set.
    pub beer: Option<f64>,
    /// Degrees. `None`: not set.
    pub fridge: Option<f64>,
    /// Degrees by which the fridge goes on rising for each hour that it was heated.
    pub heat_estimate: f64,
    /// Degrees by which the fridge goes on falling for each hour that it was cooled.
    pub cool_estimate: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mode: Mode::Off, beer: Some(20.0), fridge: Some(20.0), heat_estimate: 0.2, cool_estimate: 5.0 }
    }
}

impl Settings {
    /// As the answer to `s`.
    pub(super) fn report(&self, unit: Unit) -> String {
        let degrees = |degrees: Option<f64>| match degrees {
            Some(degrees) => format!("{:.2}", unit.outside(degrees)),
            None => "null".to_owned(),
        };
        format!(
            "S:{{\"mode\":\"{}\",\"beerSet\":{},\"fridgeSet\":{},\"heatEst\":{:.3},\"coolEst\":{:.3}}}",
            self.mode.letter(),
            degrees(self.beer),
            degrees(self.fridge),
            self.heat_estimate,
            self.cool_estimate
        )
    }
}

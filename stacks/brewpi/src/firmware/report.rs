//! What goes out: lines of a letter, a colon and JSON.

use super::constants::Unit;
use super::pid::Variables;
use super::state::State;

/// What a temperature line tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Temperatures {
    pub(super) beer: Option<f64>,
    pub(super) beer_set: Option<f64>,
    pub(super) beer_note: Option<String>,
    pub(super) fridge: Option<f64>,
    pub(super) fridge_set: Option<f64>,
    pub(super) fridge_note: Option<String>,
    pub(super) room: Option<f64>,
    pub(super) state: State,
}

/// The answer to `t`, which is also sent whenever the state changes.
pub(super) fn temperatures(told: &Temperatures, unit: Unit) -> String {
    let degrees = |degrees: Option<f64>| match degrees {
        Some(degrees) => format!("{:.2}", unit.outside(degrees)),
        None => "null".to_owned(),
    };
    let note = |note: &Option<String>| match note {
        Some(note) => quoted(note),
        None => "null".to_owned(),
    };
    let room = told.room.map(|room| format!("\"RoomTemp\":{:.2},", unit.outside(room))).unwrap_or_default();
    format!(
        "T:{{\"BeerTemp\":{},\"BeerSet\":{},\"BeerAnn\":{},\"FridgeTemp\":{},\"FridgeSet\":{},\"FridgeAnn\":{},{room}\"State\":{}}}",
        degrees(told.beer),
        degrees(told.beer_set),
        note(&told.beer_note),
        degrees(told.fridge),
        degrees(told.fridge_set),
        note(&told.fridge_note),
        told.state.number()
    )
}

/// Peaks as the answer to `v` tells of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peaks {
    pub(super) expected: Option<f64>,
    pub(super) negative_expected: Option<f64>,
    pub(super) positive_expected: Option<f64>,
    pub(super) negative: Option<f64>,
    pub(super) positive: Option<f64>,
}

/// The answer to `v`.
pub(super) fn variables(variables: &Variables, peaks: &Peaks, unit: Unit) -> String {
    let degrees = |degrees: Option<f64>| match degrees {
        Some(degrees) => format!("{:.3}", unit.outside(degrees)),
        None => "null".to_owned(),
    };
    format!(
        "V:{{\"beerDiff\":{:.3},\"diffIntegral\":{:.3},\"beerSlope\":{:.3},\"p\":{:.3},\"i\":{:.3},\"d\":{:.3},\
         \"estPeak\":{},\"negPeakEst\":{},\"posPeakEst\":{},\"negPeak\":{},\"posPeak\":{}}}",
        variables.difference,
        variables.integral,
        variables.slope,
        variables.proportional,
        variables.integrated,
        variables.derived,
        degrees(peaks.expected),
        degrees(peaks.negative_expected),
        degrees(peaks.positive_expected),
        degrees(peaks.negative),
        degrees(peaks.positive)
    )
}

/// The kind of a debug message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Weight {
    Info,
    Warning,
}

/// A debug message: its values are JSON already.
pub(super) fn debug(weight: Weight, id: u8, values: &[String]) -> String {
    let letter = match weight {
        Weight::Info => 'I',
        Weight::Warning => 'W',
    };
    format!("D:{{\"logType\":\"{letter}\",\"logID\":{id},\"V\":[{}]}}", values.join(","))
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

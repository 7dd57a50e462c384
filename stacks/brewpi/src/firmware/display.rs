//! The four lines of twenty characters on the board's display, as the answer to `l`.

use super::constants::Unit;
use super::settings::Mode;
use super::state::State;

/// The degree sign of the display.
pub(super) const DEGREE: char = '\u{b0}';
/// Characters in a line.
const WIDTH: usize = 20;

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) mode: Mode,
    pub(super) unit: Unit,
    pub(super) beer: (Option<f64>, Option<f64>),
    pub(super) fridge: (Option<f64>, Option<f64>),
    /// Shown in turn with the fridge, if there is such a sensor.
    pub(super) room: Option<f64>,
    pub(super) state: State,
    pub(super) door_is_open: bool,
    /// Seconds that the state's line tells of, if it does.
    pub(super) timer: Option<u32>,
}

/// The lines, each of twenty characters.
pub(super) fn lines(shown: &Shown) -> [String; 4] {
    let mode = match shown.mode {
        Mode::Off => "Off",
        Mode::BeerConstant => "Beer Const.",
        Mode::BeerProfile => "Beer Profile",
        Mode::FridgeConstant => "Fridge Const.",
        Mode::Test => "** Testing **",
    };
    let unit = shown.unit;
    let second = match shown.room {
        Some(room) => temperatures("Room", (Some(room), None), unit),
        None => temperatures("Fridge", shown.fridge, unit),
    };
    let text = if shown.door_is_open { "Door open" } else { text(shown.state) };
    let state = match shown.timer {
        Some(seconds) => {
            let timer = timer(seconds);
            format!("{text:<width$}{timer}", width = WIDTH.saturating_sub(timer.len()))
        }
        None => text.to_owned(),
    };
    [format!("Mode   {mode}"), temperatures("Beer", shown.beer, unit), second, state]
        .map(|line| fitted(&line))
}

fn fitted(line: &str) -> String {
    format!("{line:<WIDTH$}").chars().take(WIDTH).collect()
}

fn temperatures(name: &str, (now, set): (Option<f64>, Option<f64>), unit: Unit) -> String {
    let degrees = |degrees: Option<f64>| match degrees {
        Some(degrees) => format!("{:5.1}", unit.outside(degrees)),
        None => " --.-".to_owned(),
    };
    let set = match name {
        "Room" => "     ".to_owned(),
        _ => degrees(set),
    };
    format!("{name:<6}{} {set} {DEGREE}{}", degrees(now), unit.letter())
}

fn text(state: State) -> &'static str {
    match state {
        State::Idle => "Idling for",
        State::Off => "Temp. control OFF",
        State::Heating => "Heating for",
        State::Cooling => "Cooling for",
        State::WaitingToCool => "Wait to Cool",
        State::WaitingToHeat => "Wait to Heat",
        State::WaitingForPeak => "Waiting for peak",
        State::CoolingMinTime => "Cool time left",
        State::HeatingMinTime => "Heat time left",
    }
}

/// Hours only when there are some.
fn timer(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}h{minutes:02}m{seconds:02}") } else { format!("{minutes}m{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_twenty_characters() {
        let shown = Shown {
            mode: Mode::BeerConstant,
            unit: Unit::Celsius,
            beer: (Some(20.1), Some(20.0)),
            fridge: (None, Some(19.0)),
            room: None,
            state: State::CoolingMinTime,
            door_is_open: false,
            timer: Some(125),
        };
        let lines = lines(&shown);
        assert_eq!(lines[0], "Mode   Beer Const.  ");
        assert_eq!(lines[1], "Beer   20.1  20.0 °C");
        assert_eq!(lines[2], "Fridge --.-  19.0 °C");
        assert_eq!(lines[3], "Cool time left  2m05");
        assert!(lines.iter().all(|line| line.chars().count() == 20));
    }
}

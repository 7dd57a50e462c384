//! A board: it is told what comes in and that a second has passed, and says what goes out.
//!
//! Long because it is one machine: what it decides each second, and what each command changes of that.

use super::chamber::{Chamber, ChamberSettings, Door, Drive, Outputs, Readings, Switch};
use super::command::Command;
use super::constants::Constants;
use super::display::{self, Shown};
use super::estimate::{self, Expected, Slow, Way};
use super::filter::Filtered;
use super::pid::{Seen, Variables};
use super::report::{self, Peaks, Temperatures, Weight, debug, quoted};
use super::settings::{Mode, Settings};
use super::state::{self, State, Timers};

/// The version that it says it is.
const VERSION: &str = "0.2.4";
/// A beer that is this near to its set point needs neither cold nor heat.
const NEAR: f64 = 1.0 / 32.0;
/// A step of the set point that is smaller is the profile's, and not worth a note.
const NOTED_STEP: f64 = 0.2;
/// Seconds for which the display shows the fridge, then the room.
const DISPLAY_TURN: u32 = 8;

/// A board in its chamber.
#[derive(Clone, Debug)]
pub struct Board {
    /// What it measures and heats.
    pub chamber: Chamber,
    pub(super) constants: Constants,
    settings: Settings,
    pub(super) control: Control,
    pub(super) readings: Readings,
    pub(super) out: Vec<String>,
}

/// What the control has in mind; all of it is gone after a reset.
#[derive(Clone, Debug)]
pub(super) struct Control {
    beer: Filtered,
    fridge: Filtered,
    variables: Variables,
    pub(super) state: State,
    timers: Timers,
    wait_until: Option<u32>,
    expected: Option<Expected>,
    peaks: Peaks,
}

impl Control {
    fn new(constants: &Constants) -> Self {
        let [beer_fast, beer_slow, beer_slope] = constants.beer_filters();
        let [fridge_fast, fridge_slow, fridge_slope] = constants.fridge_filters();
        Self {
            beer: Filtered::new(beer_fast, beer_slow, beer_slope),
            fridge: Filtered::new(fridge_fast, fridge_slow, fridge_slope),
            variables: Variables::default(),
            state: State::Idle,
            timers: Timers::default(),
            wait_until: None,
            expected: None,
            peaks: Peaks::default(),
        }
    }
}

impl Board {
    /// A board that was just switched on for the first time: the control is off.
    #[must_use]
    pub fn new(chamber: ChamberSettings) -> Self {
        Self::with(Chamber::new(chamber), Constants::default(), Settings::default())
    }

    fn with(mut chamber: Chamber, constants: Constants, mut settings: Settings) -> Self {
        if settings.mode == Mode::Off {
            settings.beer = None;
            settings.fridge = None;
        }
        let readings = chamber.readings();
        let control = Control::new(&constants);
        let mut board = Self { chamber, constants, settings, control, readings, out: Vec::new() };
        board.look();
        board
    }

    /// What it has to say since it was asked last, in lines without their end.
    pub fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.out)
    }

    /// What it holds.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the fridge does.
    #[must_use]
    pub fn state(&self) -> State {
        self.control.state
    }

    /// A second passes, in the chamber and on the board.
    pub fn pass(&mut self) {
        self.chamber.pass(self.outputs());
        self.control.timers.now += 1;
        let door = self.readings.door;
        self.look();
        if self.readings.door != door {
            let note = match self.readings.door {
                Door::Open => "Fridge door opened",
                Door::Closed => "Fridge door closed",
            };
            self.tell(None, Some(note.to_owned()));
        }
        self.judge_peaks();
        self.follow_beer();
        let before = self.control.state;
        self.decide();
        self.keep_time();
        if self.control.state != before {
            self.tell(None, None);
        }
    }

    /// Reads the sensors.
    fn look(&mut self) {
        self.readings = self.chamber.readings();
        let control = &mut self.control;
        let was = (control.beer.is_connected(), control.fridge.is_connected());
        control.beer.read(self.readings.beer);
        control.fridge.read(self.readings.fridge);
        let is = (control.beer.is_connected(), control.fridge.is_connected());
        for (was, is, name) in [(was.0, is.0, "beer"), (was.1, is.1, "fridge")] {
            if was && !is {
                self.out.push(debug(Weight::Warning, 2, &[quoted(name)]));
            } else if !was && is {
                self.out.push(debug(Weight::Info, 0, &[quoted(name)]));
            }
        }
    }

    fn outputs(&self) -> Outputs {
        let door = match self.readings.door {
            Door::Open => Switch::On,
            Door::Closed => Switch::Off,
        };
        Outputs { drive: self.control.state.drive(), light: door }
    }

    fn judge_peaks(&mut self) {
        let control = &mut self.control;
        let (Some(expected), Some(now)) = (control.expected, control.fridge.slow()) else { return };
        if control.state.drive() != Drive::Rest {
            return;
        }
        let slow = Slow {
            now,
            positive_peak: control.fridge.positive_peak(),
            negative_peak: control.fridge.negative_peak(),
        };
        let judged = estimate::judge(expected, &self.constants, &mut self.settings, &control.timers, slow);
        let Some(learnt) = judged else { return };
        control.expected = None;
        match expected.way {
            Way::Up => control.peaks.positive = slow.positive_peak,
            Way::Down => control.peaks.negative = slow.negative_peak,
        }
        if let Some(learnt) = learnt {
            let unit = self.constants.unit;
            let values = [unit.outside(learnt.peak), unit.outside(learnt.expected), learnt.estimate];
            self.out.push(debug(Weight::Info, learnt.id, &values.map(|value| format!("{value:.3}"))));
        }
    }

    fn follow_beer(&mut self) {
        if !self.settings.mode.follows_beer() {
            return;
        }
        let control = &mut self.control;
        let (Some(beer_set), Some(beer), Some(fridge)) =
            (self.settings.beer, control.beer.slow(), control.fridge.fast())
        else {
            self.settings.fridge = None;
            return;
        };
        let seen = Seen { beer_set, beer, slope: control.beer.slope(), fridge, state: control.state };
        let set = control.variables.follow(&self.constants, seen, self.settings.fridge);
        self.settings.fridge = Some(set);
    }

    /// The next state.
    fn decide(&mut self) {
        let mode = self.settings.mode;
        let needs_beer = mode.follows_beer();
        let set = (self.settings.fridge, self.control.fridge.fast());
        let beer = (self.settings.beer, self.control.beer.fast());
        self.control.state = match (mode, set, beer) {
            (Mode::Off, _, _) => State::Off,
            (Mode::Test, _, _) => self.control.state,
            (_, (Some(set), Some(fridge)), (Some(beer_set), Some(beer))) if needs_beer => {
                self.hold(set, fridge, Some(beer - beer_set))
            }
            (_, (Some(set), Some(fridge)), _) if !needs_beer => self.hold(set, fridge, None),
            (_, _, _) => State::Idle,
        };
    }

    /// Holds the fridge. `beyond` is by how much the beer is warmer than it should be, where that matters.
    fn hold(&mut self, set: f64, fridge: f64, beyond: Option<f64>) -> State {
        let too_cold = beyond.is_some_and(|beyond| beyond < -NEAR);
        let too_warm = beyond.is_some_and(|beyond| beyond > NEAR);
        match self.control.state {
            State::Cooling | State::CoolingMinTime => self.go_on(Way::Down, set, fridge, too_cold),
            State::Heating | State::HeatingMinTime => self.go_on(Way::Up, set, fridge, too_warm),
            State::Idle
            | State::Off
            | State::WaitingToCool
            | State::WaitingToHeat
            | State::WaitingForPeak => {
                self.control.wait_until = None;
                if fridge > set + self.constants.idle_high && !too_cold {
                    self.begin(Way::Down)
                } else if fridge < set + self.constants.idle_low && !too_warm {
                    self.begin(Way::Up)
                } else {
                    State::Idle
                }
            }
        }
    }

    fn begin(&mut self, way: Way) -> State {
        let timers = self.control.timers;
        let wait = match way {
            Way::Down => {
                let own = match self.settings.mode {
                    Mode::FridgeConstant => state::COOL_AFTER_COOL_OF_FRIDGE,
                    _ => state::COOL_AFTER_COOL,
                };
                let after_heat = state::AFTER_THE_OTHER.saturating_sub(timers.since_heating());
                own.saturating_sub(timers.since_cooling()).max(after_heat)
            }
            Way::Up => {
                let after_cold = state::AFTER_THE_OTHER.saturating_sub(timers.since_cooling());
                state::HEAT_AFTER_HEAT.saturating_sub(timers.since_heating()).max(after_cold)
            }
        };
        if wait > 0 {
            self.control.wait_until = Some(timers.now + wait);
            return match way {
                Way::Down => State::WaitingToCool,
                Way::Up => State::WaitingToHeat,
            };
        }
        if self.control.expected.is_some() {
            return State::WaitingForPeak;
        }
        match way {
            Way::Down => State::Cooling,
            Way::Up => State::Heating,
        }
    }

    /// Goes on heating or cooling until the fridge would end where it should, or the beer has had enough.
    fn go_on(&mut self, way: Way, set: f64, fridge: f64, beer_has_enough: bool) -> State {
        let seconds = self.control.timers.since_rest();
        let peak = estimate::peak(&self.constants, &self.settings, way, fridge, seconds);
        self.control.peaks.expected = Some(peak);
        let reached = match way {
            Way::Down => peak <= set,
            Way::Up => peak >= set,
        };
        let (on, short) = match way {
            Way::Down => (State::Cooling, State::CoolingMinTime),
            Way::Up => (State::Heating, State::HeatingMinTime),
        };
        if !reached && !beer_has_enough {
            return on;
        }
        if seconds <= state::RUNS_AT_LEAST {
            return short;
        }
        // What was stopped for the beer's sake did not run until its estimate, so nothing can be learnt of it.
        if reached {
            self.control.expected = Some(Expected { way, at: peak });
            match way {
                Way::Down => self.control.peaks.negative_expected = Some(peak),
                Way::Up => self.control.peaks.positive_expected = Some(peak),
            }
        }
        State::Idle
    }

    fn keep_time(&mut self) {
        let timers = &mut self.control.timers;
        match self.control.state.drive() {
            Drive::Cool => timers.cooled = timers.now,
            Drive::Heat => timers.heated = timers.now,
            Drive::Rest => timers.rested = timers.now,
        }
    }

    /// Obeys a command.
    pub fn obey(&mut self, command: &Command) {
        match command.letter {
            b'n' => self.out.push(format!(
                "N:{{\"v\":\"{VERSION}\",\"n\":0,\"c\":\"simulated\",\"s\":0,\"y\":0,\"b\":\"e\",\"l\":\"3\"}}"
            )),
            b't' => self.tell(None, None),
            b'l' => self.show(),
            b's' => self.tell_settings(),
            b'c' => self.out.push(self.constants.report()),
            b'v' => self.out.push(report::variables(
                &self.control.variables,
                &self.control.peaks,
                self.constants.unit,
            )),
            b'j' => self.set_all(command),
            b'S' => {
                self.settings = Settings::default();
                self.enter(Mode::Off);
                self.settings = Settings::default();
                self.tell_settings();
                self.out.push(debug(Weight::Info, 14, &[]));
            }
            b'C' => {
                self.constants = Constants::default();
                self.adjust();
                self.out.push(self.constants.report());
                self.out.push(debug(Weight::Info, 13, &[]));
            }
            b'E' => {
                self.constants = Constants::default();
                self.settings = Settings::default();
                self.adjust();
                self.out.push(debug(Weight::Info, 15, &[]));
            }
            b'd' | b'h' => self.list(command),
            b'U' => self.out.push(format!("U:{}", object(&command.pairs))),
            b'R' => self.reset(),
            b'y' => self.simulate(command),
            b'Y' => self.tell_simulation(),
            b'w' | b'b' | b'A' | b'a' => {}
            other => self.out.push(debug(Weight::Warning, 1, &[quoted(&char::from(other).to_string())])),
        }
    }

    fn reset(&mut self) {
        let out = std::mem::take(&mut self.out);
        let chamber = self.chamber.clone();
        *self = Self::with(chamber, self.constants.clone(), self.settings);
        self.out = out;
    }

    fn tell(&mut self, beer_note: Option<String>, fridge_note: Option<String>) {
        let told = Temperatures {
            beer: self.control.beer.fast(),
            beer_set: self.settings.beer,
            beer_note,
            fridge: self.control.fridge.fast(),
            fridge_set: self.settings.fridge,
            fridge_note,
            room: self.readings.room,
            state: self.control.state,
        };
        self.out.push(report::temperatures(&told, self.constants.unit));
    }

    fn tell_settings(&mut self) {
        self.out.push(self.settings.report(self.constants.unit));
    }

    fn show(&mut self) {
        let timers = self.control.timers;
        let timer = match self.control.state {
            State::Off | State::WaitingForPeak => None,
            State::Idle => Some(timers.now - timers.cooled.max(timers.heated)),
            State::Heating | State::Cooling => Some(timers.since_rest()),
            State::CoolingMinTime | State::HeatingMinTime => {
                Some(state::RUNS_AT_LEAST.saturating_sub(timers.since_rest()))
            }
            State::WaitingToCool | State::WaitingToHeat => {
                self.control.wait_until.map(|until| until.saturating_sub(timers.now))
            }
        };
        let room = self.readings.room.filter(|_| timers.now / DISPLAY_TURN % 2 == 1);
        let lines = display::lines(&Shown {
            mode: self.settings.mode,
            unit: self.constants.unit,
            beer: (self.control.beer.fast(), self.settings.beer),
            fridge: (self.control.fridge.fast(), self.settings.fridge),
            room,
            state: self.control.state,
            door_is_open: self.readings.door == Door::Open,
            timer,
        });
        let lines: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
        self.out.push(format!("L:[{}]", lines.join(",")));
    }

    /// Sets each pair, then tells what is set now.
    fn set_all(&mut self, command: &Command) {
        for (name, value) in &command.pairs {
            if !self.set(name, value) {
                self.out.push(debug(Weight::Warning, 0, &[quoted(name), quoted(value)]));
            }
        }
        self.adjust();
        self.tell_settings();
        self.out.push(self.constants.report());
    }

    fn set(&mut self, name: &str, value: &str) -> bool {
        match name {
            "mode" => {
                let mut letters = value.chars();
                let (Some(letter), None) = (letters.next(), letters.next()) else { return false };
                let Some(mode) = Mode::of_letter(letter) else { return false };
                if self.enter(mode) {
                    let note = format!("Mode set to {letter} in web interface");
                    self.tell(Some(note), None);
                }
                true
            }
            "beerSet" => self.set_beer(value),
            "fridgeSet" => self.set_fridge(value),
            "heatEst" => set_estimate(&mut self.settings.heat_estimate, value),
            "coolEst" => set_estimate(&mut self.settings.cool_estimate, value),
            _ => self.constants.set(name, value),
        }
    }

    /// Whether it is another one.
    fn enter(&mut self, mode: Mode) -> bool {
        if mode == self.settings.mode {
            return false;
        }
        self.settings.mode = mode;
        self.control.state = State::Idle;
        self.control.variables.forget();
        match mode {
            Mode::Off => {
                self.settings.beer = None;
                self.settings.fridge = None;
            }
            Mode::FridgeConstant => self.settings.beer = None,
            Mode::BeerConstant | Mode::BeerProfile | Mode::Test => {}
        }
        true
    }

    fn degrees(&self, value: &str) -> Option<f64> {
        let told = value.parse::<f64>().ok().filter(|told| told.is_finite())?;
        let degrees = self.constants.unit.inside(told);
        Some(degrees.clamp(self.constants.set_min, self.constants.set_max))
    }

    fn set_beer(&mut self, value: &str) -> bool {
        let Some(degrees) = self.degrees(value) else { return false };
        let before = self.settings.beer.replace(degrees);
        let profile = self.settings.mode == Mode::BeerProfile;
        let step = before.is_none_or(|before| (before - degrees).abs() >= NOTED_STEP);
        if !profile {
            self.control.variables.forget();
        }
        if !profile || step {
            let by = if profile { "by temperature profile" } else { "in web interface" };
            let told = self.constants.unit.outside(degrees);
            self.tell(Some(format!("Beer temp set to {told:.1} {by}")), None);
        }
        true
    }

    fn set_fridge(&mut self, value: &str) -> bool {
        let Some(degrees) = self.degrees(value) else { return false };
        self.settings.fridge = Some(degrees);
        if self.settings.mode == Mode::FridgeConstant {
            let told = self.constants.unit.outside(degrees);
            self.tell(None, Some(format!("Fridge temp set to {told:.1} in web interface")));
        }
        true
    }

    /// Filters follow their constants.
    fn adjust(&mut self) {
        let [fast, slow, slope] = self.constants.beer_filters();
        self.control.beer.set_delays(fast, slow, slope);
        let [fast, slow, slope] = self.constants.fridge_filters();
        self.control.fridge.set_delays(fast, slow, slope);
    }
}

fn set_estimate(estimate: &mut f64, value: &str) -> bool {
    match value.parse::<f64>() {
        Ok(number) if (0.0..=64.0).contains(&number) => {
            *estimate = number;
            true
        }
        _ => false,
    }
}

/// Pairs as they came: numbers as numbers, all else as texts.
fn object(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let value =
                if value.parse::<f64>().is_ok_and(f64::is_finite) { value.clone() } else { quoted(value) };
            format!("{}:{value}", quoted(name))
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

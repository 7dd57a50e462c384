//! The fridge, the beer in it and the room around it: heat that moves from the warmer to the colder, a second at a time.
//!
//! Capacities, transfers and powers are those of the firmware's own simulator. A compressor whose cold arrives late, and a
//! wall that keeps some of it, are added: without them nothing ever overshoots.

use std::f64::consts::TAU;

/// J/(K·l) of air.
const AIR: f64 = 1.21;
/// J/(K·kg) of water, which beer nearly is.
const WATER: f64 = 4180.0;
/// J/K of the walls of the fridge.
const WALLS: f64 = 1000.0;
/// Seconds in a day.
const DAY: f64 = 86_400.0;
/// The step of a DS18B20 with twelve bits, in degrees.
const SENSOR_STEP: f64 = 0.0625;

/// What a chamber is like.
#[derive(Clone, PartialEq, Debug)]
pub struct ChamberSettings {
    /// Litres.
    pub fridge_volume: f64,
    /// Litres.
    pub beer_volume: f64,
    /// Kilograms a litre.
    pub beer_density: f64,
    /// Watts of the heater.
    pub heat_power: f64,
    /// Watts that the cooler takes away.
    pub cool_power: f64,
    /// Watts for each degree between room and fridge.
    pub room_transfer: f64,
    /// Watts for each degree between fridge and beer.
    pub beer_transfer: f64,
    /// Degrees: the room at its coldest, and at its warmest.
    pub room: (f64, f64),
    /// Watts of the fermentation at its height.
    pub fermentation_power: f64,
    /// Seconds until the compressor does what it is told.
    pub compressor_lag: u32,
    /// Degrees by which sensors err by chance, at most.
    pub noise: f64,
}

impl Default for ChamberSettings {
    fn default() -> Self {
        Self {
            fridge_volume: 400.0,
            beer_volume: 20.0,
            beer_density: 1.060,
            heat_power: 25.0,
            cool_power: 60.0,
            room_transfer: 1.67,
            beer_transfer: 3.0,
            room: (13.0, 18.0),
            fermentation_power: 5.0,
            compressor_lag: 30,
            noise: 0.0,
        }
    }
}

/// What the board switches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outputs {
    /// Heater or cooler.
    pub drive: Drive,
    /// The lamp.
    pub light: Switch,
}

/// What changes the fridge's temperature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Drive {
    /// Nothing.
    #[default]
    Rest,
    /// The heater.
    Heat,
    /// The cooler.
    Cool,
}

/// Something that is on or off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Switch {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
}

/// A door.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Door {
    /// Closed.
    #[default]
    Closed,
    /// Open.
    Open,
}

/// What sensors say. `None`: no such sensor answers.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Readings {
    /// Degrees.
    pub beer: Option<f64>,
    /// Degrees.
    pub fridge: Option<f64>,
    /// Degrees.
    pub room: Option<f64>,
    /// The door's switch.
    pub door: Door,
}

/// The chamber as it is now.
#[derive(Clone, Debug)]
pub struct Chamber {
    /// What it is like.
    pub settings: ChamberSettings,
    /// Degrees of the beer.
    pub beer: f64,
    /// Degrees of the air in the fridge.
    pub fridge: f64,
    /// Whether the door is open, which lets the room in.
    pub door: Door,
    /// Whether the sensor in the beer answers.
    pub beer_sensor: Switch,
    /// Whether the sensor in the fridge answers.
    pub fridge_sensor: Switch,
    /// Seconds since the brew began.
    seconds: u64,
    /// Seconds for which the compressor has been told what it is told.
    told_for: u32,
    drive: Drive,
    chance: u64,
}

impl Chamber {
    /// A warm wort in a fridge that was off.
    #[must_use]
    pub fn new(settings: ChamberSettings) -> Self {
        Self {
            settings,
            beer: 22.0,
            fridge: 20.0,
            door: Door::Closed,
            beer_sensor: Switch::On,
            fridge_sensor: Switch::On,
            seconds: 0,
            told_for: 0,
            drive: Drive::Rest,
            chance: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// Seconds since the brew began.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// The brew is as old as this.
    pub fn set_seconds(&mut self, seconds: u64) {
        self.seconds = seconds;
    }

    /// A second passes.
    pub fn pass(&mut self, outputs: Outputs) {
        if outputs.drive == self.drive {
            self.told_for = self.told_for.saturating_add(1);
        } else {
            self.drive = outputs.drive;
            self.told_for = 0;
        }
        let settings = &self.settings;
        let fridge_capacity = settings.fridge_volume * AIR + WALLS;
        let beer_capacity = settings.beer_volume * settings.beer_density * WATER;
        let to_beer = settings.beer_transfer * (self.fridge - self.beer);
        let door = match self.door {
            Door::Closed => 1.0,
            Door::Open => 10.0,
        };
        let from_room = settings.room_transfer * door * (self.room() - self.fridge);
        let power = match self.drive {
            Drive::Heat => settings.heat_power,
            Drive::Cool if self.told_for >= settings.compressor_lag => -settings.cool_power,
            Drive::Cool | Drive::Rest => 0.0,
        };
        self.beer += (to_beer + self.fermentation()) / beer_capacity;
        self.fridge += (power + from_room - to_beer) / fridge_capacity;
        self.seconds += 1;
    }

    /// Degrees of the room: a sine over the day, coldest before dawn.
    #[must_use]
    pub fn room(&self) -> f64 {
        let (coldest, warmest) = self.settings.room;
        let day = self.seconds as f64 / DAY;
        f64::midpoint(coldest, warmest) - (warmest - coldest) / 2.0 * (TAU * day).cos()
    }

    /// Watts: rises on the first day, is at its height until the second, and fades until the sixth.
    fn fermentation(&self) -> f64 {
        let day = self.seconds as f64 / DAY;
        let share = match day {
            day if day < 1.0 => day,
            day if day < 2.0 => 1.0,
            day if day < 6.0 => (6.0 - day) / 4.0,
            _ => 0.0,
        };
        share * self.settings.fermentation_power
    }

    /// What the sensors say now.
    pub fn readings(&mut self) -> Readings {
        let (beer, fridge, room) = (self.beer, self.fridge, self.room());
        Readings {
            beer: (self.beer_sensor == Switch::On).then(|| self.sensed(beer)),
            fridge: (self.fridge_sensor == Switch::On).then(|| self.sensed(fridge)),
            room: Some(self.sensed(room)),
            door: self.door,
        }
    }

    fn sensed(&mut self, degrees: f64) -> f64 {
        // A xorshift generator: the same chamber errs the same way each time.
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        let share = (self.chance >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0;
        ((degrees + share * self.settings.noise) / SENSOR_STEP).round() * SENSOR_STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chamber_that_is_left_alone_comes_to_the_temperature_of_the_room() {
        let settings = ChamberSettings { fermentation_power: 0.0, room: (15.0, 15.0), ..Default::default() };
        let mut chamber = Chamber::new(settings);
        for _ in 0..14 * 86_400 {
            chamber.pass(Outputs::default());
        }
        assert!((chamber.beer - 15.0).abs() < 0.05, "{}", chamber.beer);
    }

    #[test]
    fn cold_comes_late_and_heat_at_once() {
        let mut chamber = Chamber::new(ChamberSettings { room: (20.0, 20.0), ..Default::default() });
        chamber.beer = 20.0;
        let cool = Outputs { drive: Drive::Cool, ..Outputs::default() };
        for _ in 0..29 {
            chamber.pass(cool);
        }
        assert!((chamber.fridge - 20.0).abs() < 0.01);
        for _ in 0..60 {
            chamber.pass(cool);
        }
        assert!(chamber.fridge < 19.0, "{}", chamber.fridge);
    }
}

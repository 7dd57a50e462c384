//! The keys by which a firmware that is a simulator lets its chamber be looked at and changed: `y` and `Y`.

use super::board::Board;
use super::chamber::{Door, Switch};
use super::command::Command;
use super::report::{Weight, debug, quoted};

impl Board {
    /// Changes the chamber, for tests of those who watch it.
    pub(super) fn simulate(&mut self, command: &Command) {
        for (name, value) in &command.pairs {
            let Some(number) = value.parse::<f64>().ok().filter(|number| number.is_finite()) else {
                continue;
            };
            let switch = if number == 0.0 { Switch::Off } else { Switch::On };
            let chamber = &mut self.chamber;
            match name.as_str() {
                "b" => chamber.beer = number.clamp(-16.0, 112.0),
                "f" => chamber.fridge = number.clamp(-16.0, 112.0),
                "bc" => chamber.beer_sensor = switch,
                "fc" => chamber.fridge_sensor = switch,
                "bv" => chamber.settings.beer_volume = number.clamp(0.1, 10_000.0),
                "fv" => chamber.settings.fridge_volume = number.clamp(1.0, 100_000.0),
                "c" => chamber.settings.cool_power = number.clamp(0.0, 100_000.0),
                "h" => chamber.settings.heat_power = number.clamp(0.0, 100_000.0),
                "d" => chamber.door = if switch == Switch::On { Door::Open } else { Door::Closed },
                "n" => chamber.settings.noise = number.clamp(0.0, 10.0),
                "kb" => chamber.settings.beer_transfer = number.clamp(0.0, 1000.0),
                "ke" => chamber.settings.room_transfer = number.clamp(0.0, 1000.0),
                "rmi" => chamber.settings.room.0 = number.clamp(-50.0, 60.0),
                "rmx" => chamber.settings.room.1 = number.clamp(-50.0, 60.0),
                "sg" => chamber.settings.beer_density = number.clamp(0.5, 2.0),
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
                "t" => chamber.set_seconds(number.clamp(0.0, 4e9) as u64),
                _ => self.out.push(debug(Weight::Warning, 0, &[quoted(name), quoted(value)])),
            }
        }
    }

    pub(super) fn tell_simulation(&mut self) {
        let chamber = &self.chamber;
        let settings = &chamber.settings;
        let on = |switch: Switch| u8::from(switch == Switch::On);
        let room = chamber.room();
        self.out.push(format!(
            "Y:{{\"b\":{:.3},\"bc\":{},\"bv\":{:.1},\"c\":{:.1},\"d\":{},\"e\":1,\"f\":{:.3},\"fc\":{},\"fv\":{:.1},\"h\":{:.1},\
             \"n\":{:.3},\"kb\":{:.3},\"ke\":{:.3},\"rmi\":{:.2},\"rmx\":{:.2},\"sg\":{:.3},\"t\":{},\"r\":{room:.3}}}",
            chamber.beer,
            on(chamber.beer_sensor),
            settings.beer_volume,
            settings.cool_power,
            u8::from(chamber.door == Door::Open),
            chamber.fridge,
            on(chamber.fridge_sensor),
            settings.fridge_volume,
            settings.heat_power,
            settings.noise,
            settings.beer_transfer,
            settings.room_transfer,
            settings.room.0,
            settings.room.1,
            settings.beer_density,
            chamber.seconds(),
        ));
    }
}

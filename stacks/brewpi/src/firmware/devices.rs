//! The devices of a board, as the answers to `d` and `h`.

use super::board::Board;
use super::chamber::Drive;
use super::command::Command;

impl Board {
    /// The devices of the chamber: they are all installed, and nothing else was found.
    pub(super) fn list(&mut self, command: &Command) {
        let installed = command.letter == b'd';
        let with_values = matches!(command.value(if installed { "r" } else { "v" }), Some("1"));
        if !installed && command.value("u") == Some("1") {
            self.out.push("h:[]".to_owned());
            return;
        }
        let unit = self.constants.unit;
        let sensor = |degrees: Option<f64>| match degrees {
            Some(degrees) => format!("{:.3}", unit.outside(degrees)),
            None => "null".to_owned(),
        };
        let drive = self.control.state.drive();
        let sensors = [
            (0, 5, "28AA000000000001", sensor(self.readings.fridge)),
            (1, 9, "28AA000000000002", sensor(self.readings.beer)),
            (2, 6, "28AA000000000003", sensor(self.readings.room)),
        ];
        let actuators = [(3, 2, 12, drive == Drive::Heat), (4, 3, 16, drive == Drive::Cool)];
        let mut devices: Vec<String> = Vec::new();
        for (slot, function, address, value) in sensors {
            let beer = u8::from(function >= 9);
            let value = if with_values { format!(",\"v\":{value}") } else { String::new() };
            devices.push(format!(
                "{{\"i\":{slot},\"t\":1,\"c\":1,\"b\":{beer},\"f\":{function},\"h\":2,\"d\":0,\"p\":0,\"a\":\"{address}\",\"j\":0.000{value}}}"
            ));
        }
        for (slot, function, pin, is_on) in actuators {
            let value = if with_values { format!(",\"v\":{}", u8::from(is_on)) } else { String::new() };
            devices.push(format!(
                "{{\"i\":{slot},\"t\":3,\"c\":1,\"b\":0,\"f\":{function},\"h\":1,\"d\":0,\"p\":{pin},\"x\":0{value}}}"
            ));
        }
        self.out.push(format!("{}:[{}]", char::from(command.letter), devices.join(",")));
    }
}

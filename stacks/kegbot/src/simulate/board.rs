//! The board's firmware: what it counts and measures, when it says so, and what it does with what it is told.
//!
//! It knows no clock: time passes when [`Board::pass`] is called.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::kbsp::{CrcCheck, Found, Message, Output, Reader};

/// A meter is told of at most this often.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// One sensor is told of, in turn.
const SENSOR_EVERY: Duration = Duration::from_secs(1);
/// A relay lets go when it has not been told to be on for so long.
const WATCHDOG: Duration = Duration::from_secs(10);
/// Firmware 18 says hello by itself.
const HELLO_EVERY: Duration = Duration::from_secs(10);
/// Relays and the lights of meters.
const OUTPUTS: u8 = 6;
/// Milliseconds of a day, after which the count of them begins again.
const DAY_MS: u128 = 24 * 3600 * 1000;

/// What kind of thermometer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sensor {
    /// 18S20, whose names end with `10`: half degrees.
    Half,
    /// 18B20, whose names end with `28`: sixteenths.
    Sixteenth,
}

#[derive(Debug)]
struct Thermometer {
    name: String,
    kind: Sensor,
    /// Degrees Celsius.
    degrees: f64,
}

#[derive(Debug, Default)]
struct Meter {
    /// Ticks, with what is not yet a whole one.
    ticks: f64,
    told: Option<u32>,
    told_at: Duration,
    /// What runs now, ticks a second, and up to which count.
    pour: Option<(f64, f64)>,
}

/// A board.
#[derive(Debug)]
pub struct Board {
    firmware: u16,
    serial_number: Option<String>,
    up: Duration,
    meters: BTreeMap<String, Meter>,
    sensors: Vec<Thermometer>,
    next_sensor: usize,
    sensor_at: Duration,
    hello_at: Duration,
    outputs: BTreeMap<u8, Duration>,
    reader: Reader,
    greeted: Greeted,
    said: Vec<Message>,
}

/// Whether somebody has asked for it since it was switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeted {
    NotYet,
    Yes,
}

impl Board {
    /// A board with two meters and two thermometers, just switched on.
    #[must_use]
    pub fn new(firmware: u16) -> Self {
        let meters = ["flow0", "flow1"].map(|name| (name.to_owned(), Meter::default()));
        let sensor = |name: &str, kind, degrees| Thermometer { name: name.to_owned(), kind, degrees };
        let mut board = Self {
            firmware,
            serial_number: (firmware >= 15).then(|| "KB-0000-0000-deadbeef".to_owned()),
            up: Duration::ZERO,
            meters: BTreeMap::from(meters),
            sensors: vec![
                sensor("thermo-f800080012345610", Sensor::Half, 4.5),
                sensor("thermo-43000004d8f5d228", Sensor::Sixteenth, 5.0),
            ],
            next_sensor: 0,
            sensor_at: SENSOR_EVERY,
            hello_at: HELLO_EVERY,
            outputs: BTreeMap::new(),
            reader: Reader::new(CrcCheck::Ignored),
            greeted: Greeted::NotYet,
            said: Vec::new(),
        };
        board.hello();
        // A meter is told of once when the board begins, so that whoever counts knows where it begins.
        board.report();
        board
    }

    /// It is switched off and on: it counts from zero again.
    pub fn reset(&mut self) {
        let sensors = std::mem::take(&mut self.sensors);
        *self = Self::new(self.firmware);
        self.sensors = sensors;
    }

    /// What it has said since this was last asked.
    pub fn said(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.said)
    }

    /// What somebody sent to it.
    pub fn hear(&mut self, bytes: &[u8]) {
        for found in self.reader.feed(bytes) {
            let Found::Frame(frame) = found else { continue };
            match Message::decode(&frame) {
                Ok(Message::Ping) => {
                    self.hello();
                    self.begin_for_host();
                }
                Ok(Message::SetOutput { output_id: Some(id), output_mode: Some(mode) }) => self.set(id, mode),
                Ok(Message::SetSerialNumber { serial_number: Some(number) }) => self.name(number),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Lets so much run through a meter, in so long a time.
    pub fn pour(&mut self, meter: &str, ticks: f64, time: Duration) {
        let rate = ticks / time.as_secs_f64().max(0.001);
        let meter = self.meters.entry(meter.to_owned()).or_default();
        meter.pour = Some((rate, meter.ticks + ticks));
    }

    /// A meter jumps, as by a disturbance.
    pub fn jump(&mut self, meter: &str, ticks: f64) {
        self.meters.entry(meter.to_owned()).or_default().ticks += ticks;
    }

    /// Sets an odometer.
    pub fn set_odometer(&mut self, meter: &str, ticks: u32) {
        self.meters.entry(meter.to_owned()).or_default().ticks = f64::from(ticks);
    }

    /// A token came or went. `bytes` are in the order of the wire.
    pub fn token(&mut self, device: &str, bytes: &[u8], status: u8) {
        let token = Some(bytes.to_vec());
        self.said.push(Message::AuthToken { device: Some(device.to_owned()), token, status: Some(status) });
    }

    /// How warm it is at a thermometer, degrees Celsius. One that is not there yet is.
    pub fn warm(&mut self, name: &str, degrees: f64) {
        match self.sensors.iter_mut().find(|sensor| sensor.name == name) {
            Some(sensor) => sensor.degrees = degrees,
            None => {
                let kind = if name.ends_with("10") { Sensor::Half } else { Sensor::Sixteenth };
                self.sensors.push(Thermometer { name: name.to_owned(), kind, degrees });
            }
        }
    }

    /// Whether a relay is on.
    #[must_use]
    pub fn is_on(&self, output: u8) -> bool {
        self.outputs.contains_key(&output)
    }

    /// Whether something runs.
    #[must_use]
    pub fn is_pouring(&self) -> bool {
        self.meters.values().any(|meter| meter.pour.is_some())
    }

    /// When something happens next by itself, from now on.
    #[must_use]
    pub fn next(&self) -> Duration {
        let mut next = self.sensor_at;
        if self.firmware >= 18 {
            next = next.min(self.hello_at);
        }
        next = self.outputs.values().fold(next, |next, end| next.min(*end));
        if self.is_pouring() || self.meters.values().any(|meter| meter.told != Some(meter.whole())) {
            next = next.min(self.up + REPORT_EVERY);
        }
        next.saturating_sub(self.up)
    }

    /// Time passes.
    pub fn pass(&mut self, time: Duration) {
        self.up += time;
        for meter in self.meters.values_mut() {
            let Some((rate, end)) = meter.pour else { continue };
            meter.ticks = (meter.ticks + rate * time.as_secs_f64()).min(end);
            // Fractions of a tick do not add up to the last one by themselves.
            if end - meter.ticks < 1e-6 {
                meter.ticks = end;
                meter.pour = None;
            }
        }
        self.report();
        self.let_go();
        if self.up >= self.sensor_at {
            self.sensor_at = self.up + SENSOR_EVERY;
            self.read_sensor();
        }
        if self.firmware >= 18 && self.up >= self.hello_at {
            self.hello_at = self.up + HELLO_EVERY;
            self.hello();
        }
    }

    /// A real board begins anew when its port is opened, and tells of its meters then. A pseudo-terminal does not tell that it
    /// was opened, but the first ping comes just behind.
    fn begin_for_host(&mut self) {
        if self.greeted == Greeted::NotYet {
            self.greeted = Greeted::Yes;
            self.meters.values_mut().for_each(|meter| meter.told = None);
            self.report();
        }
    }

    fn hello(&mut self) {
        let millis = u32::try_from(self.up.as_millis() % DAY_MS).unwrap_or_default();
        let days = u32::try_from(self.up.as_millis() / DAY_MS).unwrap_or_default();
        self.said.push(Message::Hello {
            firmware_version: Some(self.firmware),
            protocol_version: None,
            serial_number: self.serial_number.clone(),
            uptime_millis: (self.firmware >= 18).then_some(millis),
            uptime_days: (self.firmware >= 18).then_some(days),
        });
    }

    fn report(&mut self) {
        for (name, meter) in &mut self.meters {
            let whole = meter.whole();
            let early = meter.told.is_some() && self.up < meter.told_at + REPORT_EVERY;
            if meter.told == Some(whole) || early {
                continue;
            }
            meter.told = Some(whole);
            meter.told_at = self.up;
            self.said
                .push(Message::MeterStatus { meter_name: Some(name.clone()), meter_reading: Some(whole) });
        }
    }

    fn set(&mut self, id: u8, mode: Output) {
        if id >= OUTPUTS {
            return;
        }
        let was_on = self.outputs.contains_key(&id);
        match mode {
            Output::On => drop(self.outputs.insert(id, self.up + WATCHDOG)),
            Output::Off => drop(self.outputs.remove(&id)),
        }
        if was_on != (mode == Output::On) {
            self.tell_output(id, mode);
        }
    }

    fn let_go(&mut self) {
        let over: Vec<u8> =
            self.outputs.iter().filter(|(_, end)| **end <= self.up).map(|(id, _)| *id).collect();
        for id in over {
            self.outputs.remove(&id);
            self.tell_output(id, Output::Off);
        }
    }

    fn tell_output(&mut self, id: u8, mode: Output) {
        let output_name = Some(format!("relay{id}"));
        self.said.push(Message::OutputStatus { output_name, output_reading: Some(mode) });
    }

    fn name(&mut self, number: String) {
        if self.firmware >= 15 && self.serial_number.is_none() && number.len() < 30 {
            self.serial_number = Some(number);
        }
        self.hello();
    }

    fn read_sensor(&mut self) {
        let Some(sensor) = self.sensors.get(self.next_sensor % self.sensors.len().max(1)) else { return };
        self.next_sensor = self.next_sensor.wrapping_add(1);
        let steps = match sensor.kind {
            Sensor::Half => 2.0,
            Sensor::Sixteenth => 16.0,
        };
        #[expect(clippy::cast_possible_truncation, reason = "sensors end at 125 degrees, and this saturates")]
        let millionths = ((sensor.degrees * steps).round() / steps * 1_000_000.0) as i32;
        self.said.push(Message::TemperatureReading {
            sensor_name: Some(sensor.name.clone()),
            sensor_reading: Some(millionths),
        });
    }
}

impl Meter {
    /// The odometer, which begins again behind the last number of 32 bits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, cut on purpose")]
    fn whole(&self) -> u32 {
        (self.ticks as u64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(board: &mut Board) -> Vec<String> {
        board.said().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pour_is_told_ten_times_a_second_and_a_meter_at_rest_is_not() {
        let mut board = Board::new(10);
        text(&mut board);
        board.pour("flow0", 73.0, Duration::from_secs(1));
        let mut readings = 0;
        for _ in 0..200 {
            board.pass(Duration::from_millis(10));
            readings += text(&mut board).iter().filter(|line| line.contains("flow0")).count();
        }
        assert!((9..=11).contains(&readings), "{readings}");
        assert!(!board.is_pouring());
        assert_eq!(board.meters["flow0"].told, Some(73));
    }

    #[test]
    fn a_relay_lets_go_ten_seconds_after_it_was_last_told() {
        let mut board = Board::new(10);
        text(&mut board);
        let on = Message::SetOutput { output_id: Some(0), output_mode: Some(Output::On) }.encode().encode();
        board.hear(&on);
        board.pass(Duration::from_secs(9));
        board.hear(&on);
        board.pass(Duration::from_secs(9));
        assert!(board.is_on(0));
        board.pass(Duration::from_secs(2));
        assert!(!board.is_on(0));
        let relays: Vec<String> =
            text(&mut board).into_iter().filter(|line| line.contains("relay")).collect();
        assert_eq!(
            relays,
            [
                "<OutputStatusMessage: output_name=relay0 output_reading=on>",
                "<OutputStatusMessage: output_name=relay0 output_reading=off>"
            ]
        );
    }

    #[test]
    fn sensors_are_told_in_turn_in_the_steps_they_have() {
        let mut board = Board::new(18);
        board.warm("thermo-f800080012345610", 4.3);
        board.warm("thermo-43000004d8f5d228", -1.53);
        text(&mut board);
        for _ in 0..3 {
            board.pass(Duration::from_secs(1));
        }
        assert_eq!(
            text(&mut board),
            [
                "<TemperatureReadingMessage: sensor_name=thermo-f800080012345610 sensor_reading=4.5>",
                "<TemperatureReadingMessage: sensor_name=thermo-43000004d8f5d228 sensor_reading=-1.5>",
                "<TemperatureReadingMessage: sensor_name=thermo-f800080012345610 sensor_reading=4.5>"
            ]
        );
    }

    #[test]
    fn it_answers_pings_and_begins_at_zero_when_it_is_reset() {
        let mut board = Board::new(10);
        board.jump("flow0", 5000.0);
        board.pass(Duration::from_millis(200));
        text(&mut board);
        board.hear(&Message::Ping.encode().encode());
        board.said();
        board.hear(&Message::Ping.encode().encode());
        assert_eq!(text(&mut board), ["<HelloMessage: firmware_version=10>"]);
        board.reset();
        assert!(
            text(&mut board).contains(&"<MeterStatusMessage: meter_name=flow0 meter_reading=0>".to_owned())
        );
    }
}

//! A board's messages as events, and events as commands for its relays.

use minder_kegbot_app::Logger;

use super::device::Line;
use crate::kbsp::{Message, Output, degrees, hex};
use crate::kegnet::{Event, Relay, TokenAuth, TokenStatus};

/// What the board and its taps are called in events.
pub(super) struct Names {
    pub(super) board: String,
    /// The tap that tokens are for.
    pub(super) tap: String,
}

impl Names {
    /// The event that a message is, if it is one.
    pub(super) fn event(&self, message: &Message) -> Option<Event> {
        match message {
            Message::MeterStatus { meter_name: Some(meter), meter_reading: Some(reading) } => {
                let tap_name = format!("{}.{meter}", self.board);
                Some(Event::MeterUpdate { tap_name, reading: i64::from(*reading) })
            }
            Message::TemperatureReading { sensor_name: Some(sensor), sensor_reading: Some(reading) } => {
                let sensor_name = format!("{}.{sensor}", self.board);
                Some(Event::Thermo { sensor_name, sensor_value: degrees(*reading) })
            }
            Message::OnewirePresence { device_id: Some(id), status } => {
                Some(self.token("core.onewire", format!("{id:016x}"), *status))
            }
            Message::AuthToken { device: Some(device), token: Some(token), status } => {
                let device = if device == "onewire" { "core.onewire" } else { device };
                let reversed: Vec<u8> = token.iter().rev().copied().collect();
                Some(self.token(device, hex(&reversed), *status))
            }
            Message::MeterStatus { .. }
            | Message::TemperatureReading { .. }
            | Message::OnewirePresence { .. }
            | Message::AuthToken { .. }
            | Message::Hello { .. }
            | Message::Configuration { .. }
            | Message::OutputStatus { .. }
            | Message::Ping
            | Message::SetOutput { .. }
            | Message::SetSerialNumber { .. } => None,
        }
    }

    fn token(&self, device: &str, value: String, status: Option<u8>) -> Event {
        Event::TokenAuth(TokenAuth {
            tap_name: self.tap.clone(),
            auth_device_name: device.to_owned(),
            token_value: value,
            status: if status == Some(1) { TokenStatus::Added } else { TokenStatus::Removed },
        })
    }
}

/// Switches a relay of this board, if the event says so. A board that is not there just now lets go of its relays by itself,
/// and is told again within a second.
pub(super) fn switch(event: &Event, board: &str, line: &Line, log: &Logger) {
    let Some(command) = command(event, board) else { return };
    let port = line.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    if let Some(port) = port
        && let Err(error) = port.write(&command.encode().encode())
    {
        log.warning(&format!("The board does not take {command}: {error}"));
    }
}

fn command(event: &Event, board: &str) -> Option<Message> {
    let Event::SetRelayOutput { output_name, mode } = event else { return None };
    let own = output_name.strip_prefix(board)?.strip_prefix('.')?;
    let output_id = own.chars().last()?.to_digit(10).and_then(|digit| u8::try_from(digit).ok())?;
    let output_mode = match mode {
        Relay::Enabled => Output::On,
        Relay::Disabled => Output::Off,
    };
    Some(Message::SetOutput { output_id: Some(output_id), output_mode: Some(output_mode) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names { board: "kegboard".to_owned(), tap: "__all_taps__".to_owned() }
    }

    #[test]
    fn messages_are_events_in_the_name_of_the_board() {
        let text = |message: &Message| names().event(message).map(|event| event.to_string());
        let meter = Message::MeterStatus { meter_name: Some("flow0".into()), meter_reading: Some(2200) };
        assert_eq!(text(&meter).as_deref(), Some("<MeterUpdate: tap_name=kegboard.flow0 reading=2200>"));
        let warm = Message::TemperatureReading {
            sensor_name: Some("thermo-f800080012345610".into()),
            sensor_reading: Some(4_250_000),
        };
        assert_eq!(
            text(&warm).as_deref(),
            Some("<ThermoEvent: sensor_name=kegboard.thermo-f800080012345610 sensor_value=4.25>")
        );
        let token = |device: &str, bytes: &[u8], status| {
            text(&Message::AuthToken {
                device: Some(device.into()),
                token: Some(bytes.to_vec()),
                status: Some(status),
            })
        };
        let key = token("onewire", &[1, 0x56, 0x34, 0x12, 0, 0, 0, 0x60], 1).unwrap();
        assert!(
            key.contains("auth_device_name=core.onewire token_value=6000000012345601 status=added"),
            "{key}"
        );
        let card = token("core.rfid", &[0x8f, 6, 0x96, 0, 0x68], 0).unwrap();
        assert!(card.contains("auth_device_name=core.rfid token_value=680096068f status=removed"), "{card}");
        let old = Message::OnewirePresence { device_id: Some(0x6000_0000_1234_5601), status: Some(1) };
        assert!(text(&old).unwrap().contains("core.onewire token_value=6000000012345601 status=added"));
        let half = Message::MeterStatus { meter_name: Some("flow0".into()), meter_reading: None };
        assert_eq!(text(&half), None);
    }

    #[test]
    fn a_board_switches_its_own_relays_only() {
        let wish = |name: &str| {
            let event = Event::SetRelayOutput { output_name: name.to_owned(), mode: Relay::Enabled };
            command(&event, "kegboard").map(|command| command.to_string())
        };
        assert_eq!(
            wish("kegboard.relay3").as_deref(),
            Some("<SetOutputCommand: output_id=3 output_mode=on>")
        );
        for other in ["second.relay3", "kegboard2.relay3", "relay3", "kegboard.relay"] {
            assert_eq!(wish(other), None, "{other}");
        }
    }
}

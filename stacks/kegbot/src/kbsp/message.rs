//! What frames mean.

use std::fmt::{self, Write as _};

use super::frame::Frame;

/// A message. A field that is not there is `None`, as old firmware leaves some out.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// 0x01: a board says that it is there.
    Hello {
        /// The firmware's version.
        firmware_version: Option<u16>,
        /// The protocol's version, which no firmware sends.
        protocol_version: Option<u16>,
        /// The board's serial number, from firmware 15 on.
        serial_number: Option<String>,
        /// Milliseconds of this day since the board began, from firmware 18 on.
        uptime_millis: Option<u32>,
        /// Whole days since then.
        uptime_days: Option<u32>,
    },
    /// 0x02: how a board is set.
    Configuration {
        /// Its name.
        board_name: Option<String>,
        /// Bits a second.
        baud_rate: Option<u16>,
        /// Milliseconds between reports.
        update_interval: Option<u16>,
        /// Milliseconds, documented and never sent.
        watchdog_timeout: Option<u16>,
    },
    /// 0x10: what a meter has counted.
    MeterStatus {
        /// Which, such as `flow0`.
        meter_name: Option<String>,
        /// Ticks since the board began. It begins at 0 again behind the last number of 32 bits.
        meter_reading: Option<u32>,
    },
    /// 0x11: how warm it is.
    TemperatureReading {
        /// Where, such as `thermo-f800080012345610`.
        sensor_name: Option<String>,
        /// Millionths of a degree Celsius.
        sensor_reading: Option<i32>,
    },
    /// 0x12: what a relay is.
    OutputStatus {
        /// Which, such as `relay0`.
        output_name: Option<String>,
        /// Whether it is on.
        output_reading: Option<Output>,
    },
    /// 0x13: a key of one-wire is there; old firmware's word for [`Message::AuthToken`].
    OnewirePresence {
        /// Its number.
        device_id: Option<u64>,
        /// 1 if it is there.
        status: Option<u8>,
    },
    /// 0x14: a token came or went.
    AuthToken {
        /// What read it, such as `onewire` or `core.rfid`.
        device: Option<String>,
        /// Its bytes, in the order of the wire.
        token: Option<Vec<u8>>,
        /// 1 if it came, 0 if it went.
        status: Option<u8>,
    },
    /// 0x81: is there a board? It answers with a hello.
    Ping,
    /// 0x84: switch a relay. A board lets go of it ten seconds after the last of these.
    SetOutput {
        /// Which, 0 to 15.
        output_id: Option<u8>,
        /// On or off.
        output_mode: Option<Output>,
    },
    /// 0x85: have this serial number, if you have none.
    SetSerialNumber {
        /// The number, shorter than 30 bytes.
        serial_number: Option<String>,
    },
}

/// What a relay is, or should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Current flows.
    On,
    /// None does.
    Off,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

/// Why a frame is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Nobody knows this number.
    UnknownId(u16),
    /// A field has not as many bytes as its kind has.
    Field {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownId(id) => write!(f, "message 0x{id:02x} is unknown"),
            Self::Field { message, field, found, expected } => {
                write!(f, "{field} of {message} has {found} bytes and should have {expected}")
            }
        }
    }
}

impl std::error::Error for Malformed {}

/// The fields of a frame, read by kind.
struct Fields<'a> {
    frame: &'a Frame,
    message: &'static str,
}

impl Fields<'_> {
    fn fixed<const N: usize>(&self, tag: u8, field: &'static str) -> Result<Option<[u8; N]>, Malformed> {
        let Some(value) = self.frame.field(tag) else { return Ok(None) };
        value.try_into().map(Some).map_err(|_| Malformed::Field {
            message: self.message,
            field,
            found: value.len(),
            expected: N,
        })
    }

    fn u8(&self, tag: u8, field: &'static str) -> Result<Option<u8>, Malformed> {
        Ok(self.fixed(tag, field)?.map(u8::from_le_bytes))
    }

    fn u16(&self, tag: u8, field: &'static str) -> Result<Option<u16>, Malformed> {
        Ok(self.fixed(tag, field)?.map(u16::from_le_bytes))
    }

    fn u32(&self, tag: u8, field: &'static str) -> Result<Option<u32>, Malformed> {
        Ok(self.fixed(tag, field)?.map(u32::from_le_bytes))
    }

    /// Text, without the NULs that may stand at its ends.
    fn text(&self, tag: u8) -> Option<String> {
        let value = self.frame.field(tag)?;
        Some(String::from_utf8_lossy(value).trim_matches('\0').to_owned())
    }

    /// On if any byte says so; boards send two, and the manual says one.
    fn output(&self, tag: u8, field: &'static str) -> Result<Option<Output>, Malformed> {
        match self.frame.field(tag) {
            None => Ok(None),
            Some([]) => Err(Malformed::Field { message: self.message, field, found: 0, expected: 2 }),
            Some(value) if value.iter().any(|&byte| byte != 0) => Ok(Some(Output::On)),
            Some(_) => Ok(Some(Output::Off)),
        }
    }
}

impl Message {
    /// What a frame says.
    ///
    /// # Errors
    /// When its number is unknown, or a field has a length that it cannot have.
    pub fn decode(frame: &Frame) -> Result<Self, Malformed> {
        let fields = |message| Fields { frame, message };
        match frame.id {
            0x01 => hello(&fields("Hello")),
            0x02 => configuration(&fields("Configuration")),
            0x10 => {
                let fields = fields("MeterStatus");
                let meter_reading = fields.u32(2, "meter_reading")?;
                Ok(Self::MeterStatus { meter_name: fields.text(1), meter_reading })
            }
            0x11 => {
                let fields = fields("TemperatureReading");
                let sensor_reading = fields.fixed(2, "sensor_reading")?.map(i32::from_le_bytes);
                Ok(Self::TemperatureReading { sensor_name: fields.text(1), sensor_reading })
            }
            0x12 => {
                let fields = fields("OutputStatus");
                let output_reading = fields.output(2, "output_reading")?;
                Ok(Self::OutputStatus { output_name: fields.text(1), output_reading })
            }
            0x13 => {
                let fields = fields("OnewirePresence");
                let device_id = fields.fixed(1, "device_id")?.map(u64::from_le_bytes);
                Ok(Self::OnewirePresence { device_id, status: fields.u8(2, "status")? })
            }
            0x14 => {
                let fields = fields("AuthToken");
                let token = frame.field(2).map(<[u8]>::to_vec);
                Ok(Self::AuthToken { device: fields.text(1), token, status: fields.u8(3, "status")? })
            }
            0x81 => Ok(Self::Ping),
            0x84 => {
                let fields = fields("SetOutput");
                let output_mode = fields.output(2, "output_mode")?;
                Ok(Self::SetOutput { output_id: fields.u8(1, "output_id")?, output_mode })
            }
            0x85 => Ok(Self::SetSerialNumber { serial_number: fields("SetSerialNumber").text(1) }),
            id => Err(Malformed::UnknownId(id)),
        }
    }

    /// The number of the message.
    #[must_use]
    pub const fn id(&self) -> u16 {
        match self {
            Self::Hello { .. } => 0x01,
            Self::Configuration { .. } => 0x02,
            Self::MeterStatus { .. } => 0x10,
            Self::TemperatureReading { .. } => 0x11,
            Self::OutputStatus { .. } => 0x12,
            Self::OnewirePresence { .. } => 0x13,
            Self::AuthToken { .. } => 0x14,
            Self::Ping => 0x81,
            Self::SetOutput { .. } => 0x84,
            Self::SetSerialNumber { .. } => 0x85,
        }
    }

    /// Its frame. Text that the host sends ends with a NUL, text that the board sends does not.
    #[must_use]
    pub fn encode(&self) -> Frame {
        let mut frame = Frame { id: self.id(), payload: Vec::new() };
        let mut put = |tag: u8, value: Option<Vec<u8>>| {
            if let Some(value) = value {
                frame.put(tag, &value);
            }
        };
        match self {
            Self::Hello { firmware_version, protocol_version, serial_number, uptime_millis, uptime_days } => {
                put(1, firmware_version.map(|value| value.to_le_bytes().to_vec()));
                put(2, protocol_version.map(|value| value.to_le_bytes().to_vec()));
                put(3, serial_number.as_ref().map(|text| padded(text)));
                put(4, uptime_millis.map(|value| value.to_le_bytes().to_vec()));
                put(5, uptime_days.map(|value| value.to_le_bytes().to_vec()));
            }
            Self::Configuration { board_name, baud_rate, update_interval, watchdog_timeout } => {
                put(1, board_name.as_ref().map(|text| text.as_bytes().to_vec()));
                put(2, baud_rate.map(|value| value.to_le_bytes().to_vec()));
                put(3, update_interval.map(|value| value.to_le_bytes().to_vec()));
                put(4, watchdog_timeout.map(|value| value.to_le_bytes().to_vec()));
            }
            Self::MeterStatus { meter_name, meter_reading } => {
                put(1, meter_name.as_ref().map(|text| text.as_bytes().to_vec()));
                put(2, meter_reading.map(|value| value.to_le_bytes().to_vec()));
            }
            Self::TemperatureReading { sensor_name, sensor_reading } => {
                put(1, sensor_name.as_ref().map(|text| text.as_bytes().to_vec()));
                put(2, sensor_reading.map(|value| value.to_le_bytes().to_vec()));
            }
            Self::OutputStatus { output_name, output_reading } => {
                put(1, output_name.as_ref().map(|text| text.as_bytes().to_vec()));
                put(2, output_reading.map(output_bytes));
            }
            Self::OnewirePresence { device_id, status } => {
                put(1, device_id.map(|value| value.to_le_bytes().to_vec()));
                put(2, status.map(|value| vec![value]));
            }
            Self::AuthToken { device, token, status } => {
                put(1, device.as_ref().map(|text| text.as_bytes().to_vec()));
                put(2, token.clone());
                put(3, status.map(|value| vec![value]));
            }
            Self::Ping => {}
            Self::SetOutput { output_id, output_mode } => {
                put(1, output_id.map(|value| vec![value]));
                put(2, output_mode.map(output_bytes));
            }
            Self::SetSerialNumber { serial_number } => {
                put(1, serial_number.as_ref().map(|text| [text.as_bytes(), b"\0"].concat()));
            }
        }
        frame
    }
}

/// The serial number as a board keeps it: 30 bytes, the rest of them NULs.
fn padded(serial_number: &str) -> Vec<u8> {
    let mut bytes = serial_number.as_bytes().to_vec();
    bytes.resize(bytes.len().max(30), 0);
    bytes
}

fn output_bytes(output: Output) -> Vec<u8> {
    match output {
        Output::On => vec![1, 0],
        Output::Off => vec![0, 0],
    }
}

fn hello(fields: &Fields<'_>) -> Result<Message, Malformed> {
    Ok(Message::Hello {
        firmware_version: fields.u16(1, "firmware_version")?,
        protocol_version: fields.u16(2, "protocol_version")?,
        serial_number: fields.text(3),
        uptime_millis: fields.u32(4, "uptime_millis")?,
        uptime_days: fields.u32(5, "uptime_days")?,
    })
}

fn configuration(fields: &Fields<'_>) -> Result<Message, Malformed> {
    Ok(Message::Configuration {
        board_name: fields.text(1),
        baud_rate: fields.u16(2, "baud_rate")?,
        update_interval: fields.u16(3, "update_interval")?,
        watchdog_timeout: fields.u16(4, "watchdog_timeout")?,
    })
}

/// Millionths of a degree as degrees, with as few digits as say the same.
#[must_use]
pub fn degrees(millionths: i32) -> f64 {
    f64::from(millionths) / 1_000_000.0
}

/// `<MeterStatusMessage: meter_name=flow0 meter_reading=2200>`: fields in the order of their tags, those that are missing as
/// `None` where the message always has them, and not at all where old firmware has them not.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut put = |name: &str, value: Option<String>| {
            let value = value.unwrap_or_else(|| "None".to_owned());
            let _ = write!(text, " {name}={value}");
        };
        let class = match self {
            Self::Hello { firmware_version, protocol_version, serial_number, uptime_millis, uptime_days } => {
                put("firmware_version", firmware_version.map(|value| value.to_string()));
                let later = [
                    ("protocol_version", protocol_version.map(|value| value.to_string())),
                    ("serial_number", serial_number.clone()),
                    ("uptime_millis", uptime_millis.map(|value| value.to_string())),
                    ("uptime_days", uptime_days.map(|value| value.to_string())),
                ];
                later
                    .into_iter()
                    .filter(|(_, value)| value.is_some())
                    .for_each(|(name, value)| put(name, value));
                "HelloMessage"
            }
            Self::Configuration { board_name, baud_rate, update_interval, watchdog_timeout } => {
                put("board_name", board_name.clone());
                put("baud_rate", baud_rate.map(|value| value.to_string()));
                put("update_interval", update_interval.map(|value| value.to_string()));
                if let Some(timeout) = watchdog_timeout {
                    put("watchdog_timeout", Some(timeout.to_string()));
                }
                "ConfigurationMessage"
            }
            Self::MeterStatus { meter_name, meter_reading } => {
                put("meter_name", meter_name.clone());
                put("meter_reading", meter_reading.map(|value| value.to_string()));
                "MeterStatusMessage"
            }
            Self::TemperatureReading { sensor_name, sensor_reading } => {
                put("sensor_name", sensor_name.clone());
                put("sensor_reading", sensor_reading.map(|value| format!("{:?}", degrees(value))));
                "TemperatureReadingMessage"
            }
            Self::OutputStatus { output_name, output_reading } => {
                put("output_name", output_name.clone());
                put("output_reading", output_reading.map(|value| value.to_string()));
                "OutputStatusMessage"
            }
            Self::OnewirePresence { device_id, status } => {
                put("device_id", device_id.map(|value| value.to_string()));
                put("status", status.map(|value| value.to_string()));
                "OnewirePresenceMessage"
            }
            Self::AuthToken { device, token, status } => {
                put("device", device.clone());
                put("token", token.as_ref().map(|bytes| format!("0x{}", hex(bytes))));
                put("status", status.map(|value| value.to_string()));
                "AuthTokenMessage"
            }
            Self::Ping => "PingCommand",
            Self::SetOutput { output_id, output_mode } => {
                put("output_id", output_id.map(|value| value.to_string()));
                put("output_mode", output_mode.map(|value| value.to_string()));
                "SetOutputCommand"
            }
            Self::SetSerialNumber { serial_number } => {
                put("serial_number", serial_number.clone());
                "SetSerialNumberCommand"
            }
        };
        if text.is_empty() { write!(f, "<{class}: >") } else { write!(f, "<{class}:{text}>") }
    }
}

/// Bytes as two hex digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! What a recording says about itself: GUANO metadata, lines of `key: value` in a chunk of the WAV file.
//!
//! Version 1.0 of <https://guano-md.org>: UTF-8, a line a value, `\n` inside a value written as backslash and `n`.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

/// The most bytes of metadata that are read from a file.
pub const GUANO_BYTES_MAX: usize = 64 * 1024;

/// The most values that are kept. What comes after them is left out.
pub const FIELDS_MAX: usize = 1000;

/// What a recorder knows about where it is and who it is, the same for every recording of a deployment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Inscription {
    /// The name of the deployment.
    pub deployment_name: String,
    /// The version of what records.
    pub firmware_version: String,
    /// The recorder's id.
    pub device_id: String,
    /// Latitude and longitude, degrees north and east.
    pub position: Option<(f64, f64)>,
}

/// Values in the order in which they are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Guano {
    fields: Vec<(String, String)>,
}

impl Guano {
    /// What acoupi writes about a recording. `samplerate` is the microphone's, Hz, whatever the header says.
    #[must_use]
    pub fn of(inscription: &Inscription, started: Timestamp, samplerate: u32, time_expansion: f64) -> Self {
        let mut guano = Self::default();
        guano.set("GUANO|Version", "1.0");
        // Readers of GUANO in Python know six digits of a second and no more.
        let timestamp = DateTimePrinter::new().precision(Some(6)).timestamp_to_string(&started);
        guano.set("Timestamp", &timestamp);
        guano.set("Acoupi|Deployment Name", &inscription.deployment_name);
        guano.set("Firmware Version", &inscription.firmware_version);
        guano.set("Make", "acoupi");
        guano.set("Serial", &inscription.device_id);
        guano.set("Samplerate", &samplerate.to_string());
        if time_expansion.to_bits() != 1.0_f64.to_bits() {
            guano.set("TE", &time_expansion.to_string());
        }
        if let Some((latitude, longitude)) = inscription.position {
            guano.set("Loc Position", &format!("{latitude} {longitude}"));
        }
        guano
    }

    /// Sets a value, in its place if there is one of this key.
    pub fn set(&mut self, key: &str, value: &str) {
        // A colon or a line in a key would make two of one line.
        let key: String = key.chars().filter(|letter| !matches!(letter, ':' | '\n' | '\r')).collect();
        match self.fields.iter().position(|(there, _)| *there == key) {
            Some(place) => self.fields[place].1 = value.into(),
            None if self.fields.len() < FIELDS_MAX => self.fields.push((key, value.into())),
            None => {}
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(there, _)| there == key).map(|(_, value)| value.as_str())
    }

    /// All of them.
    #[must_use]
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// As it stands in a chunk.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines = self.fields.iter().map(|(key, value)| {
            let value = value.replace('\r', "").replace('\n', "\\n");
            format!("{key}: {value}\n")
        });
        lines.collect::<String>().into_bytes()
    }

    /// Reads a chunk: what is no line of `key: value` is left out, and so is padding.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(GUANO_BYTES_MAX)]);
        let mut guano = Self::default();
        for line in text.trim_end_matches(['\0', ' ', '\n']).lines() {
            if let Some((key, value)) = line.split_once(':')
                && !key.trim().is_empty()
            {
                guano.set(key.trim(), &value.trim().replace("\\n", "\n"));
            }
        }
        guano
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inscription() -> Inscription {
        Inscription {
            deployment_name: "a wood".into(),
            firmware_version: "0.1.0".into(),
            device_id: "0123456789abcdef".into(),
            position: Some((51.5, -0.1)),
        }
    }

    #[test]
    fn it_says_what_acoupi_says() {
        let started = "2027-03-01T22:00:00.25Z".parse().expect("a time");
        let guano = Guano::of(&inscription(), started, 384_000, 10.0);
        let text = String::from_utf8(guano.to_bytes()).expect("UTF-8");
        let expected = "GUANO|Version: 1.0\nTimestamp: 2027-03-01T22:00:00.250000Z\n\
            Acoupi|Deployment Name: a wood\nFirmware Version: 0.1.0\nMake: acoupi\nSerial: 0123456789abcdef\n\
            Samplerate: 384000\nTE: 10\nLoc Position: 51.5 -0.1\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut guano = Guano::of(&inscription(), Timestamp::UNIX_EPOCH, 48_000, 1.0);
        assert_eq!(guano.get("TE"), None);
        guano.set("Note", "two\nlines: with a colon");
        assert_eq!(Guano::from_bytes(&guano.to_bytes()), guano);
    }

    #[test]
    fn padding_and_what_is_no_line_is_left_out() {
        let guano = Guano::from_bytes(b"A: 1\nnonsense\n: x\nB:2\n  \0");
        assert_eq!(guano.fields(), [("A".into(), "1".into()), ("B".into(), "2".into())]);
    }
}

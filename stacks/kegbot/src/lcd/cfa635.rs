//! Crystalfontz CFA-635: packets of a command, a length, data and a checksum.

use super::{Answers, Backlight, Display, fitted};

const CLEAR: u8 = 6;
const BACKLIGHT: u8 = 14;
const WRITE: u8 = 31;

/// The display.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cfa635;

impl Display for Cfa635 {
    fn clear(&self) -> Vec<Vec<u8>> {
        vec![packet(CLEAR, &[])]
    }

    fn backlight(&self, light: Backlight) -> Vec<Vec<u8>> {
        let percent = match light {
            Backlight::On => 100,
            Backlight::Off => 0,
        };
        vec![packet(BACKLIGHT, &[percent])]
    }

    fn line(&self, row: usize, text: &str) -> Vec<Vec<u8>> {
        let mut data = vec![0, u8::try_from(row).unwrap_or(0)];
        data.extend(fitted(text).chars().map(letter));
        vec![packet(WRITE, &data)]
    }

    fn answers(&self) -> Answers {
        Answers::Each
    }
}

fn packet(command: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![command, u8::try_from(data.len()).unwrap_or(u8::MAX)];
    bytes.extend(data);
    bytes.extend(crc(&bytes).to_le_bytes());
    bytes
}

/// CRC-16/X-25: reflected polynomial 0x8408, beginning with all ones, inverted at the end.
fn crc(bytes: &[u8]) -> u16 {
    let crc = bytes.iter().fold(0xffff, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x8408 } else { 0 })
    });
    !crc
}

/// A letter in the display's own alphabet, which has some in other places.
fn letter(letter: char) -> u8 {
    match letter {
        '[' => 0xfa,
        '\\' => 0xfb,
        ']' => 0xfc,
        '{' => 0xfd,
        '|' => 0xfe,
        '_' => 0xc4,
        '$' => 0xa2,
        '^' => 0x1d,
        letter => u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or(b'?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kbsp::hex;

    #[test]
    fn packets_are_those_of_the_maker() {
        let one = |packets: Vec<Vec<u8>>| hex(&packets[0]);
        assert_eq!(one(Cfa635.clear()), "0600975b");
        assert_eq!(one(Cfa635.backlight(Backlight::On)), "0e01642dea");
        assert_eq!(one(Cfa635.backlight(Backlight::Off)), "0e01000fcf");
        assert_eq!(
            one(Cfa635.line(1, "       kegbot!      ")),
            "1f160001202020202020206b6567626f7421202020202020af86"
        );
        assert_eq!(
            one(Cfa635.line(0, "_now pouring________")),
            "1f160000c46e6f7720706f7572696e67c4c4c4c4c4c4c4c49ef5"
        );
    }
}

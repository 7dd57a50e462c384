//! Matrix Orbital's displays: commands that begin with 0xfe, and text.

use super::{Answers, Backlight, Display, fitted};

/// The display.
#[derive(Clone, Copy, Debug, Default)]
pub struct MatrixOrbital;

impl Display for MatrixOrbital {
    fn clear(&self) -> Vec<Vec<u8>> {
        vec![vec![0xfe, 0x58]]
    }

    fn backlight(&self, light: Backlight) -> Vec<Vec<u8>> {
        vec![match light {
            Backlight::On => vec![0xfe, 0x42, 0x00],
            Backlight::Off => vec![0xfe, 0x46],
        }]
    }

    fn line(&self, row: usize, text: &str) -> Vec<Vec<u8>> {
        let mut bytes = vec![0xfe, 0x47, 1, u8::try_from(row + 1).unwrap_or(1)];
        bytes.extend(
            fitted(text).chars().map(|letter| u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or(b'?')),
        );
        vec![bytes]
    }

    fn answers(&self) -> Answers {
        Answers::Never
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_where_it_is_to_stand() {
        assert_eq!(MatrixOrbital.line(3, "hi")[0][..6], [0xfe, 0x47, 1, 4, b'h', b'i']);
        assert_eq!(MatrixOrbital.line(3, "hi")[0].len(), 24);
    }
}

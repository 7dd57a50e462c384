//! Displays of four lines with twenty characters each: what is on them, and the bytes that put it there.

mod cfa635;
mod mtxorb;
pub mod screen;
pub mod show;

pub use cfa635::Cfa635;
pub use mtxorb::MatrixOrbital;

/// How many lines a display has, and how many characters a line.
pub const LINES: usize = 4;
/// How many characters a line has.
pub const COLUMNS: usize = 20;

/// Whether a display can be seen in the dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlight {
    /// It can.
    On,
    /// It cannot.
    Off,
}

/// A kind of display.
pub trait Display: Send {
    /// What empties it.
    fn clear(&self) -> Vec<Vec<u8>>;
    /// What lights it, or does not.
    fn backlight(&self, light: Backlight) -> Vec<Vec<u8>>;
    /// What puts a text on a line, 0 to 3.
    fn line(&self, row: usize, text: &str) -> Vec<Vec<u8>>;
    /// Whether it answers each of these packets.
    fn answers(&self) -> Answers;
}

/// Whether a display answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Each packet.
    Each,
    /// Never.
    Never,
}

/// A text as it fits on a line.
#[must_use]
pub fn fitted(text: &str) -> String {
    let text: String = text.chars().take(COLUMNS).collect();
    format!("{text:<COLUMNS$}")
}

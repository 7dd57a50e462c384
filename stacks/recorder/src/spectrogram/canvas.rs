//! Pixels, and what can be painted with them. What lies outside is not painted.

use super::glyphs::{self, ROWS};

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// How high letters are, pixels; each dot of a glyph is two by two.
pub(super) const LETTER_HEIGHT: usize = 2 * ROWS;

/// From one letter to the next, pixels.
pub(super) const LETTER_WIDTH: usize = 12;

/// A picture that is being painted.
pub(super) struct Canvas {
    pixels: Vec<u8>,
    width: usize,
}

impl Canvas {
    /// All of one colour.
    pub(super) fn of(width: usize, height: usize, paper: Colour) -> Self {
        Self { pixels: paper.repeat(width * height), width }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.pixels.len() / 3 / self.width
    }

    /// Red, green, blue, row after row from the top.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(super) fn dot(&mut self, x: usize, y: usize, ink: Colour) {
        let at = 3 * (y * self.width + x);
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut(at..at + 3)
        {
            pixel.copy_from_slice(&ink);
        }
    }

    /// A line to the right, without its last dot.
    pub(super) fn row(&mut self, y: usize, from: usize, until: usize, ink: Colour) {
        (from..until.min(self.width)).for_each(|x| self.dot(x, y, ink));
    }

    /// A line downwards, without its last dot.
    pub(super) fn column(&mut self, x: usize, from: usize, until: usize, ink: Colour) {
        (from..until.min(self.height())).for_each(|y| self.dot(x, y, ink));
    }

    /// A rectangle of lines.
    pub(super) fn frame(&mut self, left: usize, top: usize, right: usize, bottom: usize, ink: Colour) {
        for y in [top, bottom] {
            self.row(y, left, right + 1, ink);
        }
        for x in [left, right] {
            self.column(x, top, bottom + 1, ink);
        }
    }

    /// Text to the right of and below a place.
    pub(super) fn write(&mut self, x: usize, y: usize, text: &str, ink: Colour) {
        for (number, letter) in text.chars().enumerate() {
            let left = x + number * LETTER_WIDTH;
            // A letter that would be cut is none.
            if left + LETTER_WIDTH > self.width {
                return;
            }
            for (row, bits) in glyphs::of(letter).into_iter().enumerate() {
                for column in (0..5).filter(|column| bits & (0b1_0000 >> column) != 0) {
                    for (right, down) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        self.dot(left + 2 * column + right, y + 2 * row + down, ink);
                    }
                }
            }
        }
    }

    /// Text with its middle above a place.
    pub(super) fn write_centred(&mut self, x: usize, y: usize, text: &str, ink: Colour) {
        let width = text.chars().count() * LETTER_WIDTH;
        let left = x.saturating_sub(width / 2).min(self.width.saturating_sub(width));
        self.write(left, y, text, ink);
    }

    /// Text that ends at a place.
    pub(super) fn write_right(&mut self, x: usize, y: usize, text: &str, ink: Colour) {
        self.write(x.saturating_sub(text.chars().count() * LETTER_WIDTH - 2), y, text, ink);
    }
}

/// From 0, dark, over violet and orange to 1, nearly white: what is brighter is louder, for every eye.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of two bytes")]
pub(super) fn heat(brightness: f32) -> Colour {
    const STEPS: [Colour; 6] =
        [[4, 4, 16], [56, 18, 100], [138, 34, 106], [216, 70, 64], [250, 150, 40], [252, 252, 190]];
    let place = brightness.clamp(0.0, 1.0) * (STEPS.len() - 1) as f32;
    let step = (place as usize).min(STEPS.len() - 2);
    let part = place - step as f32;
    let mix = |side: usize| {
        let (low, high) = (f32::from(STEPS[step][side]), f32::from(STEPS[step + 1][side]));
        (low + (high - low) * part) as u8
    };
    [mix(0), mix(1), mix(2)]
}

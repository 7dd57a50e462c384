//! Short pieces of sound taken apart into frequencies.

use std::f32::consts::TAU;
use std::ops::Range;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Takes pieces of one length apart, each overlapping the one before by three quarters.
pub(crate) struct Analyser {
    transform: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
}

/// How much of which frequency there was when: power, a row of bins for each piece.
#[derive(Clone, Debug)]
pub(crate) struct Spectrum {
    power: Vec<f32>,
    bins: usize,
}

impl Analyser {
    /// Of pieces of so many samples, at least 8, a multiple of 4.
    pub(crate) fn of(length: usize) -> Self {
        // Hann's window: what is cut off at its ends does not sound like a click.
        let window = (0..length).map(|at| 0.5 - 0.5 * (TAU * at as f32 / length as f32).cos()).collect();
        Self { transform: FftPlanner::new().plan_fft_forward(length), window }
    }

    /// How many samples a piece has.
    pub(crate) fn length(&self) -> usize {
        self.window.len()
    }

    /// How many samples lie between the begins of two pieces.
    pub(crate) fn hop(&self) -> usize {
        self.window.len() / 4
    }

    /// Only these bins of each piece, of which there are half as many as samples, and one.
    pub(crate) fn analyse(&self, samples: &[f32], bins: Range<usize>) -> Spectrum {
        let length = self.length();
        let bins = bins.start.min(length / 2)..bins.end.min(length / 2 + 1);
        let pieces = samples.windows(length).step_by(self.hop());
        let mut power = Vec::with_capacity(pieces.len() * bins.len());
        let mut piece = vec![Complex::default(); length];
        let mut scratch = vec![Complex::default(); self.transform.get_inplace_scratch_len()];
        for samples in pieces {
            for ((value, sample), weight) in piece.iter_mut().zip(samples).zip(&self.window) {
                *value = Complex { re: sample * weight, im: 0.0 };
            }
            self.transform.process_with_scratch(&mut piece, &mut scratch);
            power.extend(piece[bins.clone()].iter().map(Complex::norm_sqr));
        }
        Spectrum { power, bins: bins.len() }
    }
}

impl Spectrum {
    /// How many pieces.
    pub(crate) fn pieces(&self) -> usize {
        self.power.len().checked_div(self.bins).unwrap_or(0)
    }

    /// How many bins each has.
    pub(crate) fn bins(&self) -> usize {
        self.bins
    }

    /// One piece.
    pub(crate) fn piece(&self, number: usize) -> &[f32] {
        &self.power[number * self.bins..(number + 1) * self.bins]
    }

    /// The mean of each place and its eight neighbours.
    pub(crate) fn smoothed(&self) -> Self {
        let around = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
        let mut power = Vec::with_capacity(self.power.len());
        for piece in 0..self.pieces() {
            let rows = around(piece, self.pieces());
            for bin in 0..self.bins {
                let columns = around(bin, self.bins);
                let count = rows.len() * columns.len();
                let sum: f32 = rows.clone().flat_map(|row| &self.piece(row)[columns.clone()]).sum();
                power.push(sum / count as f32);
            }
        }
        Self { power, bins: self.bins }
    }

    /// What each bin has half of the time: noise, if there is anything else less often.
    pub(crate) fn floor(&self) -> Vec<f32> {
        let median = |bin: usize| {
            let mut column: Vec<f32> = (0..self.pieces()).map(|piece| self.piece(piece)[bin]).collect();
            let middle = column.len() / 2;
            *column.select_nth_unstable_by(middle, f32::total_cmp).1
        };
        if self.pieces() == 0 { Vec::new() } else { (0..self.bins).map(median).collect() }
    }

    /// How far each place is above a floor, dB.
    pub(crate) fn above(&self, floor: &[f32]) -> Self {
        // Silence is not infinitely below a whisper: the last bit of 16 shakes.
        let level = |(power, floor): (&f32, &f32)| 10.0 * ((power + QUIET) / (floor + QUIET)).log10();
        let rows = self.power.chunks_exact(self.bins.max(1));
        let power = rows.flat_map(|row| row.iter().zip(floor).map(level)).collect();
        Self { power, bins: self.bins }
    }
}

/// Power below which nothing is heard: that of the rounding to 16 bits in a piece of some hundred samples.
const QUIET: f32 = 1e-8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_in_its_bin() {
        let samples: Vec<f32> = (0..1024).map(|at| (TAU * 8.0 * at as f32 / 64.0).sin()).collect();
        let spectrum = Analyser::of(64).analyse(&samples, 0..33);
        assert_eq!((spectrum.pieces(), spectrum.bins()), (61, 33));
        for piece in 0..61 {
            let loudest =
                (0..33).max_by(|&a, &b| spectrum.piece(piece)[a].total_cmp(&spectrum.piece(piece)[b]));
            assert_eq!(loudest, Some(8));
        }
    }

    #[test]
    fn what_is_there_always_is_the_floor() {
        let samples: Vec<f32> = (0..4096).map(|at| (TAU * 8.0 * at as f32 / 64.0).sin()).collect();
        let spectrum = Analyser::of(64).analyse(&samples, 4..12);
        let above = spectrum.above(&spectrum.floor());
        assert!((0..above.pieces()).all(|piece| above.piece(piece)[4].abs() < 0.1));
    }

    #[test]
    fn too_little_sound_has_no_piece() {
        let spectrum = Analyser::of(64).analyse(&[0.0; 63], 0..33);
        assert_eq!(spectrum.pieces(), 0);
        assert!(spectrum.smoothed().floor().is_empty());
    }
}

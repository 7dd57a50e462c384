//! Places of a spectrum that are above the noise and touch each other.

use std::ops::Range;

use crate::spectrum::Spectrum;

/// What touches each other.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Island {
    /// When.
    pub(super) pieces: Range<u64>,
    /// How high.
    pub(super) bins: Range<usize>,
    /// How many bins it has in its widest piece.
    pub(super) width: usize,
    /// The highest of its places, dB.
    pub(super) peak: f32,
}

/// All of them in a spectrum in dB; `first` is the number of its first piece.
pub(super) fn islands(above: &Spectrum, threshold: f32, first: u64) -> Vec<Island> {
    let (pieces, bins) = (above.pieces(), above.bins());
    let mut seen = vec![false; pieces * bins];
    let mut found = Vec::new();
    for start in 0..pieces * bins {
        if seen[start] || above.piece(start / bins)[start % bins] < threshold {
            continue;
        }
        seen[start] = true;
        let mut open = vec![start];
        let mut places = Vec::new();
        while let Some(place) = open.pop() {
            let (piece, bin) = (place / bins, place % bins);
            places.push((piece, bin));
            for piece in piece.saturating_sub(1)..(piece + 2).min(pieces) {
                for bin in bin.saturating_sub(1)..(bin + 2).min(bins) {
                    let next = piece * bins + bin;
                    if !seen[next] && above.piece(piece)[bin] >= threshold {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        found.extend(island(above, &mut places, first));
    }
    found
}

/// What places are together. `None` of none.
fn island(above: &Spectrum, places: &mut [(usize, usize)], first: u64) -> Option<Island> {
    places.sort_unstable();
    let (begin, end) = (places.first()?.0 as u64, places.last()?.0 as u64);
    let bins = places.iter().map(|place| place.1);
    let (low, high) = (bins.clone().min()?, bins.max()?);
    let width = places.chunk_by(|one, other| one.0 == other.0).map(<[_]>::len).max()?;
    let peak = places.iter().map(|&(piece, bin)| above.piece(piece)[bin]).fold(0.0, f32::max);
    Some(Island { pieces: first + begin..first + end + 1, bins: low..high + 1, width, peak })
}

/// Joins what is no further apart than this, again and again.
pub(super) fn joined(mut islands: Vec<Island>, pause: u64, bins: usize) -> Vec<Island> {
    islands.sort_by_key(|island| island.pieces.start);
    let mut done: Vec<Island> = Vec::new();
    // Those that a later one may still touch.
    let mut open: Vec<Island> = Vec::new();
    for mut island in islands {
        let (apart, mut near): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|other| !touches(other, &island, pause, bins));
        // What was joined reaches further than its parts.
        open = apart;
        while let Some(other) = near.pop() {
            island = merged(&island, &other);
            let (apart, more): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|other| !touches(other, &island, pause, bins));
            open = apart;
            near.extend(more);
        }
        let (past, still): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|other| other.pieces.end + pause < island.pieces.start);
        done.extend(past);
        open = still;
        open.push(island);
    }
    done.extend(open);
    done.sort_by_key(|island| island.pieces.start);
    done
}

fn touches(one: &Island, other: &Island, pause: u64, bins: usize) -> bool {
    let in_time =
        one.pieces.start <= other.pieces.end + pause && other.pieces.start <= one.pieces.end + pause;
    let in_pitch = one.bins.start <= other.bins.end + bins && other.bins.start <= one.bins.end + bins;
    in_time && in_pitch
}

fn merged(one: &Island, other: &Island) -> Island {
    Island {
        pieces: one.pieces.start.min(other.pieces.start)..one.pieces.end.max(other.pieces.end),
        bins: one.bins.start.min(other.bins.start)..one.bins.end.max(other.bins.end),
        width: one.width.max(other.width),
        peak: one.peak.max(other.peak),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn island(pieces: Range<u64>, bins: Range<usize>) -> Island {
        Island { pieces, bins, width: 1, peak: 1.0 }
    }

    #[test]
    fn what_is_near_is_one_and_reaches_further() {
        let parts = vec![island(0..4, 0..2), island(5..8, 2..4), island(9..12, 4..6), island(20..22, 0..2)];
        let expected = [island(0..12, 0..6), island(20..22, 0..2)];
        assert_eq!(joined(parts, 1, 0), expected);
    }

    #[test]
    fn what_is_far_in_pitch_stays_apart() {
        let parts = vec![island(0..4, 0..2), island(0..4, 10..12)];
        assert_eq!(joined(parts.clone(), 4, 2), parts);
    }

    #[test]
    fn one_that_touches_two_joins_them() {
        let parts = vec![island(0..9, 0..2), island(0..9, 6..8), island(3..5, 2..6)];
        assert_eq!(joined(parts, 0, 0), [island(0..9, 0..8)]);
    }
}

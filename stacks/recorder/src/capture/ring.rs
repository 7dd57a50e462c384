//! Memory between a microphone and a disk: the newest frames, and nothing that ever waits.
//!
//! The one who fills it takes no lock for longer than a copy, and overwrites what is oldest. Whoever reads says from which
//! frame on, and is told when that is gone.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Frames with positions.
#[derive(Debug)]
pub(super) struct Ring {
    state: Mutex<State>,
    arrived: Condvar,
    frame: usize,
}

#[derive(Debug)]
struct State {
    bytes: Box<[u8]>,
    /// The first frame that is still there, and the one that comes next.
    begin: u64,
    end: u64,
    closed: bool,
}

/// What came of reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// So many bytes.
    Read(usize),
    /// The frame was overwritten; so many are lost.
    Lost(u64),
    /// Nothing came for as long as was to be waited.
    Silent,
    /// Nothing will come.
    Closed,
}

impl Ring {
    /// Of so many frames, 1 or more, of so many bytes.
    pub(super) fn of(frames: usize, frame: usize) -> Self {
        let bytes = vec![0; frames.max(1) * frame].into_boxed_slice();
        let state = State { bytes, begin: 0, end: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), frame }
    }

    /// Adds whole frames; how many there have been by now.
    pub(super) fn push(&self, frames: &[u8]) -> u64 {
        let mut state = self.state();
        let capacity = state.bytes.len();
        let mut rest = frames;
        while !rest.is_empty() {
            let at = byte(state.end, self.frame, capacity);
            let (part, after) = rest.split_at(rest.len().min(capacity - at));
            state.bytes[at..at + part.len()].copy_from_slice(part);
            state.end += (part.len() / self.frame) as u64;
            rest = after;
        }
        state.begin = state.begin.max(state.end.saturating_sub((capacity / self.frame) as u64));
        self.arrived.notify_all();
        state.end
    }

    /// That nothing comes any more.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }

    /// Copies frames from this one on; waits as long as nothing is there.
    pub(super) fn read(&self, position: u64, frames: &mut [u8], patience: Duration) -> Reading {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        while state.end <= position {
            if state.closed {
                return Reading::Closed;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Reading::Silent;
            }
            state = self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if position < state.begin {
            return Reading::Lost(state.begin - position);
        }
        let there = usize::try_from(state.end - position).unwrap_or(usize::MAX);
        let at = byte(position, self.frame, state.bytes.len());
        let until_wrap = (state.bytes.len() - at) / self.frame;
        let count = there.min(until_wrap).min(frames.len() / self.frame) * self.frame;
        frames[..count].copy_from_slice(&state.bytes[at..at + count]);
        Reading::Read(count)
    }

    /// The first frame that is still there.
    pub(super) fn begin(&self) -> u64 {
        self.state().begin
    }

    /// The frame that comes next.
    pub(super) fn end(&self) -> u64 {
        self.state().end
    }

    /// Whether nothing comes any more.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a frame lies.
#[expect(clippy::cast_possible_truncation, reason = "less than the capacity, which is a usize")]
fn byte(position: u64, frame: usize, capacity: usize) -> usize {
    (position % (capacity / frame) as u64) as usize * frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ring: &Ring, position: u64, count: usize) -> (Reading, Vec<u8>) {
        let mut frames = vec![0; count];
        let reading = ring.read(position, &mut frames, Duration::ZERO);
        if let Reading::Read(count) = reading {
            frames.truncate(count);
        }
        (reading, frames)
    }

    #[test]
    fn what_was_put_in_comes_out_from_any_place() {
        let ring = Ring::of(4, 2);
        assert_eq!(ring.push(&[1, 1, 2, 2, 3, 3]), 3);
        assert_eq!(read(&ring, 1, 8), (Reading::Read(4), vec![2, 2, 3, 3]));
        assert_eq!(read(&ring, 3, 8).0, Reading::Silent);
    }

    #[test]
    fn what_is_overwritten_is_told() {
        let ring = Ring::of(4, 1);
        ring.push(&[0, 1, 2, 3, 4, 5]);
        assert_eq!((ring.begin(), ring.end()), (2, 6));
        assert_eq!(read(&ring, 0, 4).0, Reading::Lost(2));
        // Up to where the memory ends, then from its begin.
        assert_eq!(read(&ring, 2, 4).1, [2, 3]);
        assert_eq!(read(&ring, 4, 4).1, [4, 5]);
    }

    #[test]
    fn more_than_it_holds_leaves_the_end() {
        let ring = Ring::of(3, 1);
        ring.push(&[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((ring.begin(), ring.end()), (5, 8));
        assert_eq!(read(&ring, 5, 1).1, [5]);
    }

    #[test]
    fn after_its_close_what_is_there_can_be_read() {
        let ring = Ring::of(4, 1);
        ring.push(&[9]);
        ring.close();
        assert_eq!(read(&ring, 0, 4).1, [9]);
        assert_eq!(read(&ring, 1, 4).0, Reading::Closed);
    }

    #[test]
    fn whoever_waits_is_woken() {
        let ring = Ring::of(4, 1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| ring.read(0, &mut [0; 4], Duration::from_secs(60)));
            ring.push(&[1, 2]);
            assert_eq!(waiting.join().expect("no panic"), Reading::Read(2));
        });
    }
}

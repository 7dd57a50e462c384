//! When a frame was heard, told from when it arrived.
//!
//! Arrivals are late by what lies in buffers and by what the machine was busy with, never early. So the earliest arrival
//! there was, by the frames before it, is the nearest to the truth. As no two clocks run alike, that belief ages.

use std::time::Duration;

/// How fast a belief ages: more than two clocks differ.
const DRIFT_PPM: u64 = 200;

/// The times of frames.
#[derive(Debug)]
pub(super) struct Stamps {
    samplerate: u32,
    /// When frame 0 was heard, nanoseconds; and the frame and time of the last arrival.
    origin: Option<i128>,
    last: Duration,
}

impl Stamps {
    /// Of so many frames a second.
    pub(super) fn of(samplerate: u32) -> Self {
        Self { samplerate, origin: None, last: Duration::ZERO }
    }

    /// That all frames before this one are there.
    pub(super) fn arrived(&mut self, end: u64, at: Duration) {
        let origin = nanoseconds(at) - self.span(end);
        let age = nanoseconds(at.saturating_sub(self.last)) * i128::from(DRIFT_PPM) / 1_000_000;
        self.origin = Some(self.origin.map_or(origin, |believed| origin.min(believed + age)));
        self.last = at;
    }

    /// That frames got lost on the way, so that nothing is known of the next ones.
    pub(super) fn forget(&mut self) {
        self.origin = None;
    }

    /// When a frame was heard. Zero as long as nothing arrived.
    pub(super) fn time_of(&self, position: u64) -> Duration {
        let time = self.origin.unwrap_or(0) + self.span(position);
        Duration::from_nanos(u64::try_from(time.max(0)).unwrap_or(u64::MAX))
    }

    fn span(&self, frames: u64) -> i128 {
        i128::from(frames) * 1_000_000_000 / i128::from(self.samplerate)
    }
}

fn nanoseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_earliest_arrival_is_believed() {
        let mut stamps = Stamps::of(1000);
        stamps.arrived(100, milliseconds(150));
        assert_eq!(stamps.time_of(0), milliseconds(50));
        stamps.arrived(200, milliseconds(210));
        assert_eq!(stamps.time_of(200), milliseconds(210));
        // One that is late changes hardly anything.
        stamps.arrived(300, milliseconds(500));
        let error = stamps.time_of(300) - milliseconds(310);
        assert!(error < Duration::from_micros(100), "{error:?}");
    }

    #[test]
    fn a_slow_device_is_followed() {
        let mut stamps = Stamps::of(1000);
        // 100 ppm slower than it says, for a day.
        for second in 1..86_400 {
            stamps.arrived(second * 1000, Duration::from_micros(second * 1_000_100));
        }
        let error = Duration::from_micros(86_399 * 1_000_100).saturating_sub(stamps.time_of(86_399_000));
        assert!(error < milliseconds(1), "{error:?}");
    }

    #[test]
    fn after_a_loss_it_begins_anew() {
        let mut stamps = Stamps::of(1000);
        stamps.arrived(100, milliseconds(100));
        stamps.forget();
        stamps.arrived(200, milliseconds(900));
        assert_eq!(stamps.time_of(200), milliseconds(900));
    }
}

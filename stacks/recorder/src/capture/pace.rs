//! Whether a device delivers as many frames a second as it says.

use std::time::Duration;

/// How far from its rate a device may be: a twentieth, and a second for buffers and a machine that is busy.
const TOLERANCE: f64 = 0.05;
const SLACK: f64 = 1.0;

/// The rate that was measured, Hz, if it cannot be this one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a rate, or saturates")]
pub(super) fn contradiction(samplerate: u32, frames: u64, elapsed: Duration) -> Option<u32> {
    let seconds = elapsed.as_secs_f64();
    let rate = f64::from(samplerate);
    let wrong = (frames as f64 - rate * seconds).abs() > rate * (seconds * TOLERANCE + SLACK);
    wrong.then(|| (frames as f64 / seconds.max(0.001)).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_may_be_late_for_a_second_but_not_slow() {
        let seconds = Duration::from_secs_f64;
        assert_eq!(contradiction(48_000, 48_000, seconds(1.9)), None);
        assert_eq!(contradiction(48_000, 48_000 * 60, seconds(61.0)), None);
        assert_eq!(contradiction(48_000, 44_100 * 60, seconds(60.0)), Some(44_100));
        assert_eq!(contradiction(48_000, 192_000, seconds(1.0)), Some(192_000));
        assert_eq!(contradiction(48_000, 0, seconds(0.5)), None);
    }
}

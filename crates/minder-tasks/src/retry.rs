//! How long after a failure a run is tried again.

use std::time::Duration;

use minder_core::agenda::Retry;
use minder_core::time::WallTime;

/// How long to wait after attempt number `attempt`, 1 or more, has failed. `None`: it is not tried again.
pub fn delay(retry: &Retry, attempt: u32) -> Option<Duration> {
    if attempt > retry.times {
        return None;
    }
    let factor = f64::from(retry.factor_percent.max(100)) / 100.0;
    let most = if retry.delay_max.is_zero() { Duration::MAX } else { retry.delay_max };
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = retry.delay.as_secs_f64() * factor.powi(exponent);
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(most))
}

/// A time that is so much later; one beyond all calendars never comes.
pub(crate) fn later(time: WallTime, by: Duration) -> WallTime {
    WallTime(time.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::delay;
    use minder_core::agenda::Retry;
    use std::time::Duration;

    fn delays(retry: Retry) -> Vec<Option<u64>> {
        (1..=6).map(|attempt| delay(&retry, attempt).map(|wait| wait.as_secs())).collect()
    }

    #[test]
    fn each_delay_is_longer_by_the_factor_up_to_the_bound_and_then_there_is_none() {
        let retry = Retry {
            times: 5,
            delay: Duration::from_secs(2),
            factor_percent: 300,
            delay_max: Duration::from_secs(60),
        };
        assert_eq!(delays(retry), [Some(2), Some(6), Some(18), Some(54), Some(60), None]);
        assert_eq!(delays(Retry { factor_percent: 0, ..retry })[3], Some(2));
        assert_eq!(delays(Retry { delay_max: Duration::ZERO, ..retry })[4], Some(162));
        assert_eq!(delays(Retry::default())[0], None);
    }

    #[test]
    fn a_wait_beyond_all_bounds_is_one_for_ever() {
        let retry =
            Retry { times: u32::MAX, delay: Duration::MAX, factor_percent: u32::MAX, ..Retry::default() };
        assert_eq!(delay(&retry, u32::MAX), Some(Duration::MAX));
    }
}

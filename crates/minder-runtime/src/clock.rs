//! The two clocks, read together.

use minder_core::time::{Instant, Now, WallTime};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// What time it is.
pub fn now() -> Now {
    let monotonic = clock_gettime(ClockId::Monotonic);
    let wall = clock_gettime(ClockId::Realtime);
    Now { monotonic: Instant(nanoseconds(monotonic)), wall: WallTime(microseconds(wall)) }
}

fn nanoseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

fn microseconds(time: Timespec) -> i64 {
    time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1_000)
}

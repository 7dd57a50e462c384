//! The clocks, which only processes read; everything else is handed a time.

use minder_core::time::{Instant, Now, WallTime};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The wall clock.
pub fn wall() -> WallTime {
    let now = clock_gettime(ClockId::Realtime);
    WallTime(now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1000))
}

/// Both clocks.
pub fn now() -> Now {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Monotonic);
    let nanoseconds = tv_sec.saturating_mul(1_000_000_000).saturating_add(tv_nsec);
    Now { monotonic: Instant(nanoseconds.unsigned_abs()), wall: wall() }
}

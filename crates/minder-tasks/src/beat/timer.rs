//! Timers that the kernel keeps: one by the wall clock, which also says when that is set, and one by the monotonic clock.

use std::io;

use minder_core::time::{Instant, WallTime};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::ready_fd::ReadyFd;

/// Beyond every date that is written anywhere; in seconds since 1970.
const NEVER: i64 = 1 << 40;

/// Not armed until it is set.
#[derive(Debug)]
pub(super) struct Timer {
    fd: ReadyFd,
    flags: TimerfdTimerFlags,
}

impl Timer {
    /// By the wall clock. It comes early when that is set.
    pub(super) fn wall() -> io::Result<Self> {
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        Self::new(TimerfdClockId::Realtime, flags)
    }

    /// By the monotonic clock.
    pub(super) fn monotonic() -> io::Result<Self> {
        Self::new(TimerfdClockId::Monotonic, TimerfdTimerFlags::ABSTIME)
    }

    fn new(clock: TimerfdClockId, flags: TimerfdTimerFlags) -> io::Result<Self> {
        let fd = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self { fd: ReadyFd::new(fd)?, flags })
    }

    /// When it comes. `None`: only when the wall clock is set.
    pub(super) fn set_wall(&self, at: Option<WallTime>) -> io::Result<()> {
        let at = at.map_or(Timespec { tv_sec: NEVER, tv_nsec: 0 }, |at| Timespec {
            tv_sec: at.seconds().min(NEVER),
            tv_nsec: at.subsecond_micros() * 1000,
        });
        self.set(at)
    }

    /// When it comes. `None`: never.
    pub(super) fn set_monotonic(&self, at: Option<Instant>) -> io::Result<()> {
        let at = at.map_or(u64::MAX, |at| at.0);
        let seconds = i64::try_from(at / 1_000_000_000).unwrap_or(NEVER).min(NEVER);
        let nanoseconds = i64::try_from(at % 1_000_000_000).unwrap_or(0);
        self.set(Timespec { tv_sec: seconds, tv_nsec: nanoseconds })
    }

    fn set(&self, at: Timespec) -> io::Result<()> {
        // Zero would disarm it, and a time before 1970 is none; both have come.
        let has_come = at.tv_sec < 0 || at.tv_sec == 0 && at.tv_nsec == 0;
        let at = if has_come { Timespec { tv_sec: 0, tv_nsec: 1 } } else { at };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: at };
        match timerfd_settime(self.fd.get(), self.flags, &once) {
            // The clock was set before; the timer is armed all the same.
            Ok(_) | Err(rustix::io::Errno::CANCELED) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it comes, or the wall clock is set. A wait that is given up loses nothing.
    pub(super) async fn comes(&self) -> io::Result<()> {
        let read = |fd: &rustix::fd::OwnedFd| match rustix::io::read(fd, &mut [0; 8]) {
            Ok(_) | Err(rustix::io::Errno::CANCELED) => Ok(()),
            Err(error) => Err(error.into()),
        };
        self.fd.readable(read).await
    }
}

#[cfg(test)]
mod tests {
    use super::Timer;
    use crate::clock::now;
    use minder_core::time::{Instant, WallTime};

    #[test]
    fn timers_come_when_they_are_due_and_also_when_that_was_long_ago() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (wall, monotonic) = (Timer::wall().expect("a timer"), Timer::monotonic().expect("a timer"));
            for at in [WallTime(-5), WallTime(0), WallTime(1), now().wall, WallTime(now().wall.0 + 5000)] {
                wall.set_wall(Some(at)).expect("a time");
                wall.comes().await.expect("a timer");
                assert!(now().wall >= at);
            }
            for at in [Instant(0), now().monotonic, Instant(now().monotonic.0 + 5_000_000)] {
                monotonic.set_monotonic(Some(at)).expect("a time");
                monotonic.comes().await.expect("a timer");
                assert!(now().monotonic >= at);
            }
            wall.set_wall(None).expect("no time");
            monotonic.set_monotonic(None).expect("no time");
            tokio::select! {
                _ = wall.comes() => panic!("never"),
                _ = monotonic.comes() => panic!("never"),
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
            }
        });
    }
}

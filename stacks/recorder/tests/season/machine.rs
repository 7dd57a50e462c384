//! A machine whose clock is moved and whose power can fail at any look at it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use minder_recorder::capture::Clock;
use minder_recorder::machine::Machine;

/// What is thrown when the power fails.
pub(crate) struct PowerCut;

#[derive(Clone)]
pub(crate) struct Simulated(Arc<Mutex<State>>);

pub(crate) struct State {
    /// True time since the season began.
    pub(crate) passed: Duration,
    /// What the clock on the wall shows more than the truth.
    pub(crate) offset: SignedDuration,
    pub(crate) boot: u32,
    pub(crate) booted: Duration,
    /// Bytes, where recordings are kept and where they are made.
    pub(crate) free: u64,
    pub(crate) free_temporary: u64,
    /// After so many looks the power fails.
    pub(crate) fuse: Option<u32>,
    began: Timestamp,
}

impl Simulated {
    pub(crate) fn begin(began: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            passed: Duration::ZERO,
            offset: SignedDuration::ZERO,
            boot: 1,
            booted: Duration::ZERO,
            free: u64::MAX / 2,
            free_temporary: u64::MAX / 2,
            fuse: None,
            began,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wall(&self) -> Timestamp {
        let state = self.state();
        state.began.checked_add(state.passed).unwrap().checked_add(state.offset).unwrap()
    }

    fn look(&self) {
        let blown = match self.state().fuse.as_mut() {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if blown {
            std::panic::resume_unwind(Box::new(PowerCut));
        }
    }
}

impl Clock for Simulated {
    fn now(&self) -> Timestamp {
        self.look();
        self.wall()
    }

    fn elapsed(&self) -> Duration {
        self.look();
        self.state().passed
    }

    fn wait_until(&self, then: Duration) {
        self.look();
        let mut state = self.state();
        state.passed = state.passed.max(then);
    }
}

impl Machine for Simulated {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    fn boot(&self) -> String {
        self.look();
        self.state().boot.to_string()
    }

    fn uptime(&self) -> Duration {
        self.look();
        let state = self.state();
        state.passed - state.booted
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        self.look();
        let state = self.state();
        Ok(if path.ends_with("shm") { state.free_temporary } else { state.free })
    }

    fn used(&self, _: &Path) -> io::Result<u64> {
        Ok(0)
    }
}

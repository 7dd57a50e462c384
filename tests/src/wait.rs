//! Waiting for a condition: bounded, and with a message that says what never came.

use std::time::{Duration, Instant};

/// How long a condition may take unless a caller knows better. Generous, because two cores run many daemons at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition is looked at. Conditions here are files and remote calls, which nothing announces.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until `condition` gives a value, for at most [`PATIENCE`].
///
/// # Panics
/// When the time is over; `what` and `evidence()` make the message.
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>, evidence: impl Fn() -> String) -> T {
    match within(PATIENCE, &mut condition) {
        Some(value) => value,
        None => panic!("waited {PATIENCE:?} in vain until {what}\n{}", evidence()),
    }
}

/// The same with a limit of its own, and no panic: `None` when the time is over.
pub fn within<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

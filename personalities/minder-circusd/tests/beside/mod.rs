//! What the tests beside circusd need: a real circusd, its own Python, and our programs.

pub(crate) mod circusd;
pub(crate) mod programs;

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The virtual environment that holds the original. A machine without it proves nothing, so that is a failure and not a
/// reason to skip.
pub(crate) fn venv() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/reference-venv");
    let venv = PathBuf::from(std::env::var("MINDER_REFERENCE_VENV").unwrap_or_else(|_| default.to_owned()));
    assert!(
        venv.join("bin/circusd").exists(),
        "no circusd in {}: `cargo xtask test` prepares it, or MINDER_REFERENCE_VENV names a virtual environment that has \
         circus 0.19.0",
        venv.display()
    );
    venv
}

/// Looks again and again, a hundred times a second, until there is something. Says what for when there never is.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

//! What the comparison with Python's supervisorctl needs: both clients, real servers, and scripted ones.

pub(crate) mod clients;
pub(crate) mod scripted;
pub(crate) mod servers;

use std::path::PathBuf;

/// The virtual environment that holds the original.
///
/// A machine without it proves nothing, so that is a failure and not a reason to skip.
pub(crate) fn venv() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/reference-venv");
    let venv = PathBuf::from(std::env::var("MINDER_REFERENCE_VENV").unwrap_or_else(|_| default.to_owned()));
    assert!(
        venv.join("bin/supervisord").exists(),
        "no supervisord in {}: `cargo xtask test` prepares it, or MINDER_REFERENCE_VENV names a virtual environment \
         that has supervisor 4.3.0",
        venv.display()
    );
    venv
}

//! The real acoupi, asked in Python.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a script with the real acoupi in a directory, and gives what it printed.
pub(crate) fn acoupi(directory: &Path, script: &str) -> String {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/acoupi-venv");
    let venv = PathBuf::from(std::env::var("MINDER_ACOUPI_VENV").unwrap_or_else(|_| default.to_owned()));
    let python = venv.join("bin/python");
    assert!(
        python.exists(),
        "no reference at {}: run the tests with `cargo xtask test`, which installs it, or set MINDER_ACOUPI_VENV",
        venv.display()
    );
    let prelude = "import datetime, json, sqlite3, sys\nfrom pathlib import Path\nfrom uuid import UUID\n\
                   from acoupi import data\nfrom acoupi.components import SqliteStore, SqliteMessageStore\n\
                   utc = datetime.timezone.utc\n";
    let output = Command::new(python)
        .arg("-c")
        .arg(format!("{prelude}{script}"))
        .current_dir(directory)
        .env("HOME", directory)
        .output()
        .expect("python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

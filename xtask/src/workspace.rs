//! Where things are.

use crate::step::{self, Problem};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The virtual environment with the originals.
pub(crate) fn reference_venv() -> PathBuf {
    target().join("reference-venv")
}

/// The virtual environment of the real acoupi, whose packages would change how Circus's client prints.
pub(crate) fn acoupi_venv() -> PathBuf {
    target().join("acoupi-venv")
}

/// cargo, in the root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Makes a program of C in a folder, without shared libraries where that is possible: it is to start in no time, so
/// that what is measured is the supervisor and not the loader.
///
/// # Errors
/// When there is no compiler, or it refuses.
pub(crate) fn compile(folder: &Path, name: &str, source: &str) -> Result<(), Problem> {
    let file = folder.join(format!("{name}.c"));
    std::fs::write(&file, source).map_err(|error| Problem::File(file.display().to_string(), error))?;
    let build = |linking: &[&str]| {
        let mut cc = Command::new("cc");
        cc.arg("-O2").args(linking).arg("-o").arg(folder.join(name)).arg(&file);
        step::output(&mut cc)
    };
    build(&["-static"]).or_else(|_| build(&[])).map(drop)
}

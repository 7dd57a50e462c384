//! `cargo xtask sim`: the supervision in a simulated world, for as long as is wanted. What it can do it says itself, by `--help`.

use crate::step::Problem;
use crate::workspace;

/// Builds and runs the simulation, with these words.
///
/// # Errors
/// When it does not build, or a promise was not kept.
pub(crate) fn run(words: &[String]) -> Result<(), Problem> {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--package", "minder-sim", "--features", "mutations", "--"]).args(words);
    let status = command.status().map_err(|error| Problem::NotStarted("cargo".into(), error))?;
    if status.success() { Ok(()) } else { Err(Problem::Failed("the simulation".into(), status.to_string())) }
}

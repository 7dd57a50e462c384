//! `cargo xtask test`: everything that is proved, on a fresh machine too.

use crate::step::{self, Problem};
use crate::{setup, workspace};

/// Prepares, builds, runs every test. Words choose tests by name.
///
/// # Errors
/// When something is missing, does not build, or a test fails.
pub(crate) fn run(words: &[String]) -> Result<(), Problem> {
    setup::run()?;
    build()?;
    let (flags, names): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with("--"));
    let mut command = workspace::cargo();
    // The tests mostly wait, each for two daemons or four; a third of the waiting is Python's start.
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 8) * 4;
    if step::works("cargo", &["nextest", "--version"]) {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--failure-output", "final"]);
        command.args(["--test-threads", &threads.to_string()]);
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]);
        command.env("RUST_TEST_THREADS", threads.to_string());
    }
    command.env("MINDER_REFERENCE_VENV", workspace::reference_venv());
    command.env("MINDER_ACOUPI_VENV", workspace::acoupi_venv());
    command.env("MINDER_BIN", workspace::target().join("debug/minder")).env("RUST_BACKTRACE", "0");
    if flags.iter().any(|flag| *flag == "--original-twice") {
        command.env("MINDER_PROOF_SUBJECT", "original");
    }
    step::run("tests", command.args(&names))?;
    // Mistakes in the core cannot be made in the same build as all the rest, where nobody wants them.
    if names.is_empty() { step::run("mutations", workspace::cargo().args(MUTATIONS)) } else { Ok(()) }
}

/// The mistakes of the core that the simulation has to find.
const MUTATIONS: [&str; 7] =
    ["test", "--package", "minder-sim", "--features", "mutations", "--test", "mutations"];

/// The program that is tested, and beside it one of another release, as which it is upgraded.
fn build() -> Result<(), Problem> {
    let (built, other) =
        (workspace::target().join("debug/minder"), workspace::target().join("debug/minder-other-wire"));
    let build = ["build", "--package", "minder"];
    step::run("build of another release", workspace::cargo().args(build).args(["--features", "other-wire"]))?;
    std::fs::copy(built, &other).map_err(|error| Problem::File(other.display().to_string(), error))?;
    step::run("build", workspace::cargo().args(build))
}

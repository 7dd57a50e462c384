//! A program that works for a few seconds and then fails.

use std::io::{self, Write as _};
use std::process::ExitCode;

use super::{chance, line, rest};

/// How often it counts before it fails, at least.
const STEPS_MIN: u64 = 6;

pub(super) fn run() -> ExitCode {
    let steps = STEPS_MIN + chance(10);
    for step in 1..=steps {
        if line(&format!("step {step}, all is well")).is_err() {
            return ExitCode::FAILURE;
        }
        rest(1000);
    }
    let _ = writeln!(io::stderr(), "something came up at step {steps}: giving up with status 3");
    ExitCode::from(3)
}

//! `cargo xtask ci`: what the continuous integration runs, in its order.

use crate::step::{self, Problem};
use crate::{test, tidy, workspace};
use std::time::{Duration, Instant};

/// One step.
type Step = fn() -> Result<(), Problem>;

/// Runs every step even after one failed, and says at the end how long each took.
///
/// # Errors
/// When a step failed.
pub(crate) fn run() -> Result<(), Problem> {
    let steps: [(&str, Step); 6] = [
        ("fmt", fmt),
        ("clippy", clippy),
        ("test", || test::run(&[])),
        ("rustdoc", rustdoc),
        ("deny", deny),
        ("tidy", tidy::run),
    ];
    let mut times: Vec<(&str, Duration, Result<(), Problem>)> = Vec::new();
    for (name, step) in steps {
        let begin = Instant::now();
        let outcome = step();
        times.push((name, begin.elapsed(), outcome));
    }
    println!("\nstep        seconds");
    for (name, time, outcome) in &times {
        let word = outcome.as_ref().map_or_else(ToString::to_string, |()| "ok".into());
        println!("{name:<10} {:>8.1}  {word}", time.as_secs_f32());
    }
    let failed: Vec<String> =
        times.iter().filter(|(.., outcome)| outcome.is_err()).map(|(name, ..)| (*name).into()).collect();
    if failed.is_empty() { Ok(()) } else { Err(Problem::Steps(failed)) }
}

fn fmt() -> Result<(), Problem> {
    step::run("fmt", workspace::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), Problem> {
    step::run(
        "clippy",
        workspace::cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    )
}

fn rustdoc() -> Result<(), Problem> {
    let mut command = workspace::cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings");
    step::run("rustdoc", &mut command)
}

fn deny() -> Result<(), Problem> {
    if !step::works("cargo", &["deny", "--version"]) {
        println!("\n- deny: cargo-deny is not installed, left out");
        return Ok(());
    }
    step::run("deny", workspace::cargo().args(["deny", "check"]))
}

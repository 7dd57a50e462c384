//! `cargo xtask ci`: what the continuous integration runs, in its order.

use crate::step::{self, Problem};
use crate::{tidy, workspace};
use std::process::Command;
use std::time::{Duration, Instant};

/// How many of the tests' last lines are shown again at the end: the runner's summary and the names of what failed.
const CLOSING_LINES: usize = 20;

/// Runs every step even after one failed, and says at the end how long each took.
///
/// # Errors
/// When a step failed.
pub(crate) fn run() -> Result<(), Problem> {
    let mut closing = Vec::new();
    let mut times: Vec<(&str, Duration, Result<(), Problem>)> = Vec::new();
    let mut timed = |name, step: &mut dyn FnMut() -> Result<(), Problem>| {
        let begin = Instant::now();
        let outcome = step();
        times.push((name, begin.elapsed(), outcome));
    };
    timed("fmt", &mut fmt);
    timed("clippy", &mut clippy);
    timed("test", &mut || {
        let (outcome, lines) = test();
        closing = lines;
        outcome
    });
    timed("rustdoc", &mut rustdoc);
    timed("deny", &mut deny);
    timed("tidy", &mut tidy::run);
    println!("\nthe last lines of the tests:\n{}", closing.join("\n"));
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
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    step::run("clippy", workspace::cargo().args(arguments))
}

/// The very command that a person types.
fn test() -> (Result<(), Problem>, Vec<String>) {
    let command: &mut Command = &mut workspace::cargo();
    step::run_remembering("cargo xtask test", command.args(["xtask", "test"]), CLOSING_LINES)
}

fn rustdoc() -> Result<(), Problem> {
    let mut command = workspace::cargo();
    command.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    // The pages are for those who read the code, and show what is private too.
    let flags = "-D warnings -A rustdoc::private_intra_doc_links";
    step::run("rustdoc", command.env("RUSTDOCFLAGS", flags))
}

fn deny() -> Result<(), Problem> {
    if !step::works("cargo", &["deny", "--version"]) {
        println!("\n- deny: cargo-deny is not installed, left out");
        return Ok(());
    }
    step::run("deny", workspace::cargo().args(["deny", "check"]))
}

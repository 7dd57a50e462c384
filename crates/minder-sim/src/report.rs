//! What is told of a run, to people and to programs.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use minder_sim::Counts;
use minder_sim::mutation::Mutation;
use minder_sim::scenario::Selection;
use minder_sim::search::{Found, Outcome, YEAR};
use minder_sim::shrink::{self, Shrunk};
use serde_json::{Value, json};

use crate::options::replay;

/// How many of a transcript's last lines are shown unasked.
const LINES_SHOWN: usize = 100;
/// How often the progress is shown anew.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// One line on the terminal that says how far it is.
pub(crate) struct Progress {
    begin: Instant,
    shown: Option<Instant>,
    enough: Duration,
}

impl Progress {
    pub(crate) fn new(enough: Duration) -> Self {
        Self { begin: Instant::now(), shown: None, enough }
    }

    pub(crate) fn told(&mut self, outcome: &Outcome) {
        let now = Instant::now();
        let due = self.shown.map_or(self.begin, |shown| shown) + PROGRESS_EVERY;
        if now < due || !std::io::stderr().is_terminal() {
            return;
        }
        self.shown = Some(now);
        let simulated = outcome.counts.simulated;
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[K{:.1} of {:.1} years, {} seeds, {:.0} simulated hours a second",
            years(simulated),
            years(self.enough),
            outcome.seeds,
            rate(simulated, now - self.begin),
        );
    }

    /// How long it took; the line goes.
    pub(crate) fn done(self) -> Duration {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        self.begin.elapsed()
    }
}

/// A failure with all that helps to understand it.
pub(crate) struct Failure {
    found: Found,
    mutation: Option<Mutation>,
    shrunk: Shrunk,
    transcript: Vec<String>,
}

impl Failure {
    pub(crate) fn explained(found: Found, mutation: Option<Mutation>) -> Self {
        let shrunk = shrink::shrink(found.seed, mutation, found.violation.invariant);
        let transcript = shrink::transcript(found.seed, &shrunk.selection, mutation);
        Self { found, mutation, shrunk, transcript }
    }

    pub(crate) fn print(&self) {
        let Found { seed, step, violation, .. } = &self.found;
        println!("✘ seed {seed}, step {step}: {}", violation.invariant);
        println!("  {}", violation.detail);
        println!("  replay: {}", replay(*seed, self.mutation, &Selection::default()));
        let moves = self.shrunk.selection.moves.as_ref().map_or(0, Vec::len);
        println!("\nshrunk to {moves} moves in {} tries; it ends like this:\n", self.shrunk.tries);
        print_lines(&self.transcript, LINES_SHOWN);
        println!("\n  replay: {}", replay(*seed, self.mutation, &self.shrunk.selection));
    }

    fn json(&self) -> Value {
        let Found { seed, step, violation, after } = &self.found;
        json!({
            "seed": seed,
            "step": step,
            "after_seconds": after.as_secs_f64(),
            "invariant": violation.invariant.to_string(),
            "detail": violation.detail,
            "replay": replay(*seed, self.mutation, &Selection::default()),
            "shrunk": {
                "moves": self.shrunk.selection.moves,
                "tries": self.shrunk.tries,
                "replay": replay(*seed, self.mutation, &self.shrunk.selection),
                "transcript": self.transcript,
            },
        })
    }
}

/// The last lines, and how many there are before them.
pub(crate) fn print_lines(lines: &[String], most: usize) {
    let before = lines.len().saturating_sub(most);
    if before > 0 {
        println!("  … {before} lines before these");
    }
    lines[before..].iter().for_each(|line| println!("{line}"));
}

/// What a search came to, for people.
pub(crate) fn print(outcome: &Outcome, took: Duration) {
    let Counts { simulated, steps, inputs, boundaries, moves, happened } = &outcome.counts;
    println!(
        "{:.2} years in {:.2} s: {:.0} simulated hours a second; {} seeds",
        years(*simulated),
        took.as_secs_f64(),
        rate(*simulated, took),
        outcome.seeds
    );
    println!(
        "{steps} steps, {inputs} inputs of the supervision, {boundaries} boundaries at which a mind can die"
    );
    for (what, counts) in [("moves", moves), ("what came of them", happened)] {
        let words: Vec<String> = counts.iter().map(|(kind, times)| format!("{kind} {times}")).collect();
        println!("{what}: {}", words.join(", "));
    }
}

/// The same for programs.
pub(crate) fn print_json(outcome: &Outcome, took: Duration, failure: Option<&Failure>) {
    let counts = &outcome.counts;
    let value = json!({
        "seeds": outcome.seeds,
        "years": years(counts.simulated),
        "seconds": took.as_secs_f64(),
        "hours_per_second": rate(counts.simulated, took),
        "steps": counts.steps,
        "inputs": counts.inputs,
        "boundaries": counts.boundaries,
        "moves": counts.moves,
        "happened": counts.happened,
        "failure": failure.map(Failure::json),
    });
    println!("{value:#}");
}

fn years(simulated: Duration) -> f64 {
    simulated.as_secs_f64() / YEAR.as_secs_f64()
}

fn rate(simulated: Duration, took: Duration) -> f64 {
    simulated.as_secs_f64() / 3600.0 / took.as_secs_f64().max(1e-9)
}

//! How many instructions the paths take that matter most: a figure that no other work on the machine disturbs.
//!
//! callgrind counts `crates/minder/examples/paths.rs` at two numbers of rounds; the difference is the rounds alone. Without
//! what the kernel does. The figures of the last whole run are in `docs/benchmarks/instructions.json`.

use super::figures::{Better, Cell, Row, Verdict};
use super::peers::MINDER;
use super::place::{Pace, Place};
use crate::step::{self, Problem};
use crate::workspace;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::process::Command;

/// What the example calls them, and what they are.
const PATHS: [(&str, &str); 4] = [
    ("spawn", "order of a process"),
    ("restart", "exit, next order and its answer"),
    ("chunk", "4 KB from a pipe into a rotated log"),
    ("info", "getProcessInfo"),
];
const ROUNDS: u64 = 200;
/// By how much a figure may rise before somebody should look: compilers differ by less.
const TOLERANCE: f64 = 1.1;

/// Counts, if valgrind is there.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    if !step::works("valgrind", &["--version"]) {
        println!("! not measured: instructions; `apt-get install valgrind`");
        return Ok(Vec::new());
    }
    let program = build()?;
    let mut before = recorded();
    let mut rows = Vec::new();
    for (path, what) in PATHS {
        let [once, twice] = [ROUNDS, 2 * ROUNDS].map(|rounds| count(&program, path, rounds));
        let each = (twice? - once?) / ROUNDS;
        let known = before.insert(path.to_owned(), each.into()).and_then(|value| value.as_u64());
        rows.push(row(what, each, known));
    }
    if rows.iter().all(|row| row.verdict != Verdict::Missed) && place.pace == Pace::Full {
        let text = format!("{:#}\n", Value::Object(before));
        let folder = workspace::root().join("docs/benchmarks");
        let _ = std::fs::create_dir_all(folder);
        std::fs::write(file(), text).map_err(|error| Problem::File(file().display().to_string(), error))?;
    }
    Ok(rows)
}

fn row(what: &str, each: u64, known: Option<u64>) -> Row {
    let (figure, known) = (each as f64, known.map(|known| known as f64));
    let change =
        known.map_or_else(String::new, |known| format!(" ({:+.1} %)", (figure / known - 1.0) * 100.0));
    let cell = Cell::of(Some(figure), format!("{each}{change}"));
    let verdict = known.map_or(Verdict::Open, |known| Verdict::at_most(Some(figure), known * TOLERANCE));
    Row::new(format!("instructions: {what}"), Better::Less, vec![(MINDER, cell)])
        .promised("at most 10 % more than recorded", verdict)
}

fn file() -> PathBuf {
    workspace::root().join("docs/benchmarks/instructions.json")
}

fn recorded() -> Map<String, Value> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn build() -> Result<PathBuf, Problem> {
    let words = ["build", "--release", "--package", "minder", "--example", "paths"];
    step::run("the paths", workspace::cargo().args(words))?;
    Ok(workspace::target().join("release/examples/paths"))
}

fn count(program: &PathBuf, path: &str, rounds: u64) -> Result<u64, Problem> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let output = valgrind.args([path, &rounds.to_string()]).output();
    let output = output.map_err(|error| Problem::NotStarted("valgrind".into(), error))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match collected.filter(|_| output.status.success()) {
        Some(instructions) => Ok(instructions),
        None => Err(Problem::Failed(format!("callgrind {path}"), said.trim().to_owned())),
    }
}

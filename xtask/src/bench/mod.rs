//! `cargo xtask bench`: minder beside every other supervisor that can be had.
//!
//! ```text
//!  place ── folder, C programs, minder, and the peers that are there
//!    │
//!    ├─ cold          size, and the first child   ┐
//!    ├─ start         start and stop of many      │ each asks a `team` of all `peers` that can take part, in turn, hears
//!    ├─ restart       after kill -9               │ their programs by `beacons`, looks at their processes, and compares
//!    ├─ idle          cost, and states            ├ with the `floor`: the least that can be done, in C
//!    ├─ log_path      bytes through, against cat  │
//!    ├─ storm         crashes without end         │
//!    ├─ growth        the cost of one among many  │
//!    ├─ instructions  of the paths that matter    │
//!    └─ circus        what only Circus can        ┘
//!         └─▶ figures: rows ─▶ report: docs/benchmarks.md, its charts, JSON
//! ```
//!
//! A program reports its own first moment (`beacon.c`), so nothing polls while a time is taken.

mod beacons;
mod chart;
mod circus;
mod cold;
mod daemon;
mod figures;
mod floor;
mod growth;
mod idle;
mod instructions;
mod log_path;
pub(crate) mod peers;
mod place;
mod processes;
mod report;
mod restart;
mod start;
mod storm;
mod team;

use crate::step::Problem;
use crate::workspace;
use figures::Row;
use growth::Curve;
use place::{Pace, Place};
use std::path::PathBuf;
use std::time::Instant;

/// Rows, and lines for a chart.
type Measured = Result<(Vec<Row>, Vec<Curve>), Problem>;

/// Measures one subject.
type Measure = fn(&Place) -> Measured;

/// What can be measured, by the name that `--only` takes.
const SUBJECTS: &[(&str, Measure)] = &[
    ("cold", |place| rows(cold::measure(place))),
    ("start", |place| rows(start::measure(place))),
    ("restart", |place| rows(restart::measure(place))),
    ("idle", |place| rows(idle::measure(place))),
    ("logs", |place| rows(log_path::measure(place))),
    ("storm", |place| rows(storm::measure(place))),
    ("growth", growth::measure),
    ("instructions", |place| rows(instructions::measure(place))),
    ("circus", |place| rows(circus::measure(place))),
];

fn rows(measured: Result<Vec<Row>, Problem>) -> Measured {
    measured.map(|rows| (rows, Vec::new()))
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    pace: Pace,
    only: Option<String>,
    json: Option<PathBuf>,
}

/// Measures, prints tables, and writes `docs/benchmarks.md` after a whole run.
///
/// # Errors
/// For words that it does not know, or when a measurement fails: then the others are still shown.
pub(crate) fn run(words: &[String]) -> Result<(), Problem> {
    let wish = read(words)?;
    let place = Place::new(wish.pace)?;
    for absent in peers::install::absent(&place) {
        println!("! not measured: {absent}; `cargo xtask setup --peers` installs it");
    }
    let (mut rows, mut curves, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, measure) in
        SUBJECTS.iter().filter(|(name, _)| wish.only.as_deref().is_none_or(|only| only == *name))
    {
        println!("▶ {name}");
        let begun = Instant::now();
        match measure(&place) {
            Ok((more, lines)) => {
                println!("{}✔ {name}: {:.0} s", report::summary(&more), begun.elapsed().as_secs_f32());
                rows.extend(more);
                curves.extend(lines);
            }
            Err(problem) => {
                eprintln!("✘ {name}: {problem}");
                failed.push((*name).to_owned());
            }
        }
    }
    if wish.only.is_none() {
        report::write(&place, &rows, &curves, &failed)?;
    }
    let file = wish.json.unwrap_or_else(|| workspace::target().join("bench.json"));
    std::fs::write(&file, format!("{:#}\n", report::json(&place, &rows, &curves)))
        .map_err(|error| Problem::File(file.display().to_string(), error))?;
    if failed.is_empty() { Ok(()) } else { Err(Problem::Steps(failed)) }
}

fn read(words: &[String]) -> Result<Wish, Problem> {
    let names: Vec<&str> = SUBJECTS.iter().map(|(name, _)| *name).collect();
    let usage =
        || Problem::Missing(format!("usage: bench [--quick] [--json FILE] [--only {}]", names.join("|")));
    let mut wish = Wish { pace: Pace::Full, only: None, json: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => wish.pace = Pace::Quick,
            "--json" => wish.json = Some(words.next().ok_or_else(usage)?.into()),
            "--only" => {
                let name = words.next().filter(|name| names.contains(&name.as_str())).ok_or_else(usage)?;
                wish.only = Some(name.clone());
            }
            _ => return Err(usage()),
        }
    }
    Ok(wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_choose_the_pace_one_subject_and_a_file() {
        let words = |text: &str| read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let wish = |pace, only: Option<&str>| Wish { pace, only: only.map(str::to_owned), json: None };
        assert_eq!(words("").ok(), Some(wish(Pace::Full, None)));
        assert_eq!(words("--quick --only logs").ok(), Some(wish(Pace::Quick, Some("logs"))));
        assert_eq!(words("--json a").ok().and_then(|wish| wish.json), Some("a".into()));
        assert!(words("--only").is_err() && words("--only all").is_err() && words("quick").is_err());
    }
}

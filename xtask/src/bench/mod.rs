//! `cargo xtask bench`: minder and the originals side by side.
//!
//! ```text
//!  place ── folder, C programs, minder and the originals
//!    │
//!    ├─ start     start and stop of many      ┐
//!    ├─ restart   after kill -9               │ each starts a `station` (one `daemon` with one configuration), hears
//!    ├─ idle      cost, and XML-RPC answers   ├ its programs by `beacons`, asks, looks at its `cost` and its
//!    ├─ log_path  bytes through, against cat  │ `answers`, and compares with the `floor`: the least that can be done,
//!    ├─ storm     crashes without end         │ in C
//!    └─ circus    most of it for Circus       ┘
//!         └─▶ figures: rows of one table ─▶ report: docs/benchmarks.md
//! ```
//!
//! A program reports its own first moment (`beacon.c`), so nothing polls while a time is taken.

mod answers;
mod beacons;
mod circus;
mod cost;
mod daemon;
mod figures;
mod floor;
mod idle;
mod log_path;
mod place;
mod processes;
mod report;
mod restart;
mod start;
mod station;
mod storm;

use crate::step::Problem;
use figures::Row;
use place::{Pace, Place};

/// Measures one subject.
type Measure = fn(&Place) -> Result<Vec<Row>, Problem>;

/// What can be measured, by the name that `--only` takes.
const SUBJECTS: &[(&str, Measure)] = &[
    ("start", start::measure),
    ("restart", restart::measure),
    ("idle", idle::measure),
    ("logs", log_path::measure),
    ("storm", storm::measure),
    ("circus", circus::measure),
];

/// Measures, prints the table, and writes it to `docs/benchmarks.md` if it is whole.
///
/// # Errors
/// For words that it does not know, or when a measurement fails: then the others are still shown.
pub(crate) fn run(words: &[String]) -> Result<(), Problem> {
    let (pace, only) = read(words)?;
    let place = Place::new(pace)?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (name, measure) in
        SUBJECTS.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name))
    {
        println!("▶ {name}");
        match measure(&place) {
            Ok(more) => {
                print!("{}", figures::table(&more));
                rows.extend(more);
            }
            Err(problem) => {
                eprintln!("✘ {name}: {problem}");
                failed.push((*name).to_owned());
            }
        }
    }
    if only.is_none() {
        report::write(&rows, &failed, pace)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(Problem::Steps(failed)) }
}

fn read(words: &[String]) -> Result<(Pace, Option<String>), Problem> {
    let names: Vec<&str> = SUBJECTS.iter().map(|(name, _)| *name).collect();
    let usage = || Problem::Missing(format!("usage: bench [--quick] [--only {}]", names.join("|")));
    let (mut pace, mut only) = (Pace::Full, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => pace = Pace::Quick,
            "--only" => {
                let name = words.next().filter(|name| names.contains(&name.as_str())).ok_or_else(usage)?;
                only = Some(name.clone());
            }
            _ => return Err(usage()),
        }
    }
    Ok((pace, only))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_choose_the_pace_and_one_subject() {
        let words = |text: &str| read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(words("").ok(), Some((Pace::Full, None)));
        assert_eq!(words("--quick --only logs").ok(), Some((Pace::Quick, Some("logs".into()))));
        assert!(words("--only").is_err() && words("--only all").is_err() && words("quick").is_err());
    }
}

//! `cargo xtask chaos`: minder is killed, stopped, upgraded and asked, again and again, while programs keep a record of what
//! must not happen to them.
//!
//! ```text
//!  chance ─▶ deed ─▶ keeper, mind            traffic ─▶ getAllProcessInfo, startProcess, stopProcess
//!              └──▶ answers again after …
//!  writer, looper (C) ─▶ records, logs ─▶ tally: losses by kind; zero is the only passing figure
//! ```

mod chance;
mod deed;
mod station;
mod tally;
mod traffic;

use crate::step::Problem;
use crate::{step, workspace};
use chance::Chance;
use deed::Deed;
use serde_json::json;
use station::{LOOPERS, STEADY, Station};
use std::collections::BTreeMap;
use std::fs;
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tally::{Losses, Volume};
use traffic::Traffic;

const USAGE: &str = "cargo xtask chaos [--seconds N] [--seed N] [--only DEED] [--json]";
/// How long it lasts if nothing is said.
const SECONDS: u64 = 60;

/// What came of it.
#[derive(Debug)]
struct Outcome {
    seed: u64,
    losses: Losses,
    volume: Volume,
    /// By deed: how long until it answered, one entry a time.
    recovered: BTreeMap<Deed, Vec<Duration>>,
    calls: u64,
    calls_ended: u64,
}

/// Does it, and prints what was lost.
///
/// # Errors
/// For words that it does not know, when minder cannot be built or does not come back, or when anything was lost.
pub(crate) fn run(words: &[String]) -> Result<(), Problem> {
    let (mut seconds, mut seed, mut only, mut json) = (SECONDS, None, None, false);
    let misused = || {
        let deeds = Deed::ALL.map(Deed::name).join(", ");
        Problem::Failed("chaos".into(), format!("usage: {USAGE}\nDEED is one of {deeds}"))
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok());
        match word.as_str() {
            "--json" => json = true,
            "--only" => {
                let name = words.next().map_or("", String::as_str);
                only = Some(Deed::ALL.into_iter().find(|deed| deed.name() == name).ok_or_else(misused)?);
            }
            "--seconds" => {
                seconds = number().ok_or_else(misused)?;
            }
            "--seed" => {
                seed = Some(number().ok_or_else(misused)?);
            }
            _ => return Err(misused()),
        }
    }
    step::output(workspace::cargo().args(["build", "--package", "minder"]))?;
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    let outcome = go(Duration::from_secs(seconds), seed, only)?;
    if json {
        println!("{}", outcome.to_json());
    } else {
        outcome.print();
    }
    match outcome.losses.total() {
        0 => Ok(()),
        lost => Err(Problem::Failed("chaos".into(), format!("{lost} losses; again with --seed {seed}"))),
    }
}

fn go(duration: Duration, seed: u64, only: Option<Deed>) -> Result<Outcome, Problem> {
    let mut chance = Chance::of(seed);
    let mut station = Station::build()?;
    station.start()?;
    station.wait_until_answering()?;
    let mut losses = Losses::default();
    let mut recovered: BTreeMap<Deed, Vec<Duration>> = BTreeMap::new();
    let mut steady = Steady::look(&station)?;
    let mut traffic = Traffic::begin(&station, seed);
    let begun = Instant::now();
    while begun.elapsed() < duration {
        std::thread::sleep(Duration::from_millis(20 + chance.below(180)));
        let chosen = Deed::choose(&mut chance);
        let deed = only.unwrap_or(chosen);
        recovered.entry(deed).or_default().push(deed.carry_out(&mut station)?);
        if deed == Deed::Hangup {
            steady = Steady::look(&station)?;
        } else {
            losses.disturbed += steady.differences(&station)?;
        }
        if std::io::stderr().is_terminal() {
            let done: usize = recovered.values().map(Vec::len).sum();
            eprint!("\r{:>4} s, {done} deeds, {} losses ", begun.elapsed().as_secs(), losses.total());
        }
    }
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    let (calls, wishes) = traffic.end();
    losses.calls_without_end += calls.without_end;
    losses.wishes_forgotten += wishes.forgotten(&station)?;
    losses.not_restarted += stuck_loopers(&station);
    station.end()?;
    let volume = tally::count(&station, &mut losses);
    Ok(Outcome { seed, losses, volume, recovered, calls: calls.answered, calls_ended: calls.ended })
}

/// Programs that nobody touches: their pids.
struct Steady(Vec<u64>);

impl Steady {
    fn look(station: &Station) -> Result<Steady, Problem> {
        let begun = Instant::now();
        loop {
            let pids: Vec<u64> = (0..STEADY)
                .filter_map(|number| traffic::pid_of(station, &format!("steady{number}")))
                .collect();
            if pids.len() == STEADY && !pids.contains(&0) {
                return Ok(Steady(pids));
            }
            if begun.elapsed() > station::PATIENCE {
                return Err(Problem::Failed("minder".into(), station.last_words()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn differences(&self, station: &Station) -> Result<u64, Problem> {
        let now = Steady::look(station)?;
        Ok(self.0.iter().zip(now.0).filter(|(before, now)| **before != *now).count() as u64)
    }
}

/// Programs that should begin again all the time, and do not.
fn stuck_loopers(station: &Station) -> u64 {
    let lengths = || -> Vec<u64> {
        let length = |number| {
            fs::metadata(station.path(&format!("looper{number}.record"))).map_or(0, |found| found.len())
        };
        (0..LOOPERS).map(length).collect()
    };
    let before = lengths();
    let begun = Instant::now();
    loop {
        let stuck = before.iter().zip(lengths()).filter(|(before, now)| **before + 2 > *now).count();
        if stuck == 0 || begun.elapsed() > station::PATIENCE {
            return stuck as u64;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Outcome {
    fn print(&self) {
        println!("seed {}", self.seed);
        println!(
            "{} log lines, {} exits, {} calls answered, {} ended without an answer, {} lines repeated where that may be\n",
            self.volume.lines, self.volume.exits, self.calls, self.calls_ended, self.volume.repeats_allowed
        );
        println!("{:<32} {:>6} {:>9} {:>9} {:>9}", "deed", "times", "p50", "p99", "slowest");
        for deed in Deed::ALL {
            let Some((middle, high, slowest)) = self.recovered.get(&deed).map(|times| quantiles(times))
            else {
                continue;
            };
            let times = self.recovered.get(&deed).map_or(0, Vec::len);
            println!(
                "{:<32} {times:>6} {:>9} {:>9} {:>9}",
                deed.words(),
                shown(middle),
                shown(high),
                shown(slowest)
            );
        }
        println!();
        for (kind, count) in self.losses.rows() {
            println!("{kind:<32} {count:>6}");
        }
    }

    fn to_json(&self) -> serde_json::Value {
        let deeds: serde_json::Map<String, serde_json::Value> = self
            .recovered
            .iter()
            .map(|(deed, times)| {
                let (middle, high, slowest) = quantiles(times);
                let ms = |time: Duration| time.as_secs_f64() * 1e3;
                let value = json!({ "times": times.len(), "p50_ms": ms(middle), "p99_ms": ms(high), "slowest_ms": ms(slowest) });
                (deed.words().to_owned(), value)
            })
            .collect();
        let losses: serde_json::Map<String, serde_json::Value> =
            self.losses.rows().iter().map(|(kind, count)| ((*kind).to_owned(), json!(count))).collect();
        json!({
            "seed": self.seed, "lines": self.volume.lines, "exits": self.volume.exits, "calls": self.calls,
            "calls_ended": self.calls_ended, "deeds": deeds, "losses": losses,
        })
    }
}

fn quantiles(times: &[Duration]) -> (Duration, Duration, Duration) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = |part: usize| sorted.get((sorted.len() * part / 100).min(sorted.len().saturating_sub(1)));
    let some = |time: Option<&Duration>| time.copied().unwrap_or_default();
    (some(at(50)), some(at(99)), some(sorted.last()))
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short form of it. Where the tests run minder has been built.
    #[test]
    fn ten_seconds_of_it_lose_nothing() {
        if !workspace::target().join("debug/minder").exists() {
            return;
        }
        let outcome = go(Duration::from_secs(10), u64::from(std::process::id()), None).unwrap();
        assert_eq!(outcome.losses, Losses::default(), "{outcome:?}");
        assert!(outcome.volume.lines > 0 && outcome.volume.exits > 0 && outcome.calls > 0, "{outcome:?}");
    }
}

//! What was lost, counted from what the programs themselves have kept.

use super::station::{LOOPERS, Log, Station, WRITERS};
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// How long processes may take to be gone after the end.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// Losses by kind; zero is the only passing figure.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Losses {
    /// Lines that were written and are in no log.
    pub(super) lines_lost: u64,
    /// Lines that came twice, in logs that are not looked at on their way.
    pub(super) lines_repeated: u64,
    /// Lines behind a later one of the same life.
    pub(super) lines_reordered: u64,
    /// Programs of which two ran at once.
    pub(super) run_twice: u64,
    /// Programs that ended and were not started again.
    pub(super) not_restarted: u64,
    /// Programs that were started anew without having ended, or that ended without being asked to.
    pub(super) disturbed: u64,
    /// Wishes that were forgotten: stopped programs that ran, started ones that did not.
    pub(super) wishes_forgotten: u64,
    /// Calls that got neither an answer nor an end.
    pub(super) calls_without_end: u64,
    /// Processes that outlived the end.
    pub(super) left_behind: u64,
}

impl Losses {
    pub(super) fn rows(&self) -> [(&'static str, u64); 9] {
        [
            ("log lines lost", self.lines_lost),
            ("log lines repeated", self.lines_repeated),
            ("log lines out of order", self.lines_reordered),
            ("programs that ran twice", self.run_twice),
            ("exits that no restart followed", self.not_restarted),
            ("programs disturbed", self.disturbed),
            ("wishes forgotten", self.wishes_forgotten),
            ("calls without answer or end", self.calls_without_end),
            ("processes left behind", self.left_behind),
        ]
    }

    pub(super) fn total(&self) -> u64 {
        self.rows().iter().map(|(_, count)| count).sum()
    }
}

/// What there was to lose.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) lines: u64,
    pub(super) exits: u64,
    /// Of the logs that are looked at, where a kill may repeat a piece.
    pub(super) repeats_allowed: u64,
}

/// Counts, when everything has ended.
pub(super) fn count(station: &Station, losses: &mut Losses) -> Volume {
    let mut volume = Volume::default();
    for number in 0..WRITERS {
        count_lines(station, number, losses, &mut volume);
    }
    for number in 0..LOOPERS {
        let kept = |end: &str| fs::read(station.path(&format!("looper{number}.{end}"))).unwrap_or_default();
        losses.run_twice += kept("twice").len() as u64;
        volume.exits += kept("record").iter().filter(|byte| **byte == b'-').count() as u64;
    }
    let begun = Instant::now();
    // The pidfile goes a moment before its process.
    while !station.survivors().is_empty() && begun.elapsed() < LAST_MOMENTS {
        std::thread::sleep(Duration::from_millis(5));
    }
    losses.left_behind += station.survivors().len() as u64;
    volume
}

fn count_lines(station: &Station, number: usize, losses: &mut Losses, volume: &mut Volume) {
    let name = format!("writer{number}");
    // By life: which number comes next.
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    let (mut lost, mut repeated, mut reordered) = (0, 0, 0);
    for line in logged(station, &name).lines() {
        let Some((life, at)) =
            line.split_once(' ').and_then(|(a, b)| Some((a.parse().ok()?, b.parse::<u64>().ok()?)))
        else {
            reordered += 1;
            continue;
        };
        volume.lines += 1;
        let next = next.entry(life).or_default();
        if at >= *next {
            lost += at - *next;
            *next = at + 1;
        } else if at + 1 == *next {
            repeated += 1;
        } else if Log::of_writer(number) == Log::LookedAt {
            // A piece that comes again begins somewhere before.
            repeated += 1;
        } else {
            reordered += 1;
        }
    }
    let lives = fs::metadata(station.path(&format!("{name}.lives"))).map_or(0, |found| found.len());
    for life in 1..=lives {
        let said = fs::read_to_string(station.path(&format!("{name}.said.{life}"))).unwrap_or_default();
        let written = said.trim().parse::<u64>().map_or(0, |last| last + 1);
        lost += written.saturating_sub(next.get(&life).copied().unwrap_or(0));
    }
    losses.lines_lost += lost;
    losses.lines_reordered += reordered;
    match Log::of_writer(number) {
        Log::LookedAt => volume.repeats_allowed += repeated,
        Log::Rotated | Log::Whole => losses.lines_repeated += repeated,
    }
}

/// All that is in a log and its backups, oldest first.
fn logged(station: &Station, name: &str) -> String {
    let mut backups: Vec<(u64, std::path::PathBuf)> = fs::read_dir(station.folder())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let number = file.strip_prefix(&format!("{name}.log."))?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.0));
    backups.push((0, station.path(&format!("{name}.log"))));
    backups.iter().map(|(_, path)| fs::read_to_string(path).unwrap_or_default()).collect()
}

//! How fast programs can talk, and what that costs: through the supervisor into rotated files, against `cat > file`.

use super::beacons::{Beacons, named_pipe};
use super::figures::{Better, Cell, Row, Samples};
use super::peers::{Logs, Peer, Subject, Work};
use super::place::Place;
use super::processes::{self, Usage};
use super::team::{Member, cells, team};
use crate::step::Problem;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const WRITERS: [usize; 2] = [1, 100];
/// What Supervisor has by default, in bytes. Rotating much more often measures how fast the file system makes and removes files,
/// and on ext4 mostly how many were removed in the minute before.
const ROTATED_AT: u64 = 50 << 20;

/// Megabytes a second, and seconds of processor time a gigabyte.
#[derive(Debug, Default)]
struct Figures {
    speed: Samples,
    cost: Samples,
}

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for writers in WRITERS {
        let mut cat = Figures::default();
        let mut team = team::<Figures>(place, Subject::Logs(writers));
        // The first round is the warm-up, of those who can be had for less than seconds.
        for round in 0..=place.pace.choose(1, 3) {
            let take = |figures: &mut Figures, (speed, cost): (f64, f64), warm: bool| {
                if warm {
                    figures.speed.push(speed);
                    figures.cost.push(cost);
                }
            };
            take(&mut cat, through_cat(place, writers)?, round > 0);
            for member in &mut team {
                let slow = member.peer.is_slow();
                if !slow || (1..=2).contains(&round) {
                    member.take(|peer, figures| {
                        take(figures, through(place, peer, writers)?, round > 0);
                        Ok(())
                    });
                }
            }
        }
        rows.extend(rows_of(writers, &cat, &team));
    }
    Ok(rows)
}

fn rows_of(writers: usize, cat: &Figures, team: &[Member<'_, Figures>]) -> [Row; 2] {
    let who = if writers == 1 { "1 writer".to_owned() } else { format!("{writers} writers") };
    let speed = |figures: &Figures| Cell::spread(&figures.speed, "MB/s");
    let cost = |figures: &Figures| Cell::middle(&figures.cost, " s/GB");
    [
        Row::new(format!("log path, {who}"), Better::More, cells(team, speed)).over(speed(cat)).within(0.95),
        Row::new(format!("log path, {who}: CPU"), Better::Less, cells(team, cost))
            .over(cost(cat))
            .within(1.0),
    ]
}

/// Where writers wait and report.
struct Stage {
    gate_path: PathBuf,
    gate: File,
    reports: Beacons,
    writers: usize,
    /// Of all together.
    bytes: u64,
}

impl Stage {
    fn new(place: &Place, writers: usize) -> Result<Self, Problem> {
        let gate_path = place.fresh_path();
        let gate = named_pipe(&gate_path)?;
        let megabytes: u64 = place.pace.choose(256, 512);
        Ok(Self { gate_path, gate, reports: place.beacons()?, writers, bytes: megabytes * 1_000_000 })
    }

    fn words(&self, place: &Place) -> [String; 4] {
        let path = |path: &Path| path.display().to_string();
        let share = (self.bytes / self.writers as u64).to_string();
        [path(&place.program("writer")), path(&self.gate_path), path(self.reports.path()), share]
    }

    /// Lets all writers go; gives the speed, and the cost of these processes.
    fn go(&mut self, pids: &dyn Fn() -> Vec<i32>, whose: &str) -> Result<(f64, f64), Problem> {
        let count = self.writers;
        self.reports.take(count, whose)?;
        let pids = pids();
        let before = Usage::of(&pids);
        let tokens = vec![b'.'; count];
        self.gate.write_all(&tokens).map_err(|error| Problem::File("the gate".into(), error))?;
        let reports = self.reports.take(count, whose)?;
        let used = Usage::of(&pids).since(before);
        let begin = reports.iter().map(|report| report.0).min().unwrap_or(0);
        let end = reports.iter().map(|report| report.1).max().unwrap_or(0);
        let seconds = (end - begin) as f64 / 1e9;
        Ok((self.bytes as f64 / 1e6 / seconds, used.cpu.as_secs_f64() / (self.bytes as f64 / 1e9)))
    }
}

fn through(place: &Place, peer: &dyn Peer, writers: usize) -> Result<(f64, f64), Problem> {
    let mut stage = Stage::new(place, writers)?;
    let work = Work { command: stage.words(place).into(), count: writers, logs: Logs::Rotated(ROTATED_AT) };
    let mut running = peer.start(place, &place.fresh_folder()?, &work)?;
    let daemon = running.daemon();
    stage.go(&|| daemon.own_pids(), peer.name())
}

fn through_cat(place: &Place, writers: usize) -> Result<(f64, f64), Problem> {
    let mut stage = Stage::new(place, writers)?;
    let home = place.fresh_folder()?;
    let [program, words @ ..] = stage.words(place);
    let mut running = Running::default();
    let not_started = |error| Problem::NotStarted("cat".into(), error);
    for number in 0..writers {
        let (ours, theirs) = std::io::pipe().map_err(not_started)?;
        let file = File::create(home.join(number.to_string())).map_err(not_started)?;
        let cat = Command::new("cat").stdin(ours).stdout(file).spawn().map_err(not_started)?;
        running.cats.push(cat);
        let writer = Command::new(&program).args(&words).stdin(Stdio::null()).stdout(theirs).spawn();
        running.writers.push(writer.map_err(not_started)?);
    }
    let cats: Vec<i32> = running.cats.iter().map(|cat| cat.id().cast_signed()).collect();
    let figures = stage.go(&|| cats.clone(), "cat")?;
    drop(running);
    let _ = std::fs::remove_dir_all(home);
    Ok(figures)
}

/// Ends with this value.
#[derive(Debug, Default)]
struct Running {
    writers: Vec<Child>,
    cats: Vec<Child>,
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in self.writers.iter_mut().chain(&mut self.cats) {
            processes::signal(child.id().cast_signed(), rustix::process::Signal::KILL);
            let _ = child.wait();
        }
    }
}

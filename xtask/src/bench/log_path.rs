//! How fast programs can talk, and what that costs: through the supervisor into rotated files, against `cat > file`.

use super::beacons::{Beacons, named_pipe};
use super::daemon::{Original, SIDES, Side};
use super::figures::{Row, Samples, Verdict, ratio, short, times};
use super::place::Place;
use super::processes::{self, Usage};
use super::station::Station;
use crate::step::Problem;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const WRITERS: [u64; 2] = [1, 100];

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
        let [mut cat, mut supervisor, mut minder] =
            [Figures::default(), Figures::default(), Figures::default()];
        // The first round is the warm-up.
        for round in 0..=place.pace.choose(2, 5) {
            if round > 1 && !place.has_time() {
                break;
            }
            let take = |figures: &mut Figures, (speed, cost): (f64, f64)| {
                if round > 0 {
                    figures.speed.push(speed);
                    figures.cost.push(cost);
                }
            };
            take(&mut cat, through_cat(place, writers)?);
            for side in SIDES {
                let figures = match side {
                    Side::Original => &mut supervisor,
                    Side::Minder => &mut minder,
                };
                take(figures, through(place, side, writers)?);
            }
        }
        rows.extend(rows_of(writers, &cat, &supervisor, &minder));
    }
    Ok(rows)
}

fn rows_of(writers: u64, cat: &Figures, supervisor: &Figures, minder: &Figures) -> [Row; 2] {
    let speed = times(&minder.speed, &cat.speed);
    let cost = times(&minder.cost, &cat.cost);
    let who = if writers == 1 { "1 writer".to_owned() } else { format!("{writers} writers") };
    let per_gigabyte =
        |samples: &Samples| samples.median().map_or_else(String::new, |cost| format!("{} s/GB", short(cost)));
    [
        Row {
            of: Original::Supervisor,
            what: format!("log path, {who}"),
            floor: cat.speed.spread("MB/s"),
            original: supervisor.speed.spread("MB/s"),
            minder: minder.speed.spread("MB/s"),
            ratio: ratio(speed),
            budget: "≥ 0.95 ×".into(),
            verdict: Verdict::at_least(speed, 0.95),
        },
        Row {
            of: Original::Supervisor,
            what: format!("log path, {who}: CPU"),
            floor: per_gigabyte(&cat.cost),
            original: per_gigabyte(&supervisor.cost),
            minder: per_gigabyte(&minder.cost),
            ratio: ratio(cost),
            budget: "< 1 ×".into(),
            verdict: Verdict::at_most(cost, 1.0),
        },
    ]
}

/// Where writers wait and report.
struct Stage {
    gate_path: PathBuf,
    gate: File,
    reports: Beacons,
    writers: u64,
    /// Of all together.
    bytes: u64,
}

impl Stage {
    fn new(place: &Place, writers: u64) -> Result<Self, Problem> {
        let gate_path = place.fresh_path();
        let gate = named_pipe(&gate_path)?;
        let megabytes: u64 = place.pace.choose(256, 512);
        Ok(Self { gate_path, gate, reports: place.beacons()?, writers, bytes: megabytes * 1_000_000 })
    }

    fn words(&self, place: &Place) -> [String; 4] {
        let path = |path: &Path| path.display().to_string();
        let share = (self.bytes / self.writers).to_string();
        [path(&place.program("writer")), path(&self.gate_path), path(self.reports.path()), share]
    }

    /// Lets all writers go; gives the speed, and the cost of these processes.
    fn go(&mut self, pids: &dyn Fn() -> Vec<i32>, whose: &str) -> Result<(f64, f64), Problem> {
        let count = usize::try_from(self.writers).unwrap_or(usize::MAX);
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

fn through(place: &Place, side: Side, writers: u64) -> Result<(f64, f64), Problem> {
    let mut stage = Stage::new(place, writers)?;
    // Every file is rotated: often enough to count, and not so often that it is all that counts.
    let size = stage.bytes / writers / 4;
    let programs = format!(
        "[program:load]\ncommand={}\nprocess_name=%(process_num)d\nnumprocs={writers}\nstartsecs=0\n\
         stdout_logfile_maxbytes={size}\nstdout_logfile_backups=2\nstderr_logfile=NONE\n",
        stage.words(place).join(" "),
    );
    let station = Station::start(place, side, &programs)?;
    stage.go(&|| station.daemon.own_pids(), side.name())
}

fn through_cat(place: &Place, writers: u64) -> Result<(f64, f64), Problem> {
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

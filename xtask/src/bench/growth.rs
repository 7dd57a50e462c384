//! What one program more costs minder, from ten of them to two thousand: a cost that does not grow is a flat line.

use super::figures::{Better, Cell, Row, Samples, Verdict, short};
use super::peers::{MINDER, Peer, Running, Subject};
use super::place::Place;
use super::processes::pss_kib;
use super::start::{self, staying};
use crate::step::Problem;
use std::time::{Duration, Instant};

/// How many programs.
const COUNTS: [usize; 6] = [10, 30, 100, 300, 1000, 2000];
/// How many times the cost for each of a hundred the cost for each of two thousand may be, where the floor is flat; where the
/// kernel's own costs grow with the number of processes, so many times what the floor has grown.
const FLAT: f64 = 1.2;

/// The costs of one program, each with the number of programs that there were.
#[derive(Debug, Default, Clone)]
pub(super) struct Curve {
    pub(super) what: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// Measures; the rows are one for a cost, the curves are for the chart.
pub(super) fn measure(place: &Place) -> Result<(Vec<Row>, Vec<Curve>), Problem> {
    let names =
        ["start, µs", "stop, µs", "state of all, µs", "memory, KB", "start: floor, µs", "stop: floor, µs"];
    let mut curves = names.map(|what| Curve { what, points: Vec::new() });
    let Some(minder) = place.peers.iter().find(|peer| peer.name() == MINDER) else {
        return Ok(Default::default());
    };
    let mut base = None;
    for count in COUNTS {
        let (mut figures, mut floor) = (start::Figures::default(), start::Figures::default());
        for _ in 0..place.pace.choose(1, 2) {
            start::life(place, minder.as_ref(), count, &mut figures, &mut floor)?;
        }
        let (memory, answers) = quiet(place, minder.as_ref(), count)?;
        let each = |samples: &Samples| samples.median().map(|ms| ms * 1000.0 / count as f64);
        // Of what is there without any program as little as can be known goes into the cost of one.
        let empty = *base.get_or_insert(memory);
        let memory = (count > COUNTS[0]).then(|| (memory - empty) / (count - COUNTS[0]) as f64);
        let costs = [
            each(&figures.warm),
            each(&figures.stop),
            each(&answers),
            memory,
            each(&floor.warm),
            each(&floor.stop),
        ];
        for (curve, cost) in curves.iter_mut().zip(costs) {
            curve.points.extend(cost.map(|cost| (count as f64, cost)));
        }
    }
    let rows = curves.iter().map(|curve| row(curve, &curves)).collect();
    Ok((rows, curves.into()))
}

/// KB of memory, and how long answers about all take, once the start is over.
fn quiet(place: &Place, minder: &dyn Peer, count: usize) -> Result<(f64, Samples), Problem> {
    debug_assert!(minder.refuses(Subject::Start(count)).is_none());
    let mut beacons = place.beacons()?;
    let mut running = minder.start(place, &place.fresh_folder()?, &staying(place, count, &beacons))?;
    beacons.take(count, MINDER)?;
    running.ready()?;
    let mut answers = Samples::default();
    for _ in 0..place.pace.choose(20, 60) {
        let began = Instant::now();
        answer(running.as_mut())?;
        answers.push_ms(began.elapsed());
    }
    // By then minder has given back what only the start needed.
    std::thread::sleep(Duration::from_secs(6));
    let memory = running.daemon().own_pids().into_iter().map(pss_kib).sum();
    Ok((memory, answers))
}

fn answer(running: &mut dyn Running) -> Result<(), Problem> {
    running.states().unwrap_or_else(|| Err(Problem::Missing("minder has no states".into()))).map(drop)
}

/// How many times the cost at a hundred the cost at two thousand is.
fn growth(curve: &Curve) -> Option<f64> {
    let at = |wanted: f64| {
        curve.points.iter().find(|(count, _)| (*count - wanted).abs() < 0.5).map(|(_, cost)| *cost)
    };
    at(2000.0).zip(at(100.0)).map(|(many, few)| many / few)
}

fn row(curve: &Curve, all: &[Curve]) -> Row {
    let floor = all.iter().find(|floor| {
        let what = floor.what.strip_suffix(": floor, µs");
        what.is_some_and(|what| curve.what.strip_prefix(what) == Some(", µs"))
    });
    let bound = FLAT * floor.and_then(growth).unwrap_or(1.0).max(1.0);
    let growth = growth(curve);
    let text: Vec<String> =
        curve.points.iter().map(|(count, cost)| format!("{count}: {}", short(*cost))).collect();
    let row = Row::new(
        format!("growth, each program: {}", curve.what),
        Better::Less,
        vec![(MINDER, Cell::of(growth, text.join(", ")))],
    );
    if curve.what.contains("floor") {
        row
    } else {
        row.promised(&format!("at 2000 ≤ {} × at 100", short(bound)), Verdict::at_most(growth, bound))
    }
}

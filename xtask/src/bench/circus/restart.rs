//! How long a process is away that was killed: from the signal to the first moment of its successor.
//!
//! Both daemons slow down those that end again and again, so every victim has lived for longer than the time between two
//! passes: a watcher has many processes, and the next victim is always the oldest. The original replaces nobody before its
//! next pass, and how long that is depends on the moment of the kill; so its kills are spread evenly over that time.

use super::load;
use super::station::{CHECK_DELAY, Station};
use crate::bench::beacons::{Beacons, Moment, Record};
use crate::bench::daemon::{Original, Side};
use crate::bench::figures::{Row, Samples, Verdict, ratio, times};
use crate::bench::floor::Floor;
use crate::bench::place::Place;
use crate::bench::processes;
use crate::step::Problem;
use rustix::process::Signal;
use std::collections::VecDeque;
use std::time::Duration;

/// How many processes the watcher has.
const PROCESSES: usize = 50;
/// After a kill, so that all that follows a start is over.
const PAUSE: Duration = Duration::from_millis(3);
/// How much longer than a pass a victim has lived.
const MARGIN: Duration = Duration::from_millis(100);

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Row, Problem> {
    let mut figures = [Samples::default(), Samples::default(), Samples::default()];
    let kills = place.pace.choose(100, 500);
    let [floor, original, minder] = &mut figures;
    let mut beacons = place.beacons()?;
    let running = Floor::again(place, PROCESSES, &beacons, "stay")?;
    kill(&mut beacons, "floor", kills, |_| PAUSE, floor)?;
    drop(running);
    let few: u32 = place.pace.choose(4, 10);
    let spread = |kill| CHECK_DELAY * (2 * kill + 1) / (2 * few);
    under(place, Side::Original, few, spread, original)?;
    under(place, Side::Minder, kills, |_| PAUSE, minder)?;
    Ok(Row {
        of: Original::Circus,
        what: "restart after kill -9".into(),
        floor: floor.tail("ms"),
        original: original.tail("ms"),
        minder: minder.tail("ms"),
        ratio: ratio(times(minder, floor)),
        budget: "p50 ≤ 1 ms, p99 ≤ 2 ms".into(),
        verdict: Verdict::at_most(minder.median(), 1.0).and(Verdict::at_most(minder.percentile(99), 2.0)),
    })
}

fn under(
    place: &Place,
    side: Side,
    kills: u32,
    pause: impl Fn(u32) -> Duration,
    samples: &mut Samples,
) -> Result<(), Problem> {
    let mut beacons = place.beacons()?;
    let mut station = Station::start(place, side, &load::watcher(place, PROCESSES, &beacons))?;
    station.client()?;
    kill(&mut beacons, side.name(), kills, pause, samples)?;
    // The original does not obey a signal that comes while it replaces somebody.
    station.client().map(drop)
}

/// Kills the oldest again and again, with a pause before each that depends on how many there were.
fn kill(
    beacons: &mut Beacons,
    whose: &str,
    kills: u32,
    pause: impl Fn(u32) -> Duration,
    samples: &mut Samples,
) -> Result<(), Problem> {
    let mut living: VecDeque<Record> = beacons.take(PROCESSES, whose)?.into();
    // The first few are the warm-up.
    let warm_up = if kills > 50 { 10 } else { 0 };
    for kill in 0..kills + warm_up {
        let Some(victim) = living.pop_front() else { break };
        std::thread::sleep(pause(kill));
        let age = Moment::now().since(victim.moment());
        std::thread::sleep((CHECK_DELAY + MARGIN).saturating_sub(age));
        let began = Moment::now();
        processes::signal(victim.pid().unwrap_or(0), Signal::KILL);
        let successors = beacons.take(1, whose)?;
        if kill >= warm_up {
            successors.iter().for_each(|record| samples.push_ms(record.moment().since(began)));
        }
        living.extend(successors);
    }
    Ok(())
}

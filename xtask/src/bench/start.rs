//! How long it takes to start and to stop many programs, against a loop of `posix_spawn` and one of `kill` and `wait`.

use super::beacons::{Beacons, Moment};
use super::figures::{Row, Samples, Verdict, ratio, times};
use super::floor::Floor;
use super::place::{Pace, Place};
use super::rpc::Client;
use super::station::{SIDES, Side, Station};
use crate::step::Problem;
use std::time::Instant;

/// How many programs.
const COUNTS: [usize; 3] = [10, 100, 1000];
const BUDGET: f64 = 1.2;

/// What one side, or the floor, took.
#[derive(Debug, Default)]
struct Figures {
    /// From the start of the supervisor itself to the first moment of the last program.
    cold: Samples,
    /// From one request to the first moment of the last program.
    warm: Samples,
    /// From one request to the answer that all have stopped.
    stop: Samples,
}

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for count in COUNTS {
        let mut beacons = place.beacons()?;
        let mut floor = Figures::default();
        let [mut supervisor, mut minder] = [Figures::default(), Figures::default()];
        for round in 0..place.pace.choose(2, 4) {
            take_floor(place, count, &mut beacons, &mut floor)?;
            for side in SIDES {
                let figures = match side {
                    // It takes seconds where the others take milliseconds.
                    Side::Supervisor
                        if round >= supervisor_rounds(place.pace, count) || !place.has_time() =>
                    {
                        continue;
                    }
                    Side::Supervisor => &mut supervisor,
                    Side::Minder => &mut minder,
                };
                life(place, side, count, &mut beacons, figures, &mut floor)?;
            }
        }
        starts.push(row(
            format!("start {count}, with the supervisor itself"),
            [&floor.warm, &supervisor.cold, &minder.cold],
            None,
        ));
        starts.push(row(
            format!("start {count} by one request"),
            [&floor.warm, &supervisor.warm, &minder.warm],
            Some(BUDGET),
        ));
        stops.push(row(format!("stop {count}"), [&floor.stop, &supervisor.stop, &minder.stop], Some(BUDGET)));
    }
    starts.extend(stops);
    Ok(starts)
}

/// A thousand programs take it most of a minute.
fn supervisor_rounds(pace: Pace, count: usize) -> usize {
    match (pace, count > 100) {
        (Pace::Quick, true) => 0,
        (Pace::Quick, false) | (Pace::Full, true) => 1,
        (Pace::Full, false) => 2,
    }
}

fn row(what: String, [floor, supervisor, minder]: [&Samples; 3], budget: Option<f64>) -> Row {
    let factor = times(minder, floor);
    Row {
        what,
        floor: floor.spread("ms"),
        supervisor: supervisor.spread("ms"),
        minder: minder.spread("ms"),
        ratio: ratio(factor),
        budget: budget.map_or_else(String::new, |budget| format!("≤ {budget} ×")),
        verdict: budget.map_or(Verdict::Open, |budget| Verdict::at_most(factor, budget)),
    }
}

fn take_floor(
    place: &Place,
    count: usize,
    beacons: &mut Beacons,
    floor: &mut Figures,
) -> Result<(), Problem> {
    let (started, stopped) = Floor::once(place, count, beacons)?;
    floor.warm.push_ms(started);
    floor.stop.push_ms(stopped);
    Ok(())
}

/// Starts a supervisor with its programs, then stops and starts these by requests.
fn life(
    place: &Place,
    side: Side,
    count: usize,
    beacons: &mut Beacons,
    figures: &mut Figures,
    floor: &mut Figures,
) -> Result<(), Problem> {
    let mut station = Station::start(place, side, &programs(place, count, beacons))?;
    figures.cold.push_ms(beacons.last_of(count, station.begun, side.name())?);
    let mut client = station.client()?;
    let cycles = match side {
        Side::Supervisor => 1,
        Side::Minder => place.pace.choose(2, 3),
    };
    for cycle in 0..=cycles {
        let began = Instant::now();
        client.call("supervisor.stopProcessGroup", "<param><value><string>load</string></value></param>")?;
        let stopped = began.elapsed();
        let started = start_all(&mut client, count, beacons, side)?;
        // The first of each is the warm-up, where that does not take minutes.
        if cycle > 0 || side == Side::Supervisor {
            figures.stop.push_ms(stopped);
            figures.warm.push_ms(started);
        }
        if side == Side::Supervisor {
            break;
        }
        // Beside each other, so that both see the same machine.
        take_floor(place, count, beacons, floor)?;
    }
    Ok(())
}

fn start_all(
    client: &mut Client,
    count: usize,
    beacons: &mut Beacons,
    side: Side,
) -> Result<std::time::Duration, Problem> {
    let began = Moment::now();
    client.call(
        "supervisor.startProcessGroup",
        "<param><value><string>load</string></value></param><param><value><boolean>0</boolean></value></param>",
    )?;
    beacons.last_of(count, began, side.name())
}

fn programs(place: &Place, count: usize, beacons: &Beacons) -> String {
    format!(
        "[program:load]\ncommand={} {} stay\nprocess_name=%(process_num)d\nnumprocs={count}\nstartsecs=0\n\
         stdout_logfile=NONE\nstderr_logfile=NONE\n",
        place.program("beacon").display(),
        beacons.path().display()
    )
}

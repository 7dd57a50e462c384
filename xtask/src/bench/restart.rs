//! How long a program is away that was killed: from the signal to the first moment of its successor.

use super::beacons::{Beacons, Moment};
use super::daemon::{Original, Side};
use super::figures::{Row, Samples, Verdict, ratio, times};
use super::floor::Floor;
use super::place::Place;
use super::processes;
use super::station::Station;
use crate::step::Problem;
use rustix::process::Signal;
use std::time::Duration;

/// Before the next kill, so that all that follows a start is over.
const PAUSE: Duration = Duration::from_millis(3);

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut figures = [Samples::default(), Samples::default(), Samples::default()];
    let kills = place.pace.choose(100, 250);
    // Twice each, in turn, so that a disturbance of seconds does not fall on one of them alone.
    for _ in 0..2 {
        let mut beacons = place.beacons()?;
        let _floor = Floor::again(place, 1, &beacons, "stay")?;
        kill_again_and_again(&mut beacons, kills, "floor", &mut figures[0])?;
        drop(_floor);
        // A second each.
        under(place, Side::Original, place.pace.choose(4, 10), &mut figures[1])?;
        under(place, Side::Minder, kills, &mut figures[2])?;
    }
    let [floor, supervisor, minder] = figures;
    Ok(vec![Row {
        of: Original::Supervisor,
        what: "restart after kill -9".into(),
        floor: floor.tail("ms"),
        original: supervisor.tail("ms"),
        minder: minder.tail("ms"),
        ratio: ratio(times(&minder, &floor)),
        budget: "p50 ≤ 1 ms, p99 ≤ 2 ms".into(),
        verdict: Verdict::at_most(minder.median(), 1.0).and(Verdict::at_most(minder.percentile(99), 2.0)),
    }])
}

fn under(place: &Place, side: Side, kills: usize, samples: &mut Samples) -> Result<(), Problem> {
    let mut beacons = place.beacons()?;
    let program = format!(
        "[program:victim]\ncommand={} {} stay\nstartsecs=0\nautorestart=true\nstdout_logfile=NONE\n\
         stderr_logfile=NONE\n",
        place.program("beacon").display(),
        beacons.path().display()
    );
    let _station = Station::start(place, side, &program)?;
    kill_again_and_again(&mut beacons, kills, side.name(), samples)
}

fn kill_again_and_again(
    beacons: &mut Beacons,
    kills: usize,
    whose: &str,
    samples: &mut Samples,
) -> Result<(), Problem> {
    // The first few are the warm-up.
    let warm_up = if kills > 50 { 10 } else { 0 };
    for kill in 0..=kills + warm_up {
        let victim = beacons.take(1, whose)?.first().and_then(|record| record.pid()).unwrap_or(0);
        if kill == kills + warm_up {
            break;
        }
        std::thread::sleep(PAUSE);
        let began = Moment::now();
        processes::signal(victim, Signal::KILL);
        // Looked at twice: once for the time, once more as the next victim.
        let successor = beacons.take(1, whose)?;
        if let Some(record) = successor.first() {
            if kill >= warm_up {
                samples.push_ms(record.moment().since(began));
            }
            beacons.put_back(*record);
        }
    }
    Ok(())
}

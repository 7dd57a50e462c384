//! How long a graceful reload takes: as many new processes are started, then the old ones are ended.

use super::load::{self, and_wait};
use super::station::Station;
use crate::bench::daemon::{Original, SIDES, Side};
use crate::bench::figures::{Row, Samples, Verdict, ratio, times};
use crate::bench::floor::Floor;
use crate::bench::place::Place;
use crate::step::Problem;
use std::time::Instant;

/// How many processes the watcher has.
const PROCESSES: usize = 10;

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Row, Problem> {
    let [mut floor, mut original, mut minder] = [Samples::default(), Samples::default(), Samples::default()];
    let mut beacons = place.beacons()?;
    for _ in 0..place.pace.choose(10, 30) {
        let (started, stopped) = Floor::once(place, PROCESSES, &mut beacons)?;
        floor.push_ms(started + stopped);
    }
    for side in SIDES {
        let (samples, reloads) = match side {
            Side::Original => (&mut original, place.pace.choose(3, 10)),
            Side::Minder => (&mut minder, place.pace.choose(20, 100)),
        };
        let mut station = Station::start(place, side, &load::watcher(place, PROCESSES, &beacons))?;
        let mut client = station.client()?;
        beacons.take(PROCESSES, side.name())?;
        // The first is the warm-up.
        for reload in 0..=reloads {
            let began = Instant::now();
            client.call("reload", &and_wait())?;
            let took = began.elapsed();
            beacons.take(PROCESSES, side.name())?;
            if reload > 0 {
                samples.push_ms(took);
            }
        }
    }
    Ok(Row {
        of: Original::Circus,
        what: format!("graceful reload of {PROCESSES}"),
        floor: floor.spread("ms"),
        original: original.spread("ms"),
        minder: minder.spread("ms"),
        ratio: ratio(times(&minder, &floor)),
        budget: String::new(),
        verdict: Verdict::Open,
    })
}

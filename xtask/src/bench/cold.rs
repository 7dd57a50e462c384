//! How big the program is, and how soon after its start its first child runs.
//!
//! The files are in the page cache: what is measured is the supervisor and not the disk.

use super::figures::{Better, Cell, Row, Samples, Verdict, short};
use super::floor::Floor;
use super::peers::{MINDER, Subject};
use super::place::Place;
use super::start::staying;
use super::team::{cells, team};
use crate::step::Problem;
use std::fs;

/// Milliseconds.
const BUDGET: f64 = 15.0;

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut floor = Samples::default();
    let mut team = team::<Samples>(place, Subject::Start(1));
    for round in 0..place.pace.choose(10, 40) {
        floor.push_ms(Floor::once(place, 1, &mut place.beacons()?)?.0);
        for member in &mut team {
            let is_minder = member.peer.name() == MINDER;
            if is_minder || round < place.pace.choose(1, if member.peer.is_slow() { 3 } else { 10 }) {
                member.take(|peer, samples| {
                    let mut beacons = place.beacons()?;
                    let home = place.fresh_folder()?;
                    let mut running = peer.start(place, &home, &staying(place, 1, &beacons))?;
                    let begun = running.daemon().begun;
                    samples.push_ms(beacons.last_of(1, begun, peer.name())?);
                    // Some do not hear a signal that comes before they are ready.
                    running.ready()
                });
            }
        }
    }
    let minder = team.iter().find(|member| member.peer.name() == MINDER);
    let middle = minder.and_then(|member| member.figures.median());
    let cold = Row::new(
        "cold start to the first child".into(),
        Better::Less,
        cells(&team, |all| Cell::tail(all, "ms")),
    )
    .over(Cell::tail(&floor, "ms"))
    .promised(&format!("p50 < {BUDGET} ms"), Verdict::at_most(middle, BUDGET));
    Ok(vec![cold, size_row(place)])
}

/// Of the one stripped file that is all of it.
fn size_row(place: &Place) -> Row {
    let size = fs::metadata(&place.minder).ok().map(|file| file.len() as f64 / 1e6);
    let cell = Cell::of(size, size.map_or_else(String::new, |size| format!("{} MB", short(size))));
    Row::new("size of the stripped release build".into(), Better::Less, vec![(MINDER, cell)])
}

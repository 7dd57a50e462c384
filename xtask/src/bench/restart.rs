//! How long a program is away that was killed: from the signal to the first moment of its successor.
//!
//! Most slow down those that end again and again, so every victim has lived for longer than its supervisor asks for: there
//! are many programs, and the next victim is always the oldest. Some replace nobody before their next pass, and how long
//! that is depends on the moment of the kill; the pauses between the kills of slow ones are spread over a second.

use super::beacons::{Beacons, Moment, Record};
use super::figures::{Better, Cell, Row, Samples, Verdict};
use super::floor::Floor;
use super::peers::{MINDER, Peer, Subject};
use super::place::Place;
use super::processes;
use super::start::staying;
use super::team::{cells, team};
use crate::step::Problem;
use rustix::process::Signal;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const PROGRAMS: usize = 50;
/// Before the next kill, so that all that follows a start is over.
const PAUSE: Duration = Duration::from_millis(3);
/// How long one is killed at.
const TIME: Duration = Duration::from_secs(10);

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut floor = Samples::default();
    let mut team = team::<Samples>(place, Subject::Restart);
    let kills = place.pace.choose(100, 200);
    // Several times each, in turn, so that a disturbance of seconds does not fall on one of them alone.
    for round in 0..place.pace.choose(1, 2) {
        let mut beacons = place.beacons()?;
        let running = Floor::again(place, PROGRAMS, &beacons, "stay")?;
        kill_again_and_again(&mut beacons, kills, "floor", [PAUSE; 2], &mut floor)?;
        drop(running);
        for member in &mut team {
            if !member.peer.is_slow() || round == 0 {
                member.take(|peer, samples| under(place, peer, kills, samples));
            }
        }
    }
    let cells = cells(&team, |samples| Cell::tail(samples, "ms"));
    let minder = team.iter().find(|member| member.peer.name() == MINDER).map(|member| &member.figures);
    let [middle, late] = [50, 99].map(|percent| minder.and_then(|samples| samples.percentile(percent)));
    let verdict = Verdict::at_most(middle, 1.0).and(Verdict::at_most(late, 2.0));
    let row = Row::new("restart after kill -9".into(), Better::Less, cells).over(Cell::tail(&floor, "ms"));
    Ok(vec![row.promised("p50 ≤ 1 ms, p99 ≤ 2 ms", verdict)])
}

fn under(place: &Place, peer: &dyn Peer, kills: usize, samples: &mut Samples) -> Result<(), Problem> {
    let mut beacons = place.beacons()?;
    let mut running = peer.start(place, &place.fresh_folder()?, &staying(place, PROGRAMS, &beacons))?;
    running.ready()?;
    // A second each.
    let few = place.pace.choose(5, 12);
    let (kills, pause) = if peer.is_slow() { (few, Duration::from_millis(137)) } else { (kills, PAUSE) };
    kill_again_and_again(&mut beacons, kills, peer.name(), [pause, peer.settled()], samples)?;
    // Some do not obey a signal that comes while they replace somebody.
    running.ready()
}

/// Kills the oldest again and again, with a pause before each, once it has lived for long enough.
fn kill_again_and_again(
    beacons: &mut Beacons,
    kills: usize,
    whose: &str,
    [pause, settled]: [Duration; 2],
    samples: &mut Samples,
) -> Result<(), Problem> {
    let mut living: VecDeque<Record> = beacons.take(PROGRAMS, whose)?.into();
    // The first few are the warm-up.
    let warm_up = if kills > 50 { 5 } else { 0 };
    let begun = Instant::now();
    for kill in 0..kills + warm_up {
        // Some need a second for each, and then those few will do.
        if begun.elapsed() > TIME && kill > warm_up {
            break;
        }
        let Some(victim) = living.pop_front() else { break };
        std::thread::sleep(pause);
        std::thread::sleep(settled.saturating_sub(Moment::now().since(victim.moment())));
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

//! How long it takes to start and to stop many programs, against a loop of `posix_spawn` and one of `kill` and `wait`.

use super::beacons::{Beacons, Moment, Record};
use super::figures::{Better, Cell, Row, Samples};
use super::floor::Floor;
use super::peers::{Answer, Logs, Peer, Subject, Work};
use super::place::{Pace, Place};
use super::processes;
use super::team::{cells, team};
use crate::step::Problem;
use std::time::{Duration, Instant};

/// How many programs.
const COUNTS: [usize; 4] = [10, 100, 1000, 2000];
const BUDGET: f64 = 1.2;
/// How long stopping may take.
const STOP: Duration = Duration::from_secs(60);

/// What one peer, or the floor, took.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// From the start of the daemon itself to the first moment of the last program.
    pub(super) cold: Samples,
    /// From one request to the first moment of the last program.
    pub(super) warm: Samples,
    /// From one request to the end of the last program.
    pub(super) stop: Samples,
}

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for count in COUNTS {
        let mut floor = Figures::default();
        let mut team = team::<Figures>(place, Subject::Start(count));
        for round in 0..rounds(place.pace, count) {
            for member in &mut team {
                // One whose life lasts seconds has one.
                if member.peer.is_slow() && (round > 0 || place.pace == Pace::Quick && count > 100) {
                    continue;
                }
                member.take(|peer, figures| life(place, peer, count, figures, &mut floor));
            }
        }
        let row = |what: String, pick: fn(&Figures) -> &Samples, floor: &Samples| {
            Row::new(what, Better::Less, cells(&team, |figures| Cell::spread(pick(figures), "ms")))
                .over(Cell::spread(floor, "ms"))
        };
        starts.push(row(
            format!("start {count}, with the supervisor itself"),
            |figures| &figures.cold,
            &floor.warm,
        ));
        starts.push(
            row(format!("start {count} by one request"), |figures| &figures.warm, &floor.warm).within(BUDGET),
        );
        stops.push(row(format!("stop {count}"), |figures| &figures.stop, &floor.stop).within(BUDGET));
    }
    starts.extend(stops);
    Ok(starts)
}

fn rounds(pace: Pace, count: usize) -> usize {
    match count {
        0..=100 => pace.choose(1, 2),
        _ => 1,
    }
}

fn take_floor(place: &Place, count: usize, floor: &mut Figures) -> Result<(), Problem> {
    let (started, stopped) = Floor::once(place, count, &mut place.beacons()?)?;
    floor.warm.push_ms(started);
    floor.stop.push_ms(stopped);
    Ok(())
}

/// The program that reports and stays, so many times.
pub(super) fn staying(place: &Place, count: usize, beacons: &Beacons) -> Work {
    let words = [place.program("beacon"), beacons.path().to_owned(), "stay".into()];
    let command = words.iter().map(|word| word.display().to_string()).collect();
    Work { command, count, logs: Logs::None }
}

/// Starts a peer with its programs, then stops and starts these by requests, with a floor beside each.
pub(super) fn life(
    place: &Place,
    peer: &dyn Peer,
    count: usize,
    figures: &mut Figures,
    floor: &mut Figures,
) -> Result<(), Problem> {
    let mut beacons = place.beacons()?;
    let mut running = peer.start(place, &place.fresh_folder()?, &staying(place, count, &beacons))?;
    let mut records = beacons.take(count, peer.name())?;
    figures.cold.push_ms(last(&records).since(running.daemon().begun));
    running.ready()?;
    let cycles = if peer.is_slow() { 0 } else { place.pace.choose(1, 2) };
    for cycle in 0..=cycles {
        let age = Moment::now().since(last(&records));
        std::thread::sleep(peer.settled().saturating_sub(age));
        let began = Moment::now();
        let Some(answer) = running.stop_all() else { break };
        if answer? == Answer::Accepted {
            let pids: Vec<i32> = records.iter().filter_map(|record| record.pid()).collect();
            if !processes::await_ends(&pids, Instant::now() + STOP) {
                return Err(Problem::Failed(peer.name().into(), "its programs do not end".into()));
            }
        }
        let stopped = Moment::now().since(began);
        let began = Moment::now();
        let Some(asked) = running.start_all() else { break };
        asked?;
        records = beacons.take(count, peer.name())?;
        // The first of each is the warm-up, where that does not take minutes.
        if cycle > 0 || cycles == 0 {
            figures.stop.push_ms(stopped);
            figures.warm.push_ms(last(&records).since(began));
        }
        if cycles > 0 {
            // Beside each other, so that both see the same machine.
            take_floor(place, count, floor)?;
        }
    }
    Ok(())
}

fn last(records: &[Record]) -> Moment {
    records.iter().map(|record| record.moment()).max().unwrap_or(Moment(0))
}

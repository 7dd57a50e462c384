//! Programs that end at once and are started again at once: how many restarts a second, and who answers meanwhile.

use super::beacons::Beacons;
use super::figures::{Better, Cell, Row, Samples, Verdict};
use super::floor::Floor;
use super::peers::{Logs, MINDER, Peer, Running, Subject, Work};
use super::place::Place;
use super::team::{cells, team};
use crate::step::Problem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PROGRAMS: usize = 200;
/// How long an answer is waited for: five hundred times the budget.
const ANSWER: Duration = Duration::from_secs(5);
/// How long one may take to end whose programs start all the time.
const END: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
struct Figures {
    rate: Samples,
    latency: Samples,
}

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut floor = Samples::default();
    let mut team = team::<Figures>(place, Subject::Storm);
    for round in 0..place.pace.choose(1, 2) {
        let mut beacons = place.beacons()?;
        let running = Floor::again(place, PROGRAMS, &beacons, "leave")?;
        floor.push(rate(&mut beacons, window(place)));
        drop(running);
        for member in &mut team {
            if !member.peer.is_slow() || round == 0 {
                member.take(|peer, figures| storm(place, peer, figures));
            }
        }
    }
    let rate = |samples: &Samples| Cell::middle(samples, "/s");
    let minder = team.iter().find(|member| member.peer.name() == MINDER).map(|member| &member.figures);
    let rates = cells(&team, |figures| rate(&figures.rate));
    let answers = cells(&team, |figures| capped(&figures.latency));
    let late = minder.and_then(|figures| figures.latency.percentile(99));
    let restarts = minder.and_then(|figures| figures.rate.median());
    Ok(vec![
        Row::new("crash storm: restarts".into(), Better::More, rates)
            .over(rate(&floor))
            .promised("≥ 2,500/s", Verdict::at_least(restarts, 2500.0)),
        Row::new("crash storm: state of all".into(), Better::Less, answers)
            .promised("p99 ≤ 10 ms", Verdict::at_most(late, 10.0)),
    ])
}

/// One that did not answer in time says so.
fn capped(latency: &Samples) -> Cell {
    let late = ANSWER.as_secs_f64() * 1000.0;
    match latency.median() {
        Some(middle) if middle >= late => {
            Cell::Figure(format!("no answer in {} s", ANSWER.as_secs()), middle)
        }
        _ => Cell::tail(latency, "ms"),
    }
}

fn window(place: &Place) -> Duration {
    place.pace.choose(Duration::from_secs(1), Duration::from_secs(2))
}

/// Restarts a second without and then answers with questions in between: somebody who asks takes processor time
/// from the restarts.
fn storm(place: &Place, peer: &dyn Peer, figures: &mut Figures) -> Result<(), Problem> {
    let mut beacons = place.beacons()?;
    let words = [place.program("beacon"), beacons.path().to_owned(), "leave".into()];
    let command = words.iter().map(|word| word.display().to_string()).collect();
    let work = Work { command, count: PROGRAMS, logs: Logs::None };
    let mut running = peer.start(place, &place.fresh_folder()?, &work)?;
    beacons.take(PROGRAMS, peer.name())?;
    running.impatient(ANSWER);
    figures.rate.push(rate(&mut beacons, window(place)));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The pipe must not fill while we ask and while it ends, or the programs would wait for us.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                beacons.next_until(Instant::now() + Duration::from_millis(50));
            }
        });
        ask(running.as_mut(), Instant::now() + window(place), &mut figures.latency);
        running.daemon().end_within(END);
        over.store(true, Ordering::Relaxed);
    });
    Ok(())
}

fn ask(running: &mut dyn Running, end: Instant, latency: &mut Samples) {
    while Instant::now() < end {
        let began = Instant::now();
        let Some(answered) = running.states() else { break };
        // Who does not answer in time is counted with the time that was waited.
        latency.push_ms(began.elapsed());
        if answered.is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How many programs a second report, counted for a while after half as long a warm-up.
fn rate(beacons: &mut Beacons, window: Duration) -> f64 {
    let warm = Instant::now() + window / 2;
    while beacons.next_until(warm).is_some() {}
    let end = Instant::now() + window;
    let mut count = 0_u32;
    while beacons.next_until(end).is_some() {
        count += 1;
    }
    f64::from(count) / window.as_secs_f64()
}

//! Programs that end at once and are started again at once: how many restarts a second, and who answers meanwhile.

use super::beacons::Beacons;
use super::daemon::{Original, SIDES, Side};
use super::figures::{Row, Samples, Verdict, ratio, short, times};
use super::floor::Floor;
use super::place::Place;
use super::station::Station;
use crate::step::Problem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PROGRAMS: usize = 200;
/// How long an answer is waited for: five hundred times the budget.
const ANSWER: Duration = Duration::from_secs(5);
/// How long one may take to end whose programs start all the time.
const END: Duration = Duration::from_secs(5);

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut rates = [Samples::default(), Samples::default(), Samples::default()];
    let mut latencies = [Samples::default(), Samples::default()];
    let [floor, supervisor, minder] = &mut rates;
    let rounds = place.pace.choose(1, 2);
    for _ in 0..rounds {
        let mut beacons = place.beacons()?;
        let running = Floor::again(place, PROGRAMS, &beacons, "leave")?;
        floor.push(rate(&mut beacons, window(place)));
        drop(running);
        for (side, latency) in SIDES.into_iter().zip(&mut latencies) {
            let rates = match side {
                Side::Original => &mut *supervisor,
                Side::Minder => &mut *minder,
            };
            rates.push(storm(place, side, latency)?);
        }
    }
    let [supervisor_status, minder_status] = latencies;
    let per_second =
        |samples: &Samples| samples.median().map_or_else(String::new, |rate| format!("{}/s", short(rate)));
    Ok(vec![
        Row {
            of: Original::Supervisor,
            what: format!("crash storm of {PROGRAMS}: restarts"),
            floor: per_second(floor),
            original: per_second(supervisor),
            minder: per_second(minder),
            ratio: ratio(times(minder, floor)),
            budget: "≥ 2,500/s".into(),
            verdict: Verdict::at_least(minder.median(), 2500.0),
        },
        Row {
            of: Original::Supervisor,
            what: format!("crash storm of {PROGRAMS}: state of all"),
            floor: String::new(),
            original: capped(&supervisor_status),
            minder: capped(&minder_status),
            ratio: String::new(),
            budget: "p99 ≤ 10 ms".into(),
            verdict: Verdict::at_most(minder_status.percentile(99), 10.0),
        },
    ])
}

/// One that did not answer in time says so.
fn capped(latency: &Samples) -> String {
    let late = ANSWER.as_secs_f64() * 1000.0;
    match latency.median() {
        Some(middle) if middle >= late => {
            format!("no answer in {} s (n = {})", ANSWER.as_secs(), latency.count())
        }
        _ => latency.tail("ms"),
    }
}

fn window(place: &Place) -> Duration {
    place.pace.choose(Duration::from_secs(2), Duration::from_secs(4))
}

/// Restarts a second without and then answers with questions in between: somebody who asks takes processor time
/// from the restarts.
fn storm(place: &Place, side: Side, latency: &mut Samples) -> Result<f64, Problem> {
    let mut beacons = place.beacons()?;
    let programs = format!(
        "[program:storm]\ncommand={} {} leave\nprocess_name=%(process_num)d\nnumprocs={PROGRAMS}\nstartsecs=0\n\
         autorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
        place.program("beacon").display(),
        beacons.path().display()
    );
    let mut station = Station::start(place, side, &programs)?;
    beacons.take(PROGRAMS, side.name())?;
    let mut client = station.client_at_once(ANSWER);
    let rate = rate(&mut beacons, window(place));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The pipe must not fill while we ask and while it ends, or the programs would wait for us.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                beacons.next_until(Instant::now() + Duration::from_millis(50));
            }
        });
        let end = Instant::now() + window(place);
        while Instant::now() < end {
            let began = Instant::now();
            // Who does not answer in time is counted with the time that was waited.
            let answered = client.timed("supervisor.getAllProcessInfo", "");
            latency.push_ms(began.elapsed());
            if answered.is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        station.daemon.end_within(END);
        over.store(true, Ordering::Relaxed);
    });
    Ok(rate)
}

/// How many programs a second report, counted for a while after as long a warm-up.
fn rate(beacons: &mut Beacons, window: Duration) -> f64 {
    let warm = Instant::now() + window / 2;
    while beacons.next_until(warm).is_some() {}
    let end = Instant::now() + window;
    let mut count = 0.0;
    while beacons.next_until(end).is_some() {
        count += 1.0;
    }
    count / window.as_secs_f64()
}

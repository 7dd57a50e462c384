//! What a supervisor costs while nothing happens, and how fast it says so: the states of all over XML-RPC.

use super::figures::{Row, Samples, Verdict, ratio, short, times};
use super::place::{Pace, Place};
use super::processes::{Usage, pss_kib};
use super::rpc::Client;
use super::station::{Side, Station};
use crate::step::Problem;
use std::time::{Duration, Instant};

const COUNTS: [usize; 2] = [100, 1000];

/// What one side costs.
#[derive(Debug, Default)]
struct Idle {
    /// MB of each process of its own.
    memory: Vec<f64>,
    cpu: Duration,
    switches: u64,
    /// MB of all its processes after the requests.
    later: f64,
    /// Milliseconds of an answer.
    latency: Samples,
    bytes: usize,
}

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let (mut rows, mut answers) = (Vec::new(), Vec::new());
    for count in COUNTS {
        // A thousand programs take it most of a minute.
        let supervisor = match place.pace {
            Pace::Quick if count > 100 => None,
            Pace::Quick | Pace::Full => Some(look(place, Side::Supervisor, count)?),
        };
        let minder = look(place, Side::Minder, count)?;
        rows.extend(cost_rows(place, count, supervisor.as_ref(), &minder));
        answers.push(answer_row(count, supervisor.as_ref(), &minder));
    }
    rows.extend(answers);
    Ok(rows)
}

fn cost_rows(place: &Place, count: usize, supervisor: Option<&Idle>, minder: &Idle) -> [Row; 2] {
    let seconds = window(place).as_secs();
    let wakes =
        |idle: &Idle| format!("{} switches, {} ms CPU", idle.switches, short(idle.cpu.as_secs_f64() * 1e3));
    let total = minder.memory.iter().sum::<f64>();
    let keeper = minder.memory.first().copied();
    let bound = if count > 100 { 5.0 } else { 2.5 };
    let parts: Vec<String> = minder.memory.iter().map(|part| short(*part)).collect();
    [
        Row {
            what: format!("{count} idle programs, {seconds} s"),
            floor: String::new(),
            supervisor: supervisor.map_or_else(nothing, wakes),
            minder: wakes(minder),
            ratio: String::new(),
            budget: "0 wake-ups".into(),
            verdict: Verdict::at_most(Some(minder.switches as f64), 0.0),
        },
        Row {
            what: format!("memory (PSS) with {count} programs"),
            floor: String::new(),
            supervisor: supervisor
                .map_or_else(nothing, |idle| format!("{} MB", short(idle.memory.iter().sum()))),
            minder: format!(
                "{} MB (keeper and mind: {}); {} MB after {} requests",
                short(total),
                parts.join(" + "),
                short(minder.later),
                minder.latency.count()
            ),
            ratio: String::new(),
            budget: format!("≤ {bound} MB, keeper ≤ 0.4 MB"),
            verdict: Verdict::at_most(Some(total), bound).and(Verdict::at_most(keeper, 0.4)),
        },
    ]
}

fn answer_row(count: usize, supervisor: Option<&Idle>, minder: &Idle) -> Row {
    let bound = if count > 100 { 4.0 } else { 0.5 };
    let cell = |idle: &Idle| format!("{}, {} KB", idle.latency.tail("ms"), short(idle.bytes as f64 / 1000.0));
    Row {
        what: format!("getAllProcessInfo, {count} programs"),
        floor: String::new(),
        supervisor: supervisor.map_or_else(nothing, cell),
        minder: cell(minder),
        ratio: supervisor
            .map_or_else(nothing, |idle| ratio(times(&minder.latency, &idle.latency)) + " Supervisor"),
        budget: format!("p50 ≤ {bound} ms"),
        verdict: Verdict::at_most(minder.latency.median(), bound),
    }
}

/// What was not measured.
fn nothing() -> String {
    "–".into()
}

fn window(place: &Place) -> Duration {
    place.pace.choose(Duration::from_secs(3), Duration::from_secs(10))
}

fn look(place: &Place, side: Side, count: usize) -> Result<Idle, Problem> {
    // With log files, as most people have them: the originals' default is a file for each stream.
    let programs = format!(
        "[program:load]\ncommand=/bin/sleep 1000\nprocess_name=%(process_num)d\nnumprocs={count}\nstartsecs=0\n"
    );
    let mut station = Station::start(place, side, &programs)?;
    let mut client = station.client()?;
    until_all_run(&mut client, count, side)?;
    let mut idle = Idle::default();
    // What a start leaves to do is over by then, and what the first requests brought in is there.
    // Five seconds after its start minder gives back, once, what only the start needed; idle is what comes then.
    std::thread::sleep(Duration::from_secs(7));
    let pids = station.own_pids();
    idle.memory = pids.iter().map(|&pid| pss_kib(pid) * 1024.0 / 1e6).collect();
    let before = Usage::of(&pids);
    std::thread::sleep(window(place));
    let used = Usage::of(&pids).since(before);
    (idle.cpu, idle.switches) = (used.cpu, used.switches);
    let most = place.pace.choose(300, 1000);
    let until = Instant::now() + place.pace.choose(Duration::from_secs(4), Duration::from_secs(10));
    for call in 0..most {
        if Instant::now() > until {
            break;
        }
        let (took, bytes) = client.timed("supervisor.getAllProcessInfo", "")?;
        idle.bytes = bytes;
        // The first few are the warm-up.
        if call >= 2 {
            idle.latency.push_ms(took);
        }
    }
    idle.later = station.own_pids().iter().map(|&pid| pss_kib(pid) * 1024.0 / 1e6).sum();
    Ok(idle)
}

fn until_all_run(client: &mut Client, count: usize, side: Side) -> Result<(), Problem> {
    let deadline = Instant::now() + Duration::from_secs(120);
    let running = b"<string>RUNNING</string>";
    loop {
        let answer = client.call("supervisor.getAllProcessInfo", "")?;
        let found = answer.windows(running.len()).filter(|window| window == running).count();
        if found >= count {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Problem::Failed(side.name().into(), format!("{found} of {count} programs run")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

//! What a supervisor costs while nothing happens, and how fast it says how its programs are.
//!
//! All of one size idle at the same time, as nobody of them disturbs another then; they are asked one after the other.

use super::figures::{Better, Cell, Row, Samples, Verdict, short};
use super::peers::{Logs, MINDER, Running, Subject, Work};
use super::place::{Pace, Place};
use super::processes::{self, Usage, pss_kib};
use super::team::{Member, cells, team};
use crate::step::Problem;
use std::time::{Duration, Instant};

const COUNTS: [usize; 2] = [100, 1000];

/// What one costs, all its own processes together where nothing else is said.
#[derive(Default)]
struct Figures {
    running: Option<Box<dyn Running>>,
    before: Usage,
    used: Usage,
    /// MB of each process.
    memory: Vec<f64>,
    /// Milliseconds, of the state of all.
    all: Samples,
    /// The same, of one.
    one: Samples,
    /// MB after those questions.
    later: f64,
}

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for count in COUNTS {
        let mut team = team::<Figures>(place, Subject::Idle(count));
        for member in &mut team {
            // A thousand take those half a minute.
            if !(place.pace == Pace::Quick && count > 100 && member.peer.is_slow()) {
                begin(place, member, count);
            }
        }
        // What a start leaves to do is over by then, and what the first requests brought in is there.
        // Five seconds after its start minder gives back, once, what only the start needed; idle is what comes then.
        std::thread::sleep(Duration::from_secs(7));
        for member in &mut team {
            look(member, |figures, pids| figures.before = Usage::of(pids));
        }
        std::thread::sleep(window(place));
        for member in &mut team {
            look(member, |figures, pids| {
                figures.used = Usage::of(pids).since(figures.before);
                figures.memory = pids.iter().map(|&pid| megabytes(pid)).collect();
            });
        }
        for member in &mut team {
            member.take(|_, figures| ask(place, figures));
            // Ends it.
            member.figures.running = None;
        }
        rows.extend(rows_of(place, count, &team));
    }
    Ok(rows)
}

fn begin(place: &Place, member: &mut Member<'_, Figures>, count: usize) {
    member.take(|peer, figures| {
        let work = Work { command: vec!["/bin/sleep".into(), "1000".into()], count, logs: Logs::Default };
        let mut running = peer.start(place, &place.fresh_folder()?, &work)?;
        running.ready()?;
        let deadline = Instant::now() + Duration::from_secs(90);
        let alive = |pid: i32| {
            let all = processes::descendants(pid);
            all.into_iter().filter(|&pid| processes::name(pid) == "sleep").count()
        };
        while alive(running.daemon().pid()) < count {
            if Instant::now() > deadline {
                return Err(Problem::Failed(peer.name().into(), format!("does not run {count} programs")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        figures.running = Some(running);
        Ok(())
    });
}

fn look(member: &mut Member<'_, Figures>, mut at: impl FnMut(&mut Figures, &[i32])) {
    let pids = member.figures.running.as_mut().map(|running| running.daemon().own_pids());
    if let Some(pids) = pids {
        at(&mut member.figures, &pids);
    }
}

/// Asks for as long as the pace allows.
fn ask(place: &Place, figures: &mut Figures) -> Result<(), Problem> {
    let Some(running) = &mut figures.running else { return Ok(()) };
    let patience = place.pace.choose(Duration::from_secs(1), Duration::from_millis(2500));
    series(patience, || running.states(), &mut figures.all)?;
    series(patience, || running.state_of_one(), &mut figures.one)?;
    figures.later = running.daemon().own_pids().into_iter().map(megabytes).sum();
    Ok(())
}

fn series(
    patience: Duration,
    mut question: impl FnMut() -> Option<Result<usize, Problem>>,
    samples: &mut Samples,
) -> Result<(), Problem> {
    let until = Instant::now() + patience;
    let mut taken = Vec::new();
    while taken.len() < 3 || Instant::now() < until && taken.len() < 2000 {
        let began = Instant::now();
        match question() {
            None => return Ok(()),
            Some(answer) => answer?,
        };
        taken.push(began.elapsed());
    }
    // The first few are the warm-up.
    taken.into_iter().skip(2).for_each(|took| samples.push_ms(took));
    Ok(())
}

fn rows_of(place: &Place, count: usize, team: &[Member<'_, Figures>]) -> Vec<Row> {
    let minder = team.iter().find(|member| member.peer.name() == MINDER).map(|member| &member.figures);
    let [bound, latency] = if count > 100 { [5.0, 4.0] } else { [2.5, 0.5] };
    let started = |figures: &Figures| (!figures.memory.is_empty()).then_some(());
    let skipped = || Cell::Blank("left out of a quick run".into());
    let wakes = cells(team, |figures| {
        started(figures).map_or_else(skipped, |()| {
            let text =
                format!("{}, {} ms", figures.used.switches, short(figures.used.cpu.as_secs_f64() * 1e3));
            Cell::Figure(text, figures.used.switches as f64)
        })
    });
    let memory = cells(team, |figures| {
        started(figures).map_or_else(skipped, |()| {
            let total: f64 = figures.memory.iter().sum();
            let parts = match figures.memory.as_slice() {
                [one, two] => format!(" ({} + {})", short(*one), short(*two)),
                _ => String::new(),
            };
            Cell::Figure(format!("{}{parts}, later {}", short(total), short(figures.later)), total)
        })
    });
    let total = minder.map(|figures| figures.memory.iter().sum());
    let keeper = minder.and_then(|figures| figures.memory.first().copied());
    let rate = |samples: &Samples| samples.mean().map(|mean| 1000.0 / mean);
    let rates = cells(team, |figures| {
        let rate = rate(&figures.one);
        Cell::of(rate, rate.map_or_else(String::new, |rate| format!("{rate:.0}/s")))
    });
    vec![
        Row::new(
            format!("idle {} s, {count} programs: switches, CPU", window(place).as_secs()),
            Better::Less,
            wakes,
        )
        .promised("0 wake-ups", Verdict::at_most(minder.map(|figures| figures.used.switches as f64), 0.0)),
        Row::new(format!("memory (PSS), {count} programs, MB"), Better::Less, memory).promised(
            &format!("≤ {bound} MB, keeper ≤ 0.4"),
            Verdict::at_most(total, bound).and(Verdict::at_most(keeper, 0.4)),
        ),
        Row::new(
            format!("state of all, {count} programs"),
            Better::Less,
            cells(team, |figures| Cell::tail(&figures.all, "ms")),
        )
        .promised(
            &format!("p50 ≤ {latency} ms"),
            Verdict::at_most(minder.and_then(|figures| figures.all.median()), latency),
        ),
        Row::new(format!("states of one a second, {count} programs"), Better::More, rates),
    ]
}

/// How long is looked.
fn window(place: &Place) -> Duration {
    place.pace.choose(Duration::from_secs(3), Duration::from_secs(10))
}

fn megabytes(pid: i32) -> f64 {
    pss_kib(pid) * 1024.0 / 1e6
}

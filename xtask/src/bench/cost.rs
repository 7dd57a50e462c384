//! What a daemon costs while nothing happens: wake-ups, processor time, memory.

use super::daemon::{Daemon, Original};
use super::figures::{Row, Verdict, nothing, short};
use super::place::Place;
use super::processes::{Usage, pss_kib};
use std::time::Duration;

/// What one daemon costs, all its own processes together where nothing else is said.
#[derive(Debug, Default)]
pub(super) struct Cost {
    /// MB of each process.
    memory: Vec<f64>,
    cpu: Duration,
    switches: u64,
    /// MB after so many requests.
    later: (f64, usize),
}

impl Cost {
    /// Looks for as long as the pace says, once a start is over for good.
    pub(super) fn of(place: &Place, daemon: &Daemon) -> Self {
        // What a start leaves to do is over by then, and what the first requests brought in is there.
        // Five seconds after its start minder gives back, once, what only the start needed; idle is what comes then.
        std::thread::sleep(Duration::from_secs(7));
        let pids = daemon.own_pids();
        let memory = pids.iter().map(|&pid| megabytes(pid)).collect();
        let before = Usage::of(&pids);
        std::thread::sleep(window(place));
        let used = Usage::of(&pids).since(before);
        Self { memory, cpu: used.cpu, switches: used.switches, later: (0.0, 0) }
    }

    /// Looks at the memory again after so many requests.
    pub(super) fn after_requests(&mut self, daemon: &Daemon, requests: usize) {
        self.later = (daemon.own_pids().into_iter().map(megabytes).sum(), requests);
    }

    fn wakes(&self) -> String {
        format!("{} switches, {} ms CPU", self.switches, short(self.cpu.as_secs_f64() * 1e3))
    }

    fn total(&self) -> f64 {
        self.memory.iter().sum()
    }
}

/// How long is looked.
fn window(place: &Place) -> Duration {
    place.pace.choose(Duration::from_secs(3), Duration::from_secs(10))
}

fn megabytes(pid: i32) -> f64 {
    pss_kib(pid) * 1024.0 / 1e6
}

/// Two rows about something idle, such as "100 programs"; `bound` is how many MB minder may have.
pub(super) fn rows(
    place: &Place,
    of: Original,
    what: &str,
    bound: f64,
    original: Option<&Cost>,
    minder: &Cost,
) -> [Row; 2] {
    let parts: Vec<String> = minder.memory.iter().map(|part| short(*part)).collect();
    let (later, requests) = minder.later;
    [
        Row {
            of,
            what: format!("{what} idle for {} s", window(place).as_secs()),
            floor: String::new(),
            original: original.map_or_else(nothing, Cost::wakes),
            minder: minder.wakes(),
            ratio: String::new(),
            budget: "0 wake-ups".into(),
            verdict: Verdict::at_most(Some(minder.switches as f64), 0.0),
        },
        Row {
            of,
            what: format!("memory (PSS) with {what}"),
            floor: String::new(),
            original: original.map_or_else(nothing, |cost| format!("{} MB", short(cost.total()))),
            minder: format!(
                "{} MB (keeper and mind: {}); {} MB after {requests} requests",
                short(minder.total()),
                parts.join(" + "),
                short(later),
            ),
            ratio: String::new(),
            budget: format!("≤ {bound} MB, keeper ≤ 0.4 MB"),
            verdict: Verdict::at_most(Some(minder.total()), bound)
                .and(Verdict::at_most(minder.memory.first().copied(), 0.4)),
        },
    ]
}

//! What is done to minder, and how long it takes until it answers again.

use super::chance::Chance;
use super::station::{PATIENCE, Station};
use crate::step::{self, Problem};
use rustix::process::{Signal, kill_process};
use std::process::Command;
use std::time::{Duration, Instant};

/// One of the things that happen to a daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    KillMind,
    KillKeeper,
    /// Both within a moment; then somebody starts it again.
    KillBoth,
    /// The mind is stopped for a while, as by a debugger or a full swap.
    StopMind,
    ReopenLogs,
    Upgrade,
    /// Everything stops and starts anew.
    Hangup,
}

impl Deed {
    pub(super) const ALL: [Deed; 7] = [
        Deed::KillMind,
        Deed::KillKeeper,
        Deed::KillBoth,
        Deed::StopMind,
        Deed::ReopenLogs,
        Deed::Upgrade,
        Deed::Hangup,
    ];

    /// Some more often than others.
    pub(super) fn choose(chance: &mut Chance) -> Deed {
        match chance.below(20) {
            0..=5 => Deed::KillMind,
            6..=10 => Deed::KillKeeper,
            11..=13 => Deed::KillBoth,
            14..=15 => Deed::StopMind,
            16 => Deed::ReopenLogs,
            17..=18 => Deed::Upgrade,
            _ => Deed::Hangup,
        }
    }

    /// What `--only` takes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Deed::KillMind => "kill-mind",
            Deed::KillKeeper => "kill-keeper",
            Deed::KillBoth => "kill-both",
            Deed::StopMind => "stop-mind",
            Deed::ReopenLogs => "reopen-logs",
            Deed::Upgrade => "upgrade",
            Deed::Hangup => "hangup",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Deed::KillMind => "kill -9 of the mind",
            Deed::KillKeeper => "kill -9 of the keeper",
            Deed::KillBoth => "kill -9 of both, start again",
            Deed::StopMind => "the mind stopped for 50 ms",
            Deed::ReopenLogs => "logs reopened (USR2)",
            Deed::Upgrade => "upgraded",
            Deed::Hangup => "everything anew (HUP)",
        }
    }

    /// Does it; gives the time from then until there was an answer.
    pub(super) fn carry_out(self, station: &mut Station) -> Result<Duration, Problem> {
        let there = &*station;
        let keeper = || wait_for("keeper", there, Station::keeper);
        let mind = || wait_for("mind", there, Station::mind);
        match self {
            Deed::KillMind => {
                let _ = kill_process(mind()?, Signal::KILL);
                station.wait_until_answering()
            }
            Deed::KillKeeper => {
                let _ = kill_process(keeper()?, Signal::KILL);
                station.wait_until_answering()
            }
            Deed::KillBoth => {
                let (keeper, mind) = (keeper()?, mind()?);
                // Not the other way round: a stopped mind is woken when it is orphaned, and becomes the keeper.
                let _ = kill_process(keeper, Signal::STOP);
                let _ = kill_process(mind, Signal::KILL);
                let _ = kill_process(keeper, Signal::KILL);
                let begun = Instant::now();
                while is_alive(mind.as_raw_nonzero().get()) && begun.elapsed() < PATIENCE {
                    std::thread::yield_now();
                }
                station.start()?;
                station.wait_until_answering()
            }
            Deed::StopMind => {
                let mind = mind()?;
                let _ = kill_process(mind, Signal::STOP);
                std::thread::sleep(Duration::from_millis(50));
                let _ = kill_process(mind, Signal::CONT);
                station.wait_until_answering()
            }
            Deed::ReopenLogs => {
                let _ = kill_process(keeper()?, Signal::USR2);
                station.wait_until_answering()
            }
            Deed::Upgrade => {
                let binary = station.next_binary();
                let mut command = Command::new(station.minder());
                command.args(["upgrade", "--to"]).arg(binary).arg("-c").arg(station.path("supervisord.conf"));
                let begun = Instant::now();
                step::output(&mut command)?;
                Ok(begun.elapsed())
            }
            Deed::Hangup => {
                let before = restarts(station);
                let _ = kill_process(keeper()?, Signal::HUP);
                let begun = Instant::now();
                // It answers until it has stopped everything, too.
                while restarts(station) == before && begun.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(2));
                }
                station.wait_until_answering()
            }
        }
    }
}

/// How often it began from the beginning.
fn restarts(station: &Station) -> usize {
    let log = std::fs::read_to_string(station.path("main.log")).unwrap_or_default();
    log.matches("supervisord started with pid").count()
}

fn is_alive(pid: i32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

fn wait_for<T>(what: &str, station: &Station, look: impl Fn(&Station) -> Option<T>) -> Result<T, Problem> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look(station) {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            let text = format!("there is no {what} any more\n{}", station.last_words());
            return Err(Problem::Failed("minder".into(), text));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

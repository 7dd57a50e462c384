//! Who works: minder with the workers, and how it is begun and ended.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use minder_core::ids::WorkerName;
use minder_core::time::WallTime;
use minder_deployment::daemon::Daemon;
use minder_deployment::outside::{Outside, Silence};
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{Scope, Standing, Store, WorkerRow};
use rustix::process::Signal;

use crate::minder_toml::Beat;
use crate::settings::Settings;

/// How long workers may take to finish what they do, and minder to end.
pub(crate) const ENDING: Duration = Duration::from_secs(660);
/// How long a daemon may take to say that it is there, after who started it has gone on.
const APPEARING: Duration = Duration::from_secs(2);
/// How long minder may take until its workers work.
const BEGINNING: Duration = Duration::from_secs(60);

/// What is known of the workers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Workers {
    /// Nobody runs them.
    Unavailable,
    /// Nobody knows, and why.
    Unknown(String),
    /// Somebody runs them: those that are declared, and how each stands.
    Available(Vec<(String, Standing)>),
}

/// What is known of the workers of these names at a time.
pub(crate) fn workers(settings: &Settings, declared: &[&str], now: WallTime) -> Workers {
    let rows = match rows(settings) {
        Ok(rows) => rows,
        Err(error) => return Workers::Unknown(error),
    };
    let standing = |name: &str| rows.get(name).map_or(Standing::Absent, |row| row.standing(now));
    if daemon(settings).pid().is_none() && declared.iter().all(|name| standing(name) == Standing::Absent) {
        return Workers::Unavailable;
    }
    Workers::Available(declared.iter().map(|name| ((*name).to_owned(), standing(name))).collect())
}

/// The workers that there have been, by their names.
fn rows(settings: &Settings) -> Result<BTreeMap<String, WorkerRow>, String> {
    let state = StateDir::new(&settings.state_dir);
    if !state.database().exists() {
        return Ok(BTreeMap::new());
    }
    let rows = Store::open(&state).and_then(|store| store.workers()).map_err(|error| error.to_string())?;
    Ok(rows.into_iter().map(|row| (row.name.as_str().to_owned(), row)).collect())
}

/// Whether the beat works: it holds a lock as long as it lives.
pub(crate) fn beats(settings: &Settings) -> bool {
    let state = StateDir::new(&settings.state_dir);
    settings.state_dir.is_dir()
        && state.lock_of_beat().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// The process that runs the workers.
fn daemon(settings: &Settings) -> Daemon {
    Daemon { pidfile: settings.pidfile(), word: settings.minder_toml.clone() }
}

/// Whether minder runs the workers, as a service sees it.
pub(crate) fn is_active(settings: &Settings) -> bool {
    daemon(settings).pid().is_some()
}

/// Starts minder with the workers, unless it runs, and waits until they work. Gives those that do not.
pub(crate) fn start(
    settings: &Settings,
    outside: &Outside,
    declared: &[&str],
) -> Result<Vec<String>, String> {
    if daemon(settings).pid().is_none() {
        let script = settings.start_script.display().to_string();
        let answer =
            outside.ask(&script, &[""; 0], BEGINNING).map_err(|silence: Silence| silence.to_string())?;
        if !answer.is_well() {
            return Err(answer.last_words());
        }
    }
    await_workers(settings, declared, BEGINNING)
}

/// Waits until those of minder's workers work that are declared. Gives those that do not.
pub(crate) fn await_workers(
    settings: &Settings,
    declared: &[&str],
    limit: Duration,
) -> Result<Vec<String>, String> {
    let begin = Instant::now();
    let (end, appearing) = (begin + limit, begin + APPEARING.min(limit));
    loop {
        // Whether one has died before does not matter here.
        let missing: Option<Vec<String>> = match workers(settings, declared, WallTime(0)) {
            Workers::Available(workers) => {
                let absent = workers.into_iter().filter(|(_, standing)| *standing == Standing::Absent);
                Some(absent.map(|(name, _)| name).collect())
            }
            Workers::Unavailable if Instant::now() >= appearing => {
                return Err(format!("minder has ended; see {}", settings.log("minder").display()));
            }
            Workers::Unavailable => None,
            Workers::Unknown(why) => return Err(why),
        };
        if let Some(missing) = missing.filter(|missing| missing.is_empty() || Instant::now() >= end) {
            return Ok(missing);
        }
        // They ring no bell before they are there; this is a person who waits for a moment.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends minder, after its workers have done what they do. Gives whether it ran.
pub(crate) fn stop(settings: &Settings) -> Result<bool, String> {
    daemon(settings).stop(ENDING)
}

/// Asks a worker to end when it has done what it does; minder starts it again.
pub(crate) fn recycle(settings: &Settings, name: &str) -> Result<bool, String> {
    let rows = rows(settings)?;
    match rows.get(name) {
        Some(row) => row.process.signal(Signal::TERM).map_err(|error| error.to_string()),
        None => Ok(false),
    }
}

/// Empties all queues. Gives how many runs were in them.
pub(crate) fn purge(settings: &Settings, now: WallTime) -> Result<usize, String> {
    let state = StateDir::new(&settings.state_dir);
    if !state.database().exists() {
        return Ok(0);
    }
    let store = Store::open(&state).map_err(|error| error.to_string())?;
    store.purge(None, Scope::Waiting, now).map_err(|error| error.to_string())
}

/// The processes of the workers that live, by name.
pub(crate) fn pids(settings: &Settings, declared: &[&str]) -> Vec<(String, Option<u32>)> {
    let rows = rows(settings).unwrap_or_default();
    let pid = |name: &str| rows.get(name).filter(|row| row.process.is_alive()).map(|row| row.process.pid);
    declared.iter().map(|name| ((*name).to_owned(), pid(WorkerName::new(*name).as_str()))).collect()
}

/// The tasks that are worked on, by worker.
pub(crate) fn working(settings: &Settings) -> Result<BTreeMap<String, Vec<String>>, String> {
    let state = StateDir::new(&settings.state_dir);
    let mut tasks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !state.database().exists() {
        return Ok(tasks);
    }
    let backlog = Store::open(&state).and_then(|store| store.backlog()).map_err(|error| error.to_string())?;
    for entry in backlog.into_iter().filter(|entry| entry.claimed > 0) {
        tasks.entry(entry.worker.as_str().to_owned()).or_default().push(entry.task.as_str().to_owned());
    }
    Ok(tasks)
}

/// Who runs the beat, as it was last decided.
pub(crate) fn beat_of(settings: &Settings) -> Beat {
    let text = std::fs::read_to_string(&settings.minder_toml).unwrap_or_default();
    if text.lines().any(|line| line == "beat = \"here\"") { Beat::Minder } else { Beat::Unit }
}

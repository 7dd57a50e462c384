//! Who works: minder with the workers, and how it is begun and ended.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use minder_core::ids::WorkerName;
use minder_core::time::WallTime;
use minder_deployment::outside::{Outside, Silence};
use minder_tasks::process_identity::ProcessIdentity;
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{Scope, Store};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::minder_toml::Beat;
use crate::settings::Settings;

/// How long workers may take to finish what they do, and minder to end.
const ENDING: Duration = Duration::from_secs(660);
/// How long minder may take until its workers work.
const BEGINNING: Duration = Duration::from_secs(60);

/// What is known of the workers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Workers {
    /// Nobody runs them.
    Unavailable,
    /// Nobody knows, and why.
    Unknown(String),
    /// Somebody runs them: those that are declared, and whether each works.
    Available(Vec<(String, bool)>),
}

/// What is known of the workers of these names.
pub(crate) fn workers(settings: &Settings, declared: &[&str]) -> Workers {
    let rows = match rows(settings) {
        Ok(rows) => rows,
        Err(error) => return Workers::Unknown(error),
    };
    let works = |name: &str| rows.get(name).is_some_and(ProcessIdentity::is_alive);
    if daemon(settings).is_none() && !declared.iter().any(|name| works(name)) {
        return Workers::Unavailable;
    }
    Workers::Available(declared.iter().map(|name| ((*name).to_owned(), works(name))).collect())
}

/// The processes of the workers, by their names.
fn rows(settings: &Settings) -> Result<BTreeMap<String, ProcessIdentity>, String> {
    let state = StateDir::new(&settings.state_dir);
    if !state.database().exists() {
        return Ok(BTreeMap::new());
    }
    let rows = Store::open(&state).and_then(|store| store.workers()).map_err(|error| error.to_string())?;
    Ok(rows.into_iter().map(|row| (row.name.as_str().to_owned(), row.process)).collect())
}

/// Whether the beat works: it holds a lock as long as it lives.
pub(crate) fn beats(settings: &Settings) -> bool {
    let state = StateDir::new(&settings.state_dir);
    settings.state_dir.is_dir()
        && state.lock_of_beat().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// The process that runs the workers, known by its file and by what it is: after a power cut another one may have its number.
pub(crate) fn daemon(settings: &Settings) -> Option<Pid> {
    let text = std::fs::read_to_string(settings.pidfile()).ok()?;
    let pid = Pid::from_raw(text.trim().parse().ok()?)?;
    runs(pid, &settings.minder_toml).then_some(pid)
}

/// Whether a process was told of this file.
fn runs(pid: Pid, file: &Path) -> bool {
    let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| word == file.as_os_str().as_bytes())
}

/// Whether minder runs the workers, as a service sees it.
pub(crate) fn is_active(settings: &Settings) -> bool {
    daemon(settings).is_some()
}

/// Starts minder with the workers, unless it runs, and waits until they work. Gives those that do not.
pub(crate) fn start(
    settings: &Settings,
    outside: &Outside,
    declared: &[&str],
) -> Result<Vec<String>, String> {
    if daemon(settings).is_none() {
        let script = settings.start_script.display().to_string();
        let answer =
            outside.ask(&script, &[""; 0], BEGINNING).map_err(|silence: Silence| silence.to_string())?;
        if !answer.is_well() {
            return Err(answer.last_words());
        }
    }
    let end = Instant::now() + BEGINNING;
    loop {
        let missing: Vec<String> = match workers(settings, declared) {
            Workers::Available(workers) => {
                workers.into_iter().filter(|(_, works)| !works).map(|(name, _)| name).collect()
            }
            Workers::Unavailable => return Err("minder has ended; see its log".into()),
            Workers::Unknown(why) => return Err(why),
        };
        if missing.is_empty() || Instant::now() >= end {
            return Ok(missing);
        }
        // They ring no bell before they are there; this is a person who waits for a moment.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends minder, after its workers have done what they do. Gives whether it ran.
pub(crate) fn stop(settings: &Settings) -> Result<bool, String> {
    let Some(pid) = daemon(settings) else { return Ok(false) };
    let failed =
        |error: io::Error| format!("minder (process {}) cannot be ended: {error}", pid.as_raw_nonzero());
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(true),
        Err(error) => return Err(failed(error.into())),
    };
    // Whoever it is that we hold now, it stays that one.
    if !runs(pid, &settings.minder_toml) {
        return Ok(false);
    }
    match pidfd_send_signal(&process, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => return Err(failed(error.into())),
    }
    let end = Instant::now() + ENDING;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("minder did not end within {} s", ENDING.as_secs()));
        }
        let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 660, tv_nsec: 0 });
        let mut set = [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)];
        match poll(&mut set, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(failed(error.into())),
        }
    }
}

/// Asks a worker to end when it has done what it does; minder starts it again.
pub(crate) fn recycle(settings: &Settings, name: &str) -> Result<bool, String> {
    let rows = rows(settings)?;
    match rows.get(name) {
        Some(process) => process.signal(Signal::TERM).map_err(|error| error.to_string()),
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
    let pid = |name: &str| rows.get(name).filter(|process| process.is_alive()).map(|process| process.pid);
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

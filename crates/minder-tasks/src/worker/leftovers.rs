//! What is left of runs and residents whose worker has died. Their first processes died with it; what these had started may still
//! work, and must not when the run is done again.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use minder_core::ids::WorkerName;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::run_folder;
use crate::run::Run;
use crate::state_dir::StateDir;

/// The variable that says whose resident a process belongs to.
pub(super) const RESIDENT: &str = "MINDER_RESIDENT_OF";

/// The variable's value: a worker, and where its state is.
pub(super) fn resident_of(state: &StateDir, worker: &WorkerName) -> OsString {
    let mut value = OsString::from(worker.as_str());
    value.push("@");
    value.push(state.path());
    value
}

/// Kills every process that says that it belongs to one of these runs, or to a resident of this worker, and is another one than
/// we. Gives how many.
pub(super) fn kill(runs: &[Run], state: &StateDir, worker: &WorkerName) -> usize {
    let mut marks: Vec<Vec<u8>> = runs.iter().map(|run| mark_of(run, state)).collect();
    marks.push([RESIDENT.as_bytes(), b"=", resident_of(state, worker).as_bytes()].concat());
    kill_all(&marks)
}

/// Kills every process that says that it belongs to this run. Gives how many.
pub(super) fn kill_of_run(run: &Run, state: &StateDir) -> usize {
    kill_all(&[mark_of(run, state)])
}

/// The run's id alone would also mark what a worker of another state does, which shares a server with us.
fn mark_of(run: &Run, state: &StateDir) -> Vec<u8> {
    [&b"MINDER_OUTPUT="[..], run_folder::output_of(state, run).as_os_str().as_bytes()].concat()
}

fn kill_all(marks: &[Vec<u8>]) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let own = std::process::id();
    let pids = processes
        .filter_map(Result::ok)
        .filter_map(|entry| std::str::from_utf8(entry.file_name().as_bytes()).ok()?.parse::<u32>().ok())
        .filter(|pid| *pid != own);
    pids.filter(|pid| kill_marked(*pid, marks).is_some()).count()
}

fn kill_marked(pid: u32, marks: &[Vec<u8>]) -> Option<()> {
    // Those of others cannot be read, and are none of ours.
    if !is_marked(pid, marks) {
        return None;
    }
    let pidfd = pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()?;
    // It may have ended in between, and another one have its pid; whom we hold now does not change any more.
    if !is_marked(pid, marks) {
        return None;
    }
    pidfd_send_signal(&pidfd, Signal::KILL).ok()
}

fn is_marked(pid: u32, marks: &[Vec<u8>]) -> bool {
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { return false };
    environment.split(|byte| *byte == 0).any(|variable| marks.iter().any(|mark| mark == variable))
}

//! What the kernel says of a process.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::time::Duration;

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) cpu: Duration,
    /// Voluntary and not.
    pub(super) switches: u64,
}

impl Usage {
    /// Of some processes together, all their threads.
    pub(super) fn of(pids: &[i32]) -> Self {
        let mut sum = Self::default();
        for thread in pids.iter().flat_map(|pid| listing(&format!("/proc/{pid}/task"))) {
            let schedule = fs::read_to_string(format!("{thread}/schedstat")).unwrap_or_default();
            let nanoseconds = schedule.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
            sum.cpu += Duration::from_nanos(nanoseconds);
            let status = fs::read_to_string(format!("{thread}/status")).unwrap_or_default();
            let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
            sum.switches +=
                switches.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>();
        }
        sum
    }

    /// What came since an earlier look.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            switches: self.switches.saturating_sub(before.switches),
        }
    }
}

/// The memory of a process in KiB, shared pages divided by those who share them; 0 if nobody may look.
pub(super) fn pss_kib(pid: i32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

/// The children of a process, oldest first.
pub(super) fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let mut children: Vec<i32> = list.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    children.sort_unstable();
    children
}

/// The command line of a process.
pub(super) fn command_line(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// Whether there is such a process, dead but not buried ones included.
pub(super) fn exists(pid: i32) -> bool {
    fs::exists(format!("/proc/{pid}")).unwrap_or(false)
}

/// Sends a signal to a process that is ours; it may have ended.
pub(super) fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn listing(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}

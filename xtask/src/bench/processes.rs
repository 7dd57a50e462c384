//! What the kernel says of a process.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
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

/// The children of a process, oldest first. Each belongs to the thread that made it.
pub(super) fn children(pid: i32) -> Vec<i32> {
    let lists = listing(&format!("/proc/{pid}/task")).into_iter();
    let lists = lists.filter_map(|thread| fs::read_to_string(format!("{thread}/children")).ok());
    let mut children: Vec<i32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
        .collect();
    children.sort_unstable();
    children
}

/// The children of a process, theirs, and so on; parents first.
pub(super) fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(children(parent));
        next += 1;
    }
    found
}

/// The name of a process, as the kernel knows it.
pub(super) fn name(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// Whether a process is there and has not ended.
pub(super) fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits until so many processes have ended, or until then.
pub(super) fn await_ends(pids: &[i32], deadline: std::time::Instant) -> bool {
    pids.iter().all(|&pid| {
        let Some(pid) = Pid::from_raw(pid) else { return true };
        // Whoever has no descriptor any more has ended.
        let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        let timeout = Timespec::try_from(left).ok();
        poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], timeout.as_ref()).is_ok_and(|ready| ready > 0)
    })
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

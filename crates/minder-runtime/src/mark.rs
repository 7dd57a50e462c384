//! A number that whatever descends from a process has too, and by which it is known when nothing else leads back to it.
//!
//! A process that forks twice, begins a session, closes all descriptors and clears its environment keeps one thing: its
//! resource limits. One of them, that of file locks, has meant nothing to the kernel since Linux 2.4, and is inherited like
//! the others. So its soft value is what each process is marked with, anew at each start; the hard one stays as it was.
//! A program may change it, as it may change anything, and is then known by the other signs only (see `leftovers`).

use std::fs;

use minder_keeper::wire::{ChildId, Limit};

/// Of file locks, which the kernel does not count.
pub const RESOURCE: i32 = 10;
/// How the line of `/proc/PID/limits` begins.
const LINE: &str = "Max file locks";
/// Set in every mark, so that none is a number that somebody might have chosen as a limit.
const HIGH: u32 = 1 << 30;

/// The mark of one process and of all that descend from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark(pub u64);

/// Makes marks.
#[derive(Debug)]
pub struct Marks {
    /// Of this mind alone: another one, or another minder, may use the same names for processes.
    nonce: u32,
}

impl Default for Marks {
    /// Those of a new mind.
    fn default() -> Self {
        let mut bytes = [0; 4];
        // A kernel that has no random numbers yet is one that has just begun: then there is no other mind either.
        if rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK).is_err() {
            bytes = std::process::id().to_ne_bytes();
        }
        Self { nonce: (u32::from_ne_bytes(bytes) & (HIGH - 1)) | HIGH }
    }
}

impl Marks {
    /// The mark of a process that is about to be made.
    pub fn of(&self, child: ChildId) -> Mark {
        Mark(u64::from(self.nonce) << 32 | u64::from(child.0))
    }
}

impl Mark {
    /// The limit that marks a process, or `None` where the hard limit leaves no room for it.
    pub fn limit(self, hard: u64) -> Option<Limit> {
        (self.0 <= hard).then_some(Limit { resource: RESOURCE, soft: self.0, hard })
    }

    /// That of a process, if it has one.
    pub fn read(pid: u32) -> Option<Self> {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        let line = limits.lines().find_map(|line| line.strip_prefix(LINE))?;
        line.split_ascii_whitespace().next()?.parse().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_limit_that_nobody_else_has() {
        let (one, other) = (Marks::default(), Marks::default());
        let mark = one.of(ChildId(7));
        assert_ne!(mark, one.of(ChildId(8)));
        assert_ne!(mark, other.of(ChildId(7)), "two minds in a billion have the same marks");
        assert!(mark.0 > 1 << 61 && mark.0 < u64::MAX);
        assert_eq!(mark.limit(u64::MAX).map(|limit| limit.soft), Some(mark.0));
        assert_eq!(mark.limit(1 << 20), None);
    }

    #[test]
    fn what_is_not_marked_has_no_mark_of_ours() {
        let own = Mark::read(std::process::id());
        assert_ne!(own, Some(Marks::default().of(ChildId(1))));
    }
}

//! Processes, as the kernel knows them: numbers that are given again as soon as they are free, and zombies until somebody
//! asks how they ended.
//!
//! A real kernel hands out a number again after thousands of others. This one gives it to a stranger at once, half of the
//! time, so that whoever signals a number that is not his any more is found out.

use std::collections::{BTreeMap, VecDeque};

use minder_core::ids::ExitStatus;

use crate::chance::mix;
use crate::keeper::Asked;
use crate::moves::Unit;

/// One process for all time, unlike its pid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Life(pub(crate) u64);

/// One that lives, or that nobody has buried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    pub(crate) life: Life,
    pub(crate) unit: Unit,
    /// The how-many-th process of its unit.
    pub(crate) ordinal: u64,
    pub(crate) state: State,
    /// It ignores what asks it to end.
    pub(crate) hardened: Hardened,
    /// Whether it was ever sent a signal.
    pub(crate) asked: Asked,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Alive,
    Zombie(ExitStatus),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hardened {
    No,
    Yes,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Kernel {
    seed: u64,
    /// Those of minder's programs, by pid.
    pub(crate) processes: BTreeMap<u32, Process>,
    /// Pids of others, the oldest first.
    strangers: VecDeque<u32>,
    free: VecDeque<u32>,
    next_pid: u32,
    lives: u64,
}

/// How many strangers live at most; the oldest ends when another comes.
const STRANGERS_MAX: usize = 16;

impl Kernel {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            processes: BTreeMap::new(),
            strangers: VecDeque::new(),
            free: VecDeque::new(),
            next_pid: 100,
            lives: 0,
        }
    }

    /// A new process and its number.
    pub(crate) fn clone(&mut self, unit: Unit, ordinal: u64) -> (u32, Life) {
        let pid = self.free.pop_front().unwrap_or_else(|| {
            self.next_pid += 1;
            self.next_pid
        });
        self.lives += 1;
        let life = Life(self.lives);
        let process =
            Process { life, unit, ordinal, state: State::Alive, hardened: Hardened::No, asked: Asked::No };
        self.processes.insert(pid, process);
        (pid, life)
    }

    /// The process of this number, if it is still this one.
    pub(crate) fn get(&mut self, pid: u32, life: Life) -> Option<&mut Process> {
        self.processes.get_mut(&pid).filter(|process| process.life == life)
    }

    /// The one of a unit that has not ended, and its pid. The newest, should there ever be two.
    pub(crate) fn living(&self, unit: Unit) -> Option<(u32, Process)> {
        let living = self
            .processes
            .iter()
            .filter(|(_, process)| process.unit == unit && !matches!(process.state, State::Zombie(_)));
        living.max_by_key(|(_, process)| process.life).map(|(&pid, &process)| (pid, process))
    }

    /// Somebody has asked how a zombie ended: its number is free, and perhaps a stranger's in the same moment.
    pub(crate) fn bury(&mut self, pid: u32, life: Life) -> Option<ExitStatus> {
        let State::Zombie(status) = self.get(pid, life)?.state else { return None };
        self.processes.remove(&pid);
        if mix(&[self.seed, life.0, 3]).is_multiple_of(2) {
            self.strangers.push_back(pid);
            if self.strangers.len() > STRANGERS_MAX {
                self.free.extend(self.strangers.pop_front());
            }
        } else {
            self.free.push_front(pid);
        }
        Some(status)
    }
}

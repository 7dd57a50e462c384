//! Those who are told: the observers, minder's own log, and what they want remembered.

use std::collections::BTreeMap;

use minder_core::control::{Observer, Order, Overhears};
use minder_core::event::Event;
use minder_core::ids::Signal;
use minder_core::supervision::Supervision;
use minder_core::time::{Instant, Now};

use crate::keeper_link::KeeperLink;
use crate::logs::Journal;
use crate::memo::Memo;

/// What a memo of an observer is called among the descriptors that the keeper holds.
pub const MEMO_PREFIX: &str = "memo:";

/// Everybody in the loop who listens.
pub struct Faces {
    observers: Vec<Box<dyn Observer>>,
    /// minder's own log.
    pub journal: Journal,
    memos: BTreeMap<String, Memo>,
}

impl Faces {
    /// `memos` are those an earlier mind kept.
    pub fn new(observers: Vec<Box<dyn Observer>>, journal: Journal, memos: BTreeMap<String, Memo>) -> Self {
        Self { observers, journal, memos }
    }

    /// Whether anybody wants every stream.
    pub fn overhears(&self) -> Overhears {
        if self.observers.iter().any(|observer| observer.overhears() == Overhears::Everything) {
            Overhears::Everything
        } else {
            Overhears::Nothing
        }
    }

    /// Whether one of them sees to what a signal asks for.
    pub fn obeys(&self, signal: Signal) -> bool {
        self.observers.iter().any(|observer| observer.obeys(signal))
    }

    /// When the first of them wants to be woken.
    pub fn deadline(&self) -> Option<Instant> {
        self.observers.iter().filter_map(|observer| observer.deadline()).min()
    }

    /// Tells all; returns what they want done.
    pub fn tell(&mut self, now: Now, world: &Supervision, event: &Event) -> Vec<Order> {
        let mut orders = Vec::new();
        for observer in &mut self.observers {
            observer.observe(now, world, event, &mut orders);
        }
        orders
    }

    /// Wakes those whose time has come; returns what they want done.
    pub fn wake(&mut self, now: Now, world: &Supervision) -> Vec<Order> {
        let mut orders = Vec::new();
        for observer in &mut self.observers {
            if observer.deadline().is_some_and(|at| at <= now.monotonic) {
                observer.wake(now, world, &mut orders);
            }
        }
        orders
    }

    /// Keeps a value where the next mind finds it. Without memory left it is not kept, and nothing else happens:
    /// it matters only if the mind is killed as well.
    pub fn remember(&mut self, name: &'static str, value: &[u8], link: &mut KeeperLink) {
        if !self.memos.contains_key(name) {
            let file = link.memory_file(&format!("{MEMO_PREFIX}{name}"));
            let Ok(memo) = file.and_then(Memo::new) else { return };
            self.memos.insert(name.to_owned(), memo);
        }
        if let Some(memo) = self.memos.get_mut(name) {
            let _ = memo.write(value);
        }
    }
}

//! One pool: what waits for its listeners, and where each of them stands. Data, and what can be done with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use minder_core::ids::{GroupName, InstanceId, Pid};
use minder_core::plan::GroupSpec;
use minder_core::time::Instant;

use super::dialogue::{Dialogue, Stage};
use crate::events::EventType;

/// The first pause of a listener that refused two events in a row. The first refusal has no pause.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause; each one is twice the one before.
const REFUSED_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Hands out numbers from 0; behind the greatest that Python's lists can count, 0 comes again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Serials(pub(super) u64);

impl Serials {
    pub(super) fn next(&mut self) -> u64 {
        let serial = self.0;
        self.0 = if serial >= i64::MAX.unsigned_abs() { 0 } else { serial + 1 };
        serial
    }
}

/// An event on its way to a listener of one pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Letter {
    /// Unique in the daemon.
    pub(super) serial: u64,
    /// Unique in the pool.
    pub(super) pool_serial: u64,
    pub(super) kind: EventType,
    /// Shared by the pools that have it.
    pub(super) payload: Arc<str>,
}

impl Letter {
    /// Header and payload. The length is in characters, as in the original, not in bytes.
    pub(super) fn envelope(&self, identifier: &str, pool: &GroupName) -> Vec<u8> {
        let Self { serial, pool_serial, kind, payload } = self;
        let (name, length) = (kind.name(), payload.chars().count());
        format!(
            "ver:3.0 server:{identifier} serial:{serial} pool:{pool} poolserial:{pool_serial} eventname:{name} len:{length}\n{payload}"
        )
        .into_bytes()
    }
}

/// Whether a listener's standard input can still be written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ear {
    Open,
    /// It was closed; only another process gets events again.
    Closed,
}

/// One process of a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Listener {
    pub(super) pid: Pid,
    pub(super) dialogue: Dialogue,
    /// The event it was sent and has not answered.
    pub(super) in_hand: Option<Letter>,
    pub(super) ear: Ear,
    /// Events refused in a row.
    pub(super) refusals: u32,
    /// It gets no event before this, because it refused the last ones.
    pub(super) held_until: Option<Instant>,
}

impl Listener {
    pub(super) const fn new(pid: Pid) -> Self {
        Self { pid, dialogue: Dialogue::new(), in_hand: None, ear: Ear::Open, refusals: 0, held_until: None }
    }

    /// Whether it can be given an event now.
    pub(super) fn is_free(&self) -> bool {
        self.dialogue.stage == Stage::Ready && self.ear == Ear::Open && self.held_until.is_none()
    }

    /// It refused an event at `now`; a listener that only refuses must not keep the daemon busy.
    pub(super) fn refused(&mut self, now: Instant) {
        self.refusals = self.refusals.saturating_add(1);
        self.held_until = refusal_pause(self.refusals).map(|pause| now + pause);
    }

    pub(super) fn accepted(&mut self) {
        self.refusals = 0;
        self.held_until = None;
    }
}

/// How long a listener waits after the n-th refusal in a row.
fn refusal_pause(refusals: u32) -> Option<Duration> {
    let doublings = refusals.checked_sub(2)?;
    let pause = REFUSED_PAUSE.saturating_mul(2u32.saturating_pow(doublings));
    Some(pause.min(REFUSED_PAUSE_MAX))
}

/// The oldest event made room for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dropped(pub(super) u64);

/// The listeners of one group and what they are to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pool {
    pub(super) name: GroupName,
    pub(super) topics: Vec<EventType>,
    /// How many events may wait; at least 1.
    pub(super) backlog: usize,
    pub(super) serials: Serials,
    /// The oldest first.
    pub(super) waiting: VecDeque<Letter>,
    pub(super) listeners: BTreeMap<InstanceId, Listener>,
}

impl Pool {
    /// The pool of a group, if it is one of listeners.
    pub(super) fn of(spec: &GroupSpec) -> Option<Self> {
        let mut pool = Self {
            name: spec.name.clone(),
            topics: Vec::new(),
            backlog: 1,
            serials: Serials::default(),
            waiting: VecDeque::new(),
            listeners: BTreeMap::new(),
        };
        pool.follow(spec).then_some(pool)
    }

    /// Takes over what the plan says of the group; whether it is one of listeners.
    pub(super) fn follow(&mut self, spec: &GroupSpec) -> bool {
        let Some(subscription) = &spec.subscription else { return false };
        self.topics = subscription.topics.iter().filter_map(|topic| EventType::parse(topic)).collect();
        self.backlog = usize::try_from(subscription.backlog).unwrap_or(usize::MAX).max(1);
        true
    }

    pub(super) fn wants(&self, kind: EventType) -> bool {
        self.topics.iter().any(|topic| topic.includes(kind))
    }

    /// A new event, behind all that wait.
    pub(super) fn append(&mut self, letter: Letter) -> Option<Dropped> {
        let dropped = self.make_room();
        self.waiting.push_back(letter);
        dropped
    }

    /// An event that comes back, before all that wait. Even then it is the oldest of those that is dropped.
    pub(super) fn put_back(&mut self, letter: Letter) -> Option<Dropped> {
        let dropped = self.make_room();
        self.waiting.push_front(letter);
        dropped
    }

    fn make_room(&mut self) -> Option<Dropped> {
        if self.waiting.len() < self.backlog {
            return None;
        }
        self.waiting.pop_front().map(|letter| Dropped(letter.serial))
    }

    /// When a listener that is held back may be asked again, if anything waits for it.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        self.listeners.values().filter_map(|listener| listener.held_until).min()
    }

    /// Lets go of those whose pause is over; whether there were any.
    pub(super) fn release(&mut self, now: Instant) -> bool {
        let mut any = false;
        for listener in self.listeners.values_mut() {
            any |= listener.held_until.take_if(|until| *until <= now).is_some();
        }
        any
    }
}

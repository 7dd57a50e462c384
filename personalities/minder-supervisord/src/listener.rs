//! Event listener pools: processes that are told what happens on their standard input, and answer on their output.
//!
//! ```text
//!  Event ─notice─▶ Pool.waiting ─▶ first listener that is RUNNING and READY ─▶ Order::Feed
//!                     ▲   refused, or died with it      │ Event::Output ─▶ Dialogue
//!                     └──────────────◀──────────────────┘
//! ```
//!
//! `dialogue` is what one process says; `pool` what waits and who listens; `ticks` the clock; `memo` what survives
//! the death of the mind, which is all of it. Two faults of the original are not copied: a refused event goes back
//! to its own pool only, and a listener that only refuses is asked again ever more slowly (100 ms to 10 s).
//!
//! Invariants: an event that was taken in is in exactly one place of a pool, waiting or in one listener's hand, until
//! it is accepted or overflow drops it; a listener has at most one; what is kept of its unfinished words is bounded.

mod dialogue;
mod memo;
mod pool;
mod ticks;

use std::sync::Arc;

use minder_core::control::{Observer, Order};
use minder_core::event::{Channel, Event, Moved, Output};
use minder_core::ids::{GroupName, InstanceId};
use minder_core::instance::Phase;
use minder_core::supervision::Supervision;
use minder_core::time::{Instant, Now};

use crate::conf::types::LogLevel;
use crate::events::{Notice, notice, tick};
use crate::journal::JournalWords;
use crate::text::decoded;
use dialogue::{Said, Stage};
use pool::{Dropped, Ear, Letter, Listener, Pool, Serials};
use ticks::Ticks;

/// Doors for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::dialogue::{Dialogue, RESULT_LINE_BYTES_MAX, Stage};
    use super::memo;

    /// What a listener has said when it wrote these pieces, and where the conversation stands then. Behind each piece it
    /// gets an event if it is ready for one.
    ///
    /// # Panics
    /// When more is kept of an unfinished word than may be.
    #[must_use]
    pub fn conversation<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, sent_in: Sizes) -> String {
        let (mut dialogue, mut told) = (Dialogue::new(), Vec::new());
        for piece in pieces {
            let size = match sent_in {
                Sizes::Whole => piece.len().max(1),
                Sizes::Single => 1,
            };
            for part in piece.chunks(size) {
                dialogue.hear(part, &mut told);
                assert!(dialogue.partial.len() <= RESULT_LINE_BYTES_MAX);
            }
            if dialogue.stage == Stage::Ready {
                dialogue.sent();
            }
        }
        format!("{told:?} {dialogue:?}")
    }

    /// How a piece arrives.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Sizes {
        /// As it is.
        Whole,
        /// A byte at a time.
        Single,
    }

    /// A memo read and written again; `None` if the bytes are none.
    #[must_use]
    pub fn rewritten_memo(bytes: &[u8]) -> Option<Vec<u8>> {
        let recalled = memo::decode(bytes)?;
        Some(memo::encode(recalled.serials, recalled.last_tick, recalled.pools.iter()))
    }
}

/// Under which name [`Order::Remember`] keeps the pools.
pub const MEMO: &str = "listener-pools";

/// Whether a `result_handler` is built in. Python code of others cannot be loaded.
#[must_use]
pub fn known_handler(name: &str) -> bool {
    name == "supervisor.dispatchers:default_handler"
}

/// What pools must know of the daemon.
#[derive(Clone, Debug)]
pub struct PoolsConfig {
    /// The daemon's `identifier`.
    pub identifier: String,
    /// How lines of the main log look.
    pub words: JournalWords,
}

/// All pools of event listeners.
#[derive(Debug)]
pub struct Pools {
    config: PoolsConfig,
    serials: Serials,
    ticks: Ticks,
    /// In the order in which their groups were added.
    pools: Vec<Pool>,
    past: Past,
    memory: Memory,
}

/// Whether what an earlier mind knew has been held against the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Past {
    Unchecked,
    Checked,
}

/// Whether what is remembered is what is so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Memory {
    Fresh,
    Stale,
}

/// What one moment leads to.
struct Turn<'a> {
    now: Now,
    words: JournalWords,
    orders: &'a mut Vec<Order>,
    /// They come last: what is in a listener's hand must be remembered before the listener has it, or a later mind
    /// would send it again.
    feeds: Vec<Order>,
}

impl Turn<'_> {
    fn say(&mut self, level: LogLevel, text: &str) {
        self.words.say(self.now.wall, level, text, self.orders);
    }

    fn overflowed(&mut self, pool: &GroupName, dropped: Option<Dropped>) {
        if let Some(Dropped(serial)) = dropped {
            let text = format!("pool {pool} event buffer overflowed, discarding event {serial}");
            self.say(LogLevel::Error, &text);
        }
    }

    fn changed(&mut self, name: &str, from: Stage, to: Stage) {
        self.say(LogLevel::Debug, &format!("{name}: {} -> {}", from.name(), to.name()));
        if to == Stage::Unknown {
            let text = format!(
                "{name}: has entered the UNKNOWN state and will no longer receive events, this usually indicates \
                 the process violated the eventlistener protocol"
            );
            self.say(LogLevel::Warn, &text);
        }
    }

    /// Notes what a listener said; returns the event that it refused.
    fn said(&mut self, name: &str, said: &Said, listener: &mut Listener) -> Option<Letter> {
        match said {
            Said::Ready => {
                self.changed(name, Stage::Acknowledged, Stage::Ready);
                None
            }
            Said::Accepted => {
                self.say(LogLevel::Debug, &format!("{name}: event was processed"));
                self.changed(name, Stage::Busy, Stage::Acknowledged);
                listener.accepted();
                listener.in_hand = None;
                None
            }
            Said::Rejected => {
                self.say(LogLevel::Warn, &format!("{name}: event was rejected"));
                self.changed(name, Stage::Busy, Stage::Acknowledged);
                listener.refused(self.now.monotonic);
                listener.in_hand.take()
            }
            Said::BadResult(line) => {
                self.say(LogLevel::Warn, &format!("{name}: bad result line: '{}'", decoded(line)));
                self.changed(name, Stage::Busy, Stage::Unknown);
                listener.in_hand.take()
            }
            Said::Nonsense(stage) => {
                self.changed(name, *stage, Stage::Unknown);
                None
            }
        }
    }

    fn put_back(&mut self, pool: &mut Pool, letter: Letter) {
        self.rebuffering(pool, letter.serial, pool.waiting.len());
        let dropped = pool.put_back(letter);
        self.overflowed(&pool.name, dropped);
    }

    fn rebuffering(&mut self, pool: &Pool, serial: u64, waiting: usize) {
        let (name, most) = (&pool.name, pool.backlog);
        let text = format!("rebuffering event {serial} for pool {name} (buf size={waiting}, max={most})");
        self.say(LogLevel::Debug, &text);
    }
}

impl Pools {
    /// Begins where `recalled`, a value of the memo [`MEMO`], ends. One that cannot be read counts as none: listeners
    /// that run already get no event then before they are restarted, since nobody knows what they said.
    #[must_use]
    pub fn new(config: PoolsConfig, recalled: Option<&[u8]>) -> Self {
        let recalled = recalled.and_then(memo::decode).unwrap_or_default();
        Self {
            config,
            serials: recalled.serials,
            ticks: Ticks::recalled(recalled.last_tick),
            pools: recalled.pools,
            past: Past::Unchecked,
            memory: Memory::Fresh,
        }
    }

    fn turn<'a>(&self, now: Now, orders: &'a mut Vec<Order>) -> Turn<'a> {
        Turn { now, words: self.config.words.clone(), orders, feeds: Vec::new() }
    }

    /// What every turn begins with.
    fn begin(&mut self, world: &Supervision, turn: &mut Turn<'_>) {
        if self.past == Past::Unchecked {
            self.past = Past::Checked;
            self.check_past(world, turn);
        }
        for (kind, when) in self.ticks.look(turn.now) {
            self.accept(&tick(kind, when), turn);
        }
        for pool in &mut self.pools {
            if pool.release(turn.now.monotonic) {
                self.memory = Memory::Stale;
            }
        }
    }

    /// What every turn ends with.
    fn end(&mut self, world: &Supervision, mut turn: Turn<'_>) {
        self.dispatch(world, &mut turn);
        if self.memory == Memory::Stale {
            self.memory = Memory::Fresh;
            let memo = memo::encode(self.serials, self.ticks.last, self.pools.iter());
            turn.orders.push(Order::Remember(MEMO, memo));
        }
        turn.orders.append(&mut turn.feeds);
    }

    /// Holds what an earlier mind knew against the world.
    fn check_past(&mut self, world: &Supervision, turn: &mut Turn<'_>) {
        let mut known = std::mem::take(&mut self.pools);
        for group in world.groups() {
            let at = known.iter().position(|pool| pool.name == group.spec.name);
            let pool = at.map(|at| known.swap_remove(at));
            let pool = pool.and_then(|mut pool| pool.follow(&group.spec).then_some(pool));
            let Some(mut pool) = pool.or_else(|| Pool::of(&group.spec)) else { continue };
            let pid_of = |id: InstanceId| world.instance(id).and_then(|instance| instance.facts.pid());
            let gone = pool.listeners.extract_if(.., |id, listener| pid_of(*id) != Some(listener.pid));
            for (_, listener) in gone.collect::<Vec<_>>() {
                if let Some(letter) = listener.in_hand {
                    turn.put_back(&mut pool, letter);
                }
            }
            for id in &group.members {
                if let Some(pid) = pid_of(*id) {
                    pool.listeners.entry(*id).or_insert_with(|| Listener::new(pid));
                }
            }
            self.pools.push(pool);
            self.memory = Memory::Stale;
        }
    }

    fn add(&mut self, world: &Supervision, name: &GroupName) {
        self.pools.retain(|pool| pool.name != *name);
        self.pools.extend(world.group(name).and_then(|group| Pool::of(&group.spec)));
        self.memory = Memory::Stale;
    }

    fn accept(&mut self, notice: &Notice, turn: &mut Turn<'_>) {
        let mut shared: Option<(u64, Arc<str>)> = None;
        for pool in self.pools.iter_mut().filter(|pool| pool.wants(notice.kind)) {
            let made = || (self.serials.next(), Arc::from(notice.payload.as_str()));
            let (serial, payload) = shared.get_or_insert_with(made).clone();
            let pool_serial = pool.serials.next();
            let dropped = pool.append(Letter { serial, pool_serial, kind: notice.kind, payload });
            turn.overflowed(&pool.name, dropped);
            self.memory = Memory::Stale;
        }
    }

    fn pool_of(&mut self, world: &Supervision, id: InstanceId) -> Option<&mut Pool> {
        let group = &world.instance(id)?.group;
        self.pools.iter_mut().find(|pool| pool.name == *group)
    }

    /// A process came or went. One that went with an event in its hand has refused it.
    fn moved(&mut self, world: &Supervision, moved: &Moved, turn: &mut Turn<'_>) {
        let pid = moved.after.pid();
        if moved.before.pid() == pid {
            return;
        }
        let Some(pool) = self.pool_of(world, moved.id) else { return };
        let gone = pool.listeners.remove(&moved.id);
        if let Some(letter) = gone.and_then(|listener| listener.in_hand) {
            turn.put_back(pool, letter);
        }
        if let Some(pid) = pid {
            pool.listeners.insert(moved.id, Listener::new(pid));
        }
        self.memory = Memory::Stale;
    }

    fn heard(&mut self, world: &Supervision, output: &Output, turn: &mut Turn<'_>) {
        let Some(instance) = world.instance(output.id) else { return };
        let name = instance.spec.name.as_str();
        let Some(pool) = self.pool_of(world, output.id) else { return };
        let Some(listener) = pool.listeners.get_mut(&output.id) else { return };
        if output.channel != Channel::Stdout || listener.pid != output.pid || output.bytes.is_empty() {
            return;
        }
        let mut told = Vec::new();
        listener.dialogue.hear(&output.bytes, &mut told);
        for said in told {
            let listener = pool.listeners.get_mut(&output.id);
            let refused = listener.and_then(|listener| turn.said(name, &said, listener));
            if let Some(letter) = refused {
                turn.put_back(pool, letter);
            }
        }
        self.memory = Memory::Stale;
    }

    fn stdin_broken(&mut self, world: &Supervision, id: InstanceId, turn: &mut Turn<'_>) {
        let Some(instance) = world.instance(id) else { return };
        let name = instance.spec.name.as_str();
        let Some(pool) = self.pool_of(world, id) else { return };
        let Some(listener) = pool.listeners.get_mut(&id) else { return };
        listener.ear = Ear::Closed;
        if let Some(letter) = listener.in_hand.take() {
            listener.dialogue.not_sent();
            let text = format!(
                "epipe occurred while sending event {} to listener {name}, listener state unchanged",
                letter.serial
            );
            turn.say(LogLevel::Debug, &text);
            turn.put_back(pool, letter);
        }
        self.memory = Memory::Stale;
    }

    /// Gives what waits to whoever is free.
    fn dispatch(&mut self, world: &Supervision, turn: &mut Turn<'_>) {
        for pool in &mut self.pools {
            let Some(group) = world.group(&pool.name) else { continue };
            let mut sent = 0_u32;
            for id in &group.members {
                let Some(instance) = world.instance(*id) else { continue };
                let Phase::Up { pid } = instance.facts.phase else { continue };
                let Some(listener) = pool.listeners.get_mut(id) else { continue };
                if !listener.is_free() || listener.pid != pid {
                    continue;
                }
                let Some(letter) = pool.waiting.pop_front() else { break };
                turn.feeds.push(Order::Feed(*id, letter.envelope(&self.config.identifier, &pool.name)));
                let name = &instance.spec.name;
                turn.say(LogLevel::Debug, &format!("event {} sent to listener {name}", letter.serial));
                listener.dialogue.sent();
                listener.in_hand = Some(letter);
                self.memory = Memory::Stale;
                sent += 1;
            }
            // The original takes the next one out before it sees that nobody is left for it.
            if let Some(next) = pool.waiting.front().filter(|_| sent > 0) {
                turn.rebuffering(pool, next.serial, pool.waiting.len() - 1);
            }
        }
    }
}

impl Observer for Pools {
    fn observe(&mut self, now: Now, world: &Supervision, event: &Event, orders: &mut Vec<Order>) {
        let mut turn = self.turn(now, orders);
        self.begin(world, &mut turn);
        match event {
            Event::GroupAdded(name) => self.add(world, name),
            Event::GroupRemoved(name) => {
                self.pools.retain(|pool| pool.name != *name);
                self.memory = Memory::Stale;
            }
            Event::Began
            | Event::StopBegan
            | Event::Moved(_)
            | Event::StopSignalled { .. }
            | Event::RelativeSignalled { .. }
            | Event::Output(_)
            | Event::Captured(_)
            | Event::StdinBroken { .. }
            | Event::SocketOpened(..)
            | Event::SocketClosed(..)
            | Event::OrphanReaped { .. }
            | Event::Announced(_)
            | Event::Asked(_)
            | Event::LogReopenBegan
            | Event::Trouble(_) => {}
        }
        if let Some(notice) = notice(world, event) {
            self.accept(&notice, &mut turn);
        }
        if let Event::Moved(moved) = event {
            self.moved(world, moved, &mut turn);
        } else if let Event::Output(output) = event {
            self.heard(world, output, &mut turn);
        } else if let Event::StdinBroken { id } = event {
            self.stdin_broken(world, *id, &mut turn);
        }
        self.end(world, turn);
    }

    fn deadline(&self) -> Option<Instant> {
        if self.past == Past::Unchecked {
            return Some(Instant(0));
        }
        let ticks = self.ticks.deadline(|kind| self.pools.iter().any(|pool| pool.wants(kind)));
        self.pools.iter().filter_map(Pool::deadline).chain(ticks).min()
    }

    fn wake(&mut self, now: Now, world: &Supervision, orders: &mut Vec<Order>) {
        let mut turn = self.turn(now, orders);
        self.begin(world, &mut turn);
        self.end(world, turn);
    }
}

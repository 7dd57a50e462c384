//! The end of a stop: a process has ended that was asked to, and what it has left is to end as well.
//!
//! ```text
//!  an exit in a stop ─▶ Dead ─ one look for all of them ─▶ nothing left ─▶ Input::Exited, Acknowledge
//!                                │                            ▲
//!                                └─▶ something: Noted         │ each time that all of it has ended: another look
//!                                      the stop signal ─▶ Aftermath
//!                                      the patience is over: all of it is killed
//! ```
//!
//! The supervision hears of the exit when nothing is left, so a stop is over when the whole tree has stopped. Until then the
//! slot is one that is stopping still, and its deadline is that of what is left. The keeper keeps the exit meanwhile: a mind
//! that is killed in the midst of this leaves it to the next, which looks for itself.
//!
//! An end that nobody has asked for does not come here. What a program has left by itself may be meant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minder_core::ids::{ExitStatus, InstanceId, Signal};
use minder_core::instance::Phase;
use minder_core::stop::Reach;
use minder_core::time::Instant;
use minder_keeper::wire::{ChildId, ToKeeper};

use crate::kinship::{Relative, Standing};
use crate::last_cgroup::LastCgroup;
use crate::leftovers::{self, Roots};
use crate::mind::Mind;
use crate::pipes::{Pipe, Token, Trigger};
use crate::status::exit_status;
use crate::{clock, launch};

/// A look that took no longer than this is followed by the next one as soon as there is a reason.
const CHEAP: Duration = Duration::from_micros(100);
/// After a longer one, so many times its length pass first, and whatever ends meanwhile is looked after by one look.
const PAUSE: u32 = 8;
/// When it is looked again whether a keeper that has been killed is gone.
const GONE: Duration = Duration::from_millis(10);
/// How often in a row a family is looked for of which each time all have ended. Then the deadline of the stop comes first.
const LOOKS_MAX: usize = 16;
/// How often a family is looked for while it is being seized. Each look finds only what was made since the last one.
const ROUNDS_MAX: usize = 64;

/// What cannot be ignored and does not end a process yet.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "signals have small numbers")]
const STOP: u8 = libc::SIGSTOP as u8;

/// Processes that have ended in a stop, and nobody has looked yet for what they have left.
#[derive(Debug, Default)]
pub(crate) struct Dead {
    waiting: Vec<(ChildId, i32)>,
    not_before: Option<Instant>,
}

impl Dead {
    /// When somebody has to look.
    pub(crate) fn look_at(&self) -> Option<Instant> {
        if self.waiting.is_empty() { None } else { self.not_before }
    }
}

/// A process that has ended in a stop, while something is left of it.
#[derive(Debug)]
pub(crate) struct Aftermath {
    child: ChildId,
    /// How it ended, as the kernel told it.
    status: i32,
    patience: Patience,
    /// What is left of it, by number: each was signalled, and is watched.
    held: BTreeMap<u32, Relative>,
    /// What may not be signalled, and is left alone.
    untouchable: BTreeSet<u32>,
    /// Where all of it is, once it is killed and there can be such a place.
    cgroup: Option<LastCgroup>,
}

/// How often the keeper's children are looked up again when some of them ended while they were looked up. After that everybody
/// is looked at.
const UNSTEADY_MAX: usize = 8;

/// Whether what is left may still end by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Patience {
    Left,
    Over,
}

impl Mind {
    /// A process has ended. In a stop, what it has left is looked for first; otherwise the exit is all.
    pub(crate) fn ended(&mut self, child: ChildId, status: i32) {
        let stopping = !self.unborn.contains_key(&child)
            && self.children.get(&child).and_then(|id| self.world.instance(*id)).is_some_and(|instance| {
                matches!(instance.facts.phase, Phase::Stopping { .. })
                    && !launch::leaves(&instance.spec, &self.environment)
            });
        if stopping {
            self.dead.waiting.push((child, status));
        } else {
            self.exited(child, exit_status(status));
        }
    }

    /// How a process ended of which the supervision has not heard yet that it did.
    pub(crate) fn untold_end(&self, child: ChildId) -> Option<i32> {
        let waiting = self.dead.waiting.iter().copied();
        let aftermaths = self.aftermaths.values().map(|aftermath| (aftermath.child, aftermath.status));
        waiting.chain(aftermaths).find(|(dead, _)| *dead == child).map(|(_, status)| status)
    }

    /// Looks for what those have left that have ended, if it is time.
    pub(crate) fn look_after_dead(&mut self) {
        let early = self.dead.not_before.is_some_and(|at| at > clock::now().monotonic);
        if self.dead.waiting.is_empty() || early {
            return;
        }
        let Some(roots) = self.roots() else { return };
        for (child, status) in std::mem::take(&mut self.dead.waiting) {
            self.look_after(child, status, &roots);
            // One at a time, so that its consequences come before the next one's.
            self.settle();
        }
    }

    /// `None`: the keeper is gone, which is about to be told. The mind after this one looks.
    fn roots(&mut self) -> Option<Roots> {
        let before = clock::now().monotonic;
        let roots = Roots::of_keeper(self.keeper, self.processes.pids());
        let after = clock::now().monotonic;
        let pause = match after.since(before) {
            _ if roots.is_none() => GONE,
            took if took > CHEAP => took * PAUSE,
            _ => Duration::ZERO,
        };
        self.dead.not_before = Some(after + pause);
        roots
    }

    fn look_after(&mut self, child: ChildId, status: i32, roots: &Roots) {
        let Some(&id) = self.children.get(&child) else {
            return self.exited(child, exit_status(status));
        };
        let found = self.left_by(id, child, roots);
        if found.is_empty() {
            return self.exited(child, exit_status(status));
        }
        self.link.send(ToKeeper::Noted { child });
        let killed = matches!(exit_status(status), ExitStatus::Signal { signal: Signal::KILL, .. });
        let aftermath = Aftermath {
            child,
            status,
            patience: if killed { Patience::Over } else { Patience::Left },
            held: BTreeMap::new(),
            untouchable: BTreeSet::new(),
            cgroup: None,
        };
        self.aftermaths.insert(id, aftermath);
        self.see_to(id, found);
    }

    fn left_by(&self, id: InstanceId, child: ChildId, roots: &Roots) -> BTreeMap<u32, Relative> {
        let mark = self.slots.get(&id).and_then(|slot| slot.mark);
        let Some(trail) = self.processes.trail(child, mark) else { return BTreeMap::new() };
        let made = self.processes.pids();
        let mut found = leftovers::find(&trail, roots, self.keeper, made);
        let mut steady = roots.is_steady();
        for _ in 0..UNSTEADY_MAX {
            if steady || !found.is_empty() {
                break;
            }
            let Some(roots) = Roots::of_keeper(self.keeper, made) else { break };
            found = leftovers::find(&trail, &roots, self.keeper, made);
            steady = roots.is_steady();
        }
        if found.is_empty() && !steady {
            found = leftovers::find(&trail, &Roots::everybody(self.keeper, made), self.keeper, made);
        }
        if let Some(aftermath) = self.aftermaths.get(&id) {
            found.retain(|pid, _| !aftermath.untouchable.contains(pid));
        }
        found
    }

    /// Something that was left of a slot's process has ended.
    pub(crate) fn leftover_ended(&mut self, id: InstanceId) {
        self.see_to(id, BTreeMap::new());
    }

    /// Signals what was found, and what else is found, until something is to be waited for or nothing is left.
    fn see_to(&mut self, id: InstanceId, mut found: BTreeMap<u32, Relative>) {
        for _ in 0..LOOKS_MAX {
            let Some(aftermath) = self.aftermaths.get_mut(&id) else { return };
            let (child, patience) = (aftermath.child, aftermath.patience);
            let pipes = &self.pipes;
            aftermath.held.retain(|_, relative| {
                let lives = relative.lives();
                if !lives {
                    pipes.forget(&*relative);
                }
                lives
            });
            if !aftermath.held.is_empty() {
                return;
            }
            if found.is_empty() {
                let Some(roots) = self.roots() else { return };
                found = self.left_by(id, child, &roots);
            }
            if found.is_empty() {
                return self.conclude(id);
            }
            match patience {
                Patience::Left => self.ask(id, std::mem::take(&mut found)),
                Patience::Over => self.kill(id, std::mem::take(&mut found)),
            }
        }
    }

    /// Nothing is left: the exit is told.
    fn conclude(&mut self, id: InstanceId) {
        if let Some(aftermath) = self.aftermaths.remove(&id) {
            self.exited(aftermath.child, exit_status(aftermath.status));
        }
    }

    /// Sends the stop signal to those that it has not reached.
    fn ask(&mut self, id: InstanceId, found: BTreeMap<u32, Relative>) {
        let Some(instance) = self.world.instance(id) else { return };
        let (stop, pid) = (instance.spec.stop, instance.facts.pid());
        for (number, relative) in found {
            let standing = Standing::of(number);
            let reached = stop.reach == Reach::Group
                && standing.is_some_and(|standing| pid.is_some_and(|pid| standing.group == pid.get()));
            let signal = if reached { Signal(0) } else { stop.signal };
            self.strike(id, relative, signal);
        }
    }

    /// Signals one that is left, and watches it.
    fn strike(&mut self, id: InstanceId, relative: Relative, signal: Signal) {
        let number = relative.pid().get();
        let sent = relative.send(signal);
        let Some(aftermath) = self.aftermaths.get_mut(&id) else { return };
        match sent {
            Ok(()) => {
                let token = Token { id, pipe: Pipe::Leftover };
                // Without memory for that the deadline of the stop brings the next look.
                let _ = self.pipes.watch(&relative, token, Trigger::Bytes);
                aftermath.held.insert(number, relative);
            }
            Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                aftermath.untouchable.insert(number);
                let name = self.name_of(id);
                self.trouble(format!(
                    "process {number}, which {name} has left, cannot be signalled and is left alone: {error}"
                ));
            }
        }
    }

    /// A signal is ordered for a slot whose process has ended, while something is left of it. Only the last one counts.
    pub(crate) fn signal_leftovers(&mut self, id: InstanceId, signal: Signal) {
        let Some(aftermath) = self.aftermaths.get_mut(&id).filter(|_| signal == Signal::KILL) else { return };
        let (child, before) = (aftermath.child, aftermath.patience);
        aftermath.patience = Patience::Over;
        let Some(roots) = self.roots() else { return };
        let found = self.left_by(id, child, &roots);
        if before == Patience::Left && !found.is_empty() {
            let (count, name) = (found.len(), self.name_of(id));
            self.trouble(format!("{name} has ended, but {count} of its processes have not, and are killed"));
        }
        self.kill(id, found);
        self.see_to(id, BTreeMap::new());
    }

    /// Ends a whole family, though it may make more processes than one can signal: first nobody can get away any more, by
    /// a cgroup or else by being stopped, and then all are killed.
    fn kill(&mut self, id: InstanceId, mut found: BTreeMap<u32, Relative>) {
        let Some(aftermath) = self.aftermaths.get_mut(&id) else { return };
        let (child, mut cgroup) = (aftermath.child, aftermath.cgroup.take());
        let mut seized = BTreeMap::new();
        for _ in 0..ROUNDS_MAX {
            if cgroup.is_none() && !found.is_empty() {
                cgroup = LastCgroup::make(self.keeper, child);
            }
            for (pid, relative) in std::mem::take(&mut found) {
                // Who has ended meanwhile, or may not be signalled, shows when it is killed.
                let _ = relative.send(Signal(STOP));
                if let Some(cgroup) = &mut cgroup {
                    cgroup.take(&relative);
                }
                seized.insert(pid, relative);
            }
            let Some(roots) = self.roots() else { break };
            found = self.left_by(id, child, &roots);
            found.retain(|pid, _| !seized.contains_key(pid));
            if found.is_empty() {
                break;
            }
        }
        if let Some(cgroup) = &cgroup {
            cgroup.kill();
        }
        if let Some(aftermath) = self.aftermaths.get_mut(&id) {
            aftermath.cgroup = cgroup;
        }
        for (pid, relative) in seized.into_iter().chain(found) {
            let held = self.aftermaths.get_mut(&id).and_then(|aftermath| aftermath.held.remove(&pid));
            if let Some(held) = held {
                self.pipes.forget(&held);
            }
            self.strike(id, relative, Signal::KILL);
        }
    }

    fn name_of(&self, id: InstanceId) -> String {
        self.world
            .instance(id)
            .map_or_else(String::new, |instance| format!("{}:{}", instance.group, instance.spec.name))
    }
}

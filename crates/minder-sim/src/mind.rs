//! The mind: the supervision itself, which is the real one, in glue that does what the runtime's does, in the same order.
//! Where a line here has its counterpart is said at the head of each part: `mind` and `effects` of minder-runtime here,
//! `recovery` and `succession` in [`recovery`], `births` in [`births`], `aftermath` in [`aftermath`], `requests` and `waiters` in [`requests`].

mod aftermath;
mod births;
mod recovery;
mod requests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use minder_core::control::Until;
use minder_core::effect::Effect;
use minder_core::event::Event;
use minder_core::ids::{Errno, ExitStatus, GroupName, InstanceId, Signal};
use minder_core::input::Input;
use minder_core::instance::{Facts, Phase};
use minder_core::plan::GroupSpec;
use minder_core::supervision::{Mode, Supervision};

use self::aftermath::Aftermath;
use crate::env::{Env, Ticket};
use crate::halt::Halt;
use crate::kernel::Life;
use crate::memory::{Record, Roster};
use crate::moves::{Unit, number};
use crate::mutation::Mutation;
use crate::transcript::words;
use crate::wire::{ChildId, FromKeeper, ToKeeper};
use crate::witness::Cause;

pub(crate) use requests::Ask;

/// No such process.
const ESRCH: i32 = 3;

pub(crate) struct Mind {
    pub(crate) world: Supervision,
    /// The process of each slot, if there is one.
    slots: BTreeMap<InstanceId, Option<ChildId>>,
    children: BTreeMap<ChildId, InstanceId>,
    /// Those that were made but never ran their program, and count as not made.
    unborn: BTreeSet<ChildId>,
    next_child: u32,
    /// The number of the last reading, and which one each group in service comes from.
    latest: u32,
    readings: BTreeMap<GroupName, u32>,
    /// As it was read last.
    plan: Vec<Arc<GroupSpec>>,
    /// Slots that the roster may name still.
    gone: Vec<InstanceId>,
    waiters: Vec<(InstanceId, Awaited, Ticket)>,
    inputs: VecDeque<Told>,
    events: VecDeque<(InstanceId, Facts)>,
    pub(crate) finished: Finished,
    /// How many signals each process was sent.
    signals: BTreeMap<ChildId, u32>,
    /// The one that goes to the process of a slot next, or has gone last, and how many it was sent before.
    owed: BTreeMap<InstanceId, (Signal, u32)>,
    /// Those that have ended in a stop, while what they have left is still to end.
    aftermaths: BTreeMap<InstanceId, Aftermath>,
}

/// What somebody waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awaited {
    Start(Until),
    Stop(Until),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Finished {
    No,
    Yes,
}

/// An input, and for the witness: whose exit it tells.
#[derive(Debug)]
struct Told {
    input: Input,
    exit: Option<(InstanceId, Life, ExitStatus)>,
}

impl Mind {
    /// The keeper says something.
    pub(crate) fn hear(&mut self, env: &mut Env, message: FromKeeper) -> Result<(), Halt> {
        env.cross()?;
        env.transcript.note(env.now, || format!("keeper ─▶ mind   {message}"));
        match message {
            FromKeeper::Spawned { child, pid, stage, life } => self.spawned(env, child, pid, stage, life),
            FromKeeper::NotSpawned { child, errno } => self.not_spawned(child, Errno(errno)),
            FromKeeper::Exited { child, status, life } => self.ended(env, child, status, life)?,
            FromKeeper::SignalFailed { child, errno } => {
                // ESRCH: it has just ended, and that is about to be told.
                if let Some(&id) = self.children.get(&child)
                    && errno != ESRCH
                {
                    self.push(Input::SignalFailed(id, Errno(errno)));
                }
            }
            FromKeeper::Asked => {
                self.push(Input::Shutdown);
                // Done, and written where the next mind finds it; only then may the keeper forget that it was asked.
                self.settle(env)?;
                env.send(ToKeeper::Obeyed)?;
            }
        }
        self.settle(env)
    }

    /// A deadline may have passed.
    pub(crate) fn due(&mut self, env: &mut Env) -> Result<(), Halt> {
        self.push(Input::Tick);
        self.settle(env)
    }

    fn push(&mut self, input: Input) {
        self.inputs.push_back(Told { input, exit: None });
    }

    /// Takes all inputs and tells all events, until there is none of either.
    fn settle(&mut self, env: &mut Env) -> Result<(), Halt> {
        loop {
            if let Some((id, facts)) = self.events.pop_front() {
                self.tell_waiters(env, id, &facts)?;
            } else if let Some(told) = self.inputs.pop_front() {
                self.step(env, told)?;
            } else {
                return Ok(());
            }
        }
    }

    fn step(&mut self, env: &mut Env, told: Told) -> Result<(), Halt> {
        env.counts.inputs += 1;
        let mut effects = Vec::new();
        let cause = if matches!(told.input, Input::Stop(..)) { Cause::Request } else { Cause::Other };
        self.world.step(env.clocks(), told.input, &mut effects);
        if let Some(story) = &mut env.story {
            story.extend(effects.iter().cloned());
        }
        env.witness.stepped(env.now, &self.world, &effects, cause, told.exit)?;
        env.families.look(env.now, &effects, told.exit.map(|(id, life, _)| (id, life)))?;
        self.owe(&effects);
        for effect in effects {
            self.carry_out(env, effect)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, env: &mut Env, effect: Effect) -> Result<(), Halt> {
        match effect {
            Effect::Spawn(id) => self.spawn(env, id),
            Effect::Signal(id, signal, _) => self.signal(env, id, signal),
            Effect::Publish(event) => self.publish(env, event),
            Effect::Keep(id) => self.keep(env, id),
            Effect::Prepare(group) => self.prepare(env, &group),
            Effect::Reshape(group, before) => {
                self.make_slots(env, &group)?;
                for (id, _) in before {
                    self.keep(env, id)?;
                }
                self.readings.insert(group, self.latest);
                self.keep_roster(env)
            }
            Effect::Drop(id) => {
                let child = self.slots.remove(&id).flatten();
                // Its end concerns nobody any more, least of all whoever gets the slot's number next.
                if let Some(child) = child.filter(|_| env.mutation != Some(Mutation::ConfuseSlots)) {
                    self.children.remove(&child);
                    self.unborn.remove(&child);
                }
                self.aftermaths.remove(&id);
                self.gone.push(id);
                self.drop_waiters(env, id)
            }
            Effect::Finished => {
                self.finished = Finished::Yes;
                Ok(())
            }
        }
    }

    fn publish(&mut self, env: &mut Env, event: Event) -> Result<(), Halt> {
        match event {
            Event::GroupAdded(_) if self.world.mode() == Mode::Resting => Ok(()),
            Event::GroupAdded(_) | Event::Began | Event::StopBegan => self.keep_roster(env),
            Event::GroupRemoved(group) => {
                self.readings.remove(&group);
                self.release_unused(env)?;
                self.keep_roster(env)
            }
            Event::Moved(moved) => {
                let clock = env.clocks().monotonic;
                env.transcript.note(env.now, || {
                    let unit = self.world.instance(moved.id).map(Unit::of);
                    let name = unit.map_or_else(|| format!("slot {}", moved.id.0), |unit| unit.to_string());
                    let (before, after) = (words(moved.before.phase, clock), words(moved.after.phase, clock));
                    format!("mind             {name}: {before} → {after}")
                });
                self.events.push_back((moved.id, moved.after));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Orders a process from the keeper.
    fn spawn(&mut self, env: &mut Env, id: InstanceId) -> Result<(), Halt> {
        let Some(instance) = self.world.instance(id) else { return Ok(()) };
        let unit = Unit::of(instance);
        env.witness.ordered(env.now, unit)?;
        let child = ChildId(self.next_child);
        self.next_child += 1;
        self.slots.insert(id, Some(child));
        self.children.insert(child, id);
        let order = ToKeeper::Spawn { child, id, unit };
        if env.mutation == Some(Mutation::OrderFirst) {
            env.send(order)?;
            return self.keep(env, id);
        }
        // A later mind must know which of the keeper's processes this one is before the keeper does.
        self.keep(env, id)?;
        env.send(order)
    }

    /// Sends a signal to a slot's process, or nothing if it has none.
    fn signal(&mut self, env: &mut Env, id: InstanceId, signal: Signal) -> Result<(), Halt> {
        let Some(child) = self.slots.get(&id).copied().flatten() else { return Ok(()) };
        if self.aftermaths.contains_key(&id) {
            // Only the last one counts: what is left has been asked.
            return if signal == Signal::KILL { self.signal_leftovers(env, id, signal) } else { Ok(()) };
        }
        let Some(instance) = self.world.instance(id) else { return Ok(()) };
        *self.signals.entry(child).or_default() += 1;
        env.send(ToKeeper::Signal { child, unit: Unit::of(instance), signal })
    }

    /// Notes the signals of one step, before any of its effects is carried out.
    fn owe(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let &Effect::Signal(id, signal, _) = effect {
                let child = self.slots.get(&id).copied().flatten();
                self.owed.insert(id, (signal, child.map_or(0, |child| self.sent(child))));
            }
        }
    }

    /// How many signals a process was sent.
    pub(crate) fn sent(&self, child: ChildId) -> u32 {
        self.signals.get(&child).copied().unwrap_or(0)
    }

    /// Sends what the mind before had written down and not sent.
    fn pay(&mut self, env: &mut Env, id: InstanceId, child: ChildId) -> Result<(), Halt> {
        match self.owed.get(&id) {
            Some(&(signal, after)) if after >= self.sent(child) => self.signal(env, id, signal),
            Some(_) | None => Ok(()),
        }
    }

    /// Keeps what is known of a slot where a later mind finds it.
    fn keep(&mut self, env: &mut Env, id: InstanceId) -> Result<(), Halt> {
        let (Some(instance), Some(slot)) = (self.world.instance(id), self.slots.get(&id)) else {
            return Ok(());
        };
        env.cross()?;
        let stopping = matches!(instance.facts.phase, Phase::Stopping { .. });
        let owed = self.owed.get(&id).copied().filter(|_| stopping);
        let record = Record { facts: instance.facts.clone(), child: slot.unwrap_or(ChildId(0)), owed };
        env.memory.ledger.insert(id, record);
        let clock = env.clocks().monotonic;
        Ok(env.witness.wrote(env.now, clock, id, Unit::of(instance), &instance.spec)?)
    }

    /// Makes the slots of a new group.
    fn prepare(&mut self, env: &mut Env, name: &GroupName) -> Result<(), Halt> {
        self.readings.insert(name.clone(), self.latest);
        self.make_slots(env, name)
    }

    fn make_slots(&mut self, env: &mut Env, name: &GroupName) -> Result<(), Halt> {
        let members = self.world.group(name).map(|group| group.members.clone()).unwrap_or_default();
        for id in members {
            if let Entry::Vacant(slot) = self.slots.entry(id) {
                slot.insert(None);
                if let Some(instance) = self.world.instance(id) {
                    env.witness.fresh(Unit::of(instance));
                }
                self.keep(env, id)?;
            }
        }
        Ok(())
    }

    fn keep_roster(&mut self, env: &mut Env) -> Result<(), Halt> {
        env.cross()?;
        let groups = self.world.groups().iter().map(|group| {
            let reading = self.readings.get(&group.spec.name).copied().unwrap_or(self.latest);
            (group.spec.name.clone(), reading, group.members.clone())
        });
        env.memory.roster = Some(Roster { mode: self.world.mode(), groups: groups.collect() });
        if matches!(self.world.mode(), Mode::Stopping | Mode::Stopped) {
            env.witness.stop_began(env.now);
        }
        // Only now: a later mind looks up all that the roster names.
        for id in std::mem::take(&mut self.gone) {
            env.cross()?;
            env.memory.ledger.remove(&id);
        }
        Ok(())
    }

    /// A reading from which groups can be taken into service from now on.
    fn read_more(&mut self, env: &mut Env, groups: Vec<Arc<GroupSpec>>) -> Result<(), Halt> {
        env.cross()?;
        self.latest += 1;
        env.memory.readings.insert(self.latest, groups);
        Ok(())
    }

    /// Lets go of the readings that no group comes from any more.
    fn release_unused(&mut self, env: &mut Env) -> Result<(), Halt> {
        env.cross()?;
        let used: BTreeSet<u32> = self.readings.values().copied().chain([self.latest]).collect();
        env.memory.readings.retain(|reading, _| used.contains(reading));
        Ok(())
    }

    /// The processes that this mind knows of, by the keeper's names.
    pub(crate) fn knows(&self, child: ChildId) -> bool {
        self.children.contains_key(&child)
    }

    /// How many wait for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// What the slot of a unit is called.
    pub(crate) fn slot_of(&self, unit: Unit) -> Option<InstanceId> {
        self.world.instances().find(|(_, instance)| Unit::of(instance) == unit).map(|(id, _)| id)
    }

    /// The name of a group by its number, if it is in service.
    fn group_name(&self, group: u8) -> Option<GroupName> {
        let mut groups = self.world.groups().iter();
        groups.find(|known| number(known.spec.name.as_str()) == group).map(|known| known.spec.name.clone())
    }
}

//! All instances: groups, their order, deadlines, and the way down.
//!
//! Groups start in plan order without waiting for each other. They stop one at a time from the highest priority
//! number to the lowest; the next one's turn comes when the last one is at rest.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::directory::Directory;
use crate::effect::Effect;
use crate::event::Event;
use crate::ids::{GroupName, InstanceId, UnitName};
use crate::input::Input;
use crate::instance::{Facts, Mood, Step, Stimulus};
use crate::mutation::{Mutation, Planted};
use crate::plan::GroupSpec;
use crate::program::ProgramSpec;
use crate::time::{Instant, Now};

/// Everything that is looked after. Changed by [`Supervision::step`] alone.
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    /// In the order in which they were added.
    groups: Vec<Group>,
    directory: Directory,
    instances: BTreeMap<InstanceId, Instance>,
    deadlines: BTreeSet<(Instant, InstanceId)>,
    /// The lowest number that no slot ever had.
    next_id: u32,
    /// The numbers below that no slot has now. They are given again, the lowest first, so that what is kept by number does
    /// not grow, and that a later mind gives the same ones.
    free_ids: BTreeSet<u32>,
    mode: Mode,
    /// Groups that are still to be stopped, the next one last.
    to_stop: Vec<GroupName>,
    /// How many members at the head of that group are known to be at rest: nothing starts any more, so they stay so.
    rested: usize,
    planted: Planted,
}

/// Where the supervision as a whole stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Nothing starts by itself yet.
    #[default]
    Resting,
    /// What should run, runs.
    Running,
    /// Everything is being stopped.
    Stopping,
    /// Everything has stopped.
    Stopped,
}

/// A group that is looked after.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is.
    pub spec: Arc<GroupSpec>,
    /// Its slots, in the order of `spec.programs`.
    pub members: Vec<InstanceId>,
}

/// A slot that is looked after.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its group.
    pub group: GroupName,
    /// What runs in it.
    pub spec: Arc<ProgramSpec>,
    /// What is known of it.
    pub facts: Facts,
}

impl Supervision {
    /// Nothing is looked after yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that makes a mistake.
    #[cfg(feature = "mutations")]
    pub fn mistaken(mutation: Mutation) -> Self {
        Self { planted: Planted::one(mutation), ..Self::default() }
    }

    /// Takes one input and appends what is to be done to `effects`.
    pub fn step(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Tick => self.tick(now, effects),
            Input::Begin => self.begin(now, effects),
            Input::Resume(mode) => self.resume(now, mode, effects),
            Input::AddGroup(spec) => self.add_group(now, spec, effects),
            Input::Adopt(spec, slots) => self.adopt(spec, slots),
            Input::RemoveGroup(name) => self.remove_group(&name, effects),
            Input::Shutdown => self.shutdown(now, effects),
            Input::Start(id) => self.stimulate(now, id, Stimulus::Start, effects),
            Input::Reshape(spec) => self.reshape(now, spec, effects),
            Input::Stop(id, order) => self.stimulate(now, id, Stimulus::Stop(order), effects),
            Input::Spawned(id, pid) => self.stimulate(now, id, Stimulus::Spawned(pid), effects),
            Input::NotSpawned(id, trouble) => {
                self.stimulate(now, id, Stimulus::NotSpawned(trouble), effects);
            }
            Input::OrderLost(id) => self.stimulate(now, id, Stimulus::OrderLost, effects),
            Input::Exited(id, status) => self.stimulate(now, id, Stimulus::Exited(status), effects),
            Input::SignalFailed(id, errno) => {
                self.stimulate(now, id, Stimulus::SignalFailed(errno), effects);
            }
        }
        self.go_on_stopping(now, effects);
    }

    /// When the next [`Input::Tick`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    /// Where the whole stands.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The groups in the order in which they were added.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group of this name.
    pub fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.get(self.directory.place(name)?)
    }

    /// What is in a slot.
    pub fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.instances.get(&id)
    }

    /// All slots, by id.
    pub fn instances(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.instances.iter().map(|(&id, instance)| (id, instance))
    }

    /// The slot of a program.
    pub fn find(&self, name: &UnitName) -> Option<InstanceId> {
        self.directory.slot(name)
    }

    fn mood(&self) -> Mood {
        match self.mode {
            Mode::Resting | Mode::Running => Mood::Running,
            Mode::Stopping | Mode::Stopped => Mood::Stopping,
        }
    }

    fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while let Some(&(at, id)) = self.deadlines.first() {
            if at > now.monotonic {
                break;
            }
            self.deadlines.pop_first();
            self.stimulate(now, id, Stimulus::Due, effects);
        }
    }

    fn begin(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.mode != Mode::Resting {
            return;
        }
        self.mode = Mode::Running;
        effects.push(Effect::Publish(Event::Began));
        self.begin_all(now, effects);
    }

    fn begin_all(&mut self, now: Now, effects: &mut Vec<Effect>) {
        for id in self.in_start_order() {
            self.stimulate(now, id, Stimulus::Begin, effects);
        }
    }

    /// Groups by priority, those of one priority as they were added; in a group as it lists them.
    fn in_start_order(&self) -> Vec<InstanceId> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| group.spec.priority);
        groups.into_iter().flat_map(|group| group.members.iter().copied()).collect()
    }

    fn add_group(&mut self, now: Now, spec: Arc<GroupSpec>, effects: &mut Vec<Effect>) {
        if self.group(&spec.name).is_some() || self.mood() == Mood::Stopping {
            return;
        }
        let slots = spec.programs.iter().map(|_| (self.new_id(), Facts::FRESH)).collect::<Vec<_>>();
        let members: Vec<InstanceId> = slots.iter().map(|&(id, _)| id).collect();
        let name = spec.name.clone();
        self.adopt(spec, slots);
        effects.push(Effect::Prepare(name.clone()));
        effects.push(Effect::Publish(Event::GroupAdded(name)));
        if self.mode == Mode::Running {
            for id in members {
                self.stimulate(now, id, Stimulus::Begin, effects);
            }
        }
    }

    fn reshape(&mut self, now: Now, spec: Arc<GroupSpec>, effects: &mut Vec<Effect>) {
        let Some(place) = self.directory.place(&spec.name) else { return };
        let old = self.groups[place].clone();
        let mut leaving: BTreeMap<_, _> =
            old.spec.programs.iter().map(|program| program.name.clone()).zip(old.members).collect();
        let staying: Vec<Option<InstanceId>> =
            spec.programs.iter().map(|program| leaving.remove(&program.name)).collect();
        let at_rest = |id| self.instances.get(id).is_none_or(|instance| instance.facts.is_at_rest());
        if !leaving.values().all(at_rest) {
            return;
        }
        let (mut members, mut new, mut before) = (Vec::new(), Vec::new(), Vec::new());
        for (program, staying) in spec.programs.iter().zip(staying) {
            let id = staying.unwrap_or_else(|| {
                let id = self.new_id();
                new.push(id);
                id
            });
            let facts = match self.instances.remove(&id) {
                Some(instance) => {
                    if instance.spec != *program {
                        before.push((id, instance.spec));
                    }
                    instance.facts
                }
                None => Facts::FRESH,
            };
            let instance = Instance { group: spec.name.clone(), spec: program.clone(), facts };
            self.instances.insert(id, instance);
            members.push(id);
        }
        for id in leaving.into_values() {
            self.drop_slot(id, effects);
        }
        effects.push(Effect::Reshape(spec.name.clone(), before));
        self.directory.forget_slots(&self.groups[place]);
        self.groups[place] = Group { spec, members };
        self.directory.enter(place, &self.groups[place]);
        self.rested = 0;
        if self.mode == Mode::Running {
            for id in new {
                self.stimulate(now, id, Stimulus::Begin, effects);
            }
        }
    }

    fn new_id(&mut self) -> InstanceId {
        let id = self.free_ids.pop_first().unwrap_or(self.next_id);
        self.next_id = self.next_id.max(id + 1);
        InstanceId(id)
    }

    fn drop_slot(&mut self, id: InstanceId, effects: &mut Vec<Effect>) {
        self.instances.remove(&id);
        self.free_ids.insert(id.0);
        effects.push(Effect::Drop(id));
    }

    fn adopt(&mut self, spec: Arc<GroupSpec>, slots: Vec<(InstanceId, Facts)>) {
        let members = slots.iter().map(|&(id, _)| id).collect();
        for (program, (id, facts)) in spec.programs.iter().zip(slots) {
            self.free_ids.extend(self.next_id..id.0);
            self.free_ids.remove(&id.0);
            self.next_id = self.next_id.max(id.0 + 1);
            self.deadlines.extend(facts.deadline().map(|at| (at, id)));
            let instance = Instance { group: spec.name.clone(), spec: program.clone(), facts };
            self.instances.insert(id, instance);
        }
        let group = Group { spec, members };
        self.directory.enter(self.groups.len(), &group);
        self.groups.push(group);
    }

    fn remove_group(&mut self, name: &GroupName, effects: &mut Vec<Effect>) {
        let Some(place) = self.directory.place(name) else { return };
        let members = self.groups[place].members.iter();
        if !members.filter_map(|id| self.instances.get(id)).all(|instance| instance.facts.is_at_rest()) {
            return;
        }
        let group = self.groups.remove(place);
        self.directory.remove(place, &group);
        for id in group.members {
            self.drop_slot(id, effects);
        }
        effects.push(Effect::Publish(Event::GroupRemoved(name.clone())));
    }

    fn resume(&mut self, now: Now, mode: Mode, effects: &mut Vec<Effect>) {
        self.mode = mode;
        match mode {
            Mode::Resting => {}
            // Where it broke off in the midst of its beginning, some have not had their turn.
            Mode::Running => self.begin_all(now, effects),
            Mode::Stopping | Mode::Stopped => {
                self.mode = Mode::Stopping;
                self.line_up_to_stop();
                self.stop_next(now, effects);
            }
        }
    }

    fn shutdown(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.mood() == Mood::Stopping {
            return;
        }
        self.mode = Mode::Stopping;
        effects.push(Effect::Publish(Event::StopBegan));
        self.line_up_to_stop();
        self.stop_next(now, effects);
    }

    fn line_up_to_stop(&mut self) {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| group.spec.priority);
        self.rested = 0;
        self.to_stop = groups.into_iter().map(|group| group.spec.name.clone()).collect();
    }

    /// Lets the next group's turn come when the one before is at rest.
    fn go_on_stopping(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.mode != Mode::Stopping {
            return;
        }
        while let Some(name) = self.to_stop.last().cloned() {
            let at_once = self.planted.is(Mutation::StopAllAtOnce) && self.to_stop.len() > 1;
            if !(self.has_come_to_rest(&name) || at_once) {
                return;
            }
            self.to_stop.pop();
            self.rested = 0;
            self.stop_next(now, effects);
        }
        self.mode = Mode::Stopped;
        effects.push(Effect::Finished);
    }

    /// Whether the group that is being stopped is at rest.
    fn has_come_to_rest(&mut self, name: &GroupName) -> bool {
        let Some(group) = self.directory.place(name).and_then(|place| self.groups.get(place)) else {
            return true;
        };
        let unknown = group.members.get(self.rested..).unwrap_or_default();
        let at_rest = |id: &&InstanceId| self.instances.get(id).is_none_or(|slot| slot.facts.is_at_rest());
        self.rested += unknown.iter().take_while(at_rest).count();
        self.rested >= group.members.len()
    }

    fn stop_next(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let Some(group) = self.to_stop.last().and_then(|name| self.group(name)) else { return };
        let mut members = group.members.clone();
        members.sort_by_key(|id| self.instances.get(id).map(|instance| instance.spec.priority));
        for id in members.into_iter().rev() {
            self.stimulate(now, id, Stimulus::GiveUp, effects);
        }
    }

    fn stimulate(&mut self, now: Now, id: InstanceId, stimulus: Stimulus, effects: &mut Vec<Effect>) {
        let (mood, planted) = (self.mood(), self.planted);
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if let Some(at) = instance.facts.deadline() {
            self.deadlines.remove(&(at, id));
        }
        let spec = &instance.spec;
        Step { id, spec, facts: &mut instance.facts, mood, now, planted, effects }.take(stimulus);
        if let Some(at) = instance.facts.deadline() {
            self.deadlines.insert((at, id));
        }
    }
}

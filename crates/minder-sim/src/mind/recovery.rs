//! How a mind begins: `recovery` of minder-runtime. The first one finds the files and nothing else; a later one finds
//! everything, and goes on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use minder_core::ids::{InstanceId, Pid};
use minder_core::input::Input;
use minder_core::instance::{Facts, Phase, Rest};
use minder_core::plan::GroupSpec;
use minder_core::supervision::{Mode, Supervision};
use minder_core::time::Instant;

use super::{Finished, Mind};
use crate::env::Env;
use crate::halt::Halt;
use crate::memory::Roster;
use crate::mutation::Mutation;
use crate::wire::{ChildId, Kept, Stage, ToKeeper};

/// What the keeper knows of a slot's process.
struct News {
    id: InstanceId,
    child: ChildId,
    /// `None`: the keeper knows of no process.
    kept: Option<Kept>,
}

impl Mind {
    /// One that knows nothing yet; [`Mind::begin`] is to follow.
    pub(crate) fn new(supervision: Supervision, env: &Env) -> Self {
        let latest = env.memory.readings.keys().next_back().copied().unwrap_or(0);
        Self {
            world: supervision,
            slots: BTreeMap::new(),
            children: BTreeMap::new(),
            unborn: BTreeSet::new(),
            next_child: 1,
            latest,
            readings: BTreeMap::new(),
            plan: Vec::new(),
            gone: Vec::new(),
            waiters: Vec::new(),
            inputs: VecDeque::new(),
            events: VecDeque::new(),
            finished: Finished::No,
            signals: BTreeMap::new(),
            owed: BTreeMap::new(),
            aftermaths: BTreeMap::new(),
        }
    }

    /// Begins with what the keeper greets it with.
    pub(crate) fn begin(&mut self, env: &mut Env, children: BTreeMap<ChildId, Kept>) -> Result<(), Halt> {
        if env.memory.readings.is_empty() {
            // The front has read the files before there was any mind.
            env.memory.readings.insert(0, env.files.values().cloned().collect());
        }
        self.plan = env.memory.readings.values().next_back().cloned().unwrap_or_default();
        match env.memory.roster.clone() {
            Some(kept) => self.take_up(env, &kept, children),
            None => {
                self.refuse_strangers(env, children)?;
                self.bring_all_into_service();
                self.settle(env)
            }
        }
    }

    fn bring_all_into_service(&mut self) {
        for group in self.plan.clone() {
            self.push(Input::AddGroup(group));
        }
        self.push(Input::Begin);
    }

    fn take_up(
        &mut self,
        env: &mut Env,
        kept: &Roster,
        mut children: BTreeMap<ChildId, Kept>,
    ) -> Result<(), Halt> {
        self.readings = kept.groups.iter().map(|(name, reading, _)| (name.clone(), *reading)).collect();
        self.next_child = children.keys().map(|child| child.0 + 1).max().unwrap_or(1);
        let mut news = Vec::new();
        for (name, reading, ids) in &kept.groups {
            let reading = env.memory.readings.get(reading);
            let spec = reading.and_then(|groups| groups.iter().find(|spec| spec.name == *name)).cloned();
            if let Some(spec) = spec.filter(|spec| spec.programs.len() == ids.len()) {
                self.adopt(env, spec, ids, &mut children, &mut news)?;
            }
        }
        self.refuse_strangers(env, children)?;
        match kept.mode {
            // Killed before anything had begun: what was not in service yet comes into it, and it begins now.
            Mode::Resting => self.bring_all_into_service(),
            Mode::Stopping | Mode::Stopped if env.mutation == Some(Mutation::ForgetShutdown) => {
                self.push(Input::Resume(Mode::Running));
            }
            Mode::Running | Mode::Stopping | Mode::Stopped => self.push(Input::Resume(kept.mode)),
        }
        self.settle(env)?;
        for news in &news {
            self.catch_up(env, news)?;
        }
        Ok(())
    }

    fn adopt(
        &mut self,
        env: &mut Env,
        spec: Arc<GroupSpec>,
        ids: &[InstanceId],
        children: &mut BTreeMap<ChildId, Kept>,
        news: &mut Vec<News>,
    ) -> Result<(), Halt> {
        let mut adopted = Vec::new();
        for (&id, program) in ids.iter().zip(&spec.programs) {
            let record = env.memory.ledger.get(&id);
            let facts = record.map_or(Facts::FRESH, |record| mutated(env.mutation, record.facts.clone()));
            let child = record.map_or(ChildId(0), |record| record.child);
            let owed = record.and_then(|record| record.owed);
            self.next_child = self.next_child.max(child.0 + 1);
            let mut slot = None;
            match children.remove(&child) {
                Some(kept) => {
                    slot = Some(child);
                    self.signals.insert(child, kept.signals);
                    self.owed.extend(owed.map(|owed| (id, owed)));
                    self.children.insert(child, id);
                    if program.surroundings.unborn == minder_core::program::Unborn::NotMade
                        && kept.stage == Stage::Failed
                    {
                        self.unborn.insert(child);
                        env.witness.unborn(kept.life);
                    }
                    news.push(News { id, child, kept: Some(kept) });
                }
                // Ordered, but the order never arrived; or its end was being counted when the mind was killed.
                None if facts.phase == Phase::Spawning => news.push(News { id, child, kept: None }),
                None => {}
            }
            self.slots.insert(id, slot);
            adopted.push((id, facts));
        }
        self.push(Input::Adopt(spec, adopted));
        self.settle(env)
    }

    /// Tells the supervision what it does not know yet of one slot.
    fn catch_up(&mut self, env: &mut Env, news: &News) -> Result<(), Halt> {
        let Some(phase) = self.world.instance(news.id).map(|instance| instance.facts.phase) else {
            return Ok(());
        };
        if phase == Phase::Spawning && env.mutation == Some(Mutation::OrderAgain) {
            return self.spawn(env, news.id);
        }
        match (phase, news.kept) {
            (Phase::Spawning, None) if env.mutation == Some(Mutation::OrderWhatIsUnwanted) => {
                self.spawn(env, news.id)?;
            }
            // Not by our own hand: somebody may have asked for a stop since.
            (Phase::Spawning, None) => self.push(Input::OrderLost(news.id)),
            (_, None) => {}
            (_, Some(kept)) => {
                if let (Phase::Spawning, Some(pid)) = (phase, Pid::new(kept.pid))
                    && !self.unborn.contains(&news.child)
                {
                    self.push(Input::Spawned(news.id, pid));
                    self.settle(env)?;
                }
                if let Some(status) = kept.exit {
                    if env.mutation == Some(Mutation::LookForNothing) {
                        return self.exited(env, news.child, status, kept.life);
                    }
                    self.ended(env, news.child, status, kept.life)?;
                } else if env.mutation != Some(Mutation::ForgetOwed) {
                    self.pay(env, news.id, news.child)?;
                }
            }
        }
        self.settle(env)
    }

    /// Processes that belong to no slot: those whose end was counted are forgotten, others are left alone.
    fn refuse_strangers(&mut self, env: &mut Env, children: BTreeMap<ChildId, Kept>) -> Result<(), Halt> {
        for (child, kept) in children {
            if kept.exit.is_some() {
                env.send(ToKeeper::Acknowledge { child })?;
            }
        }
        Ok(())
    }

    /// The keeper is gone: makes sense of what it had told of a process that nobody will tell more of.
    pub(crate) fn keeper_is_gone(&mut self, env: &mut Env, child: ChildId, kept: Kept) -> Result<(), Halt> {
        self.spawned(env, child, kept.pid, Stage::Passed, kept.life);
        self.settle(env)
    }
}

/// What a mind that makes a mistake finds in the ledger.
fn mutated(mutation: Option<Mutation>, mut facts: Facts) -> Facts {
    match (mutation, facts.phase) {
        (Some(Mutation::ForgetBackoff), _) => facts.failures = 0,
        (Some(Mutation::LoseStop), Phase::Down(Rest::Asked)) => facts.phase = Phase::Down(Rest::Fresh),
        (Some(Mutation::DropKillDeadline), Phase::Stopping { pid, .. }) => {
            facts.phase = Phase::Stopping { pid, kill_at: Instant(u64::MAX) };
        }
        _ => {}
    }
    facts
}

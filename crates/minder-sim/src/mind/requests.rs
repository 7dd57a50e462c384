//! Answering what clients ask: `requests` and `waiters` of minder-runtime.

use std::sync::Arc;
use std::time::Duration;

use minder_core::control::{Refusal, Until, may_start, start_outcome, stop_outcome};
use minder_core::ids::{InstanceId, ProgramName, Signal};
use minder_core::input::Input;
use minder_core::instance::{Facts, Phase};
use minder_core::plan::GroupSpec;
use minder_core::stop::StopOrder;
use minder_core::supervision::Mode;

use super::{Awaited, Mind};
use crate::env::{Env, Ticket};
use crate::halt::Halt;
use crate::moves::{Unit, number};
use crate::scenario::program;

/// What a client asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    Start(Unit, Until),
    Stop(Unit, Option<Duration>, Until),
    Signal(Unit, Signal),
    Reread,
    Add(u8),
    Remove(u8),
    Reshape(u8, u8),
    Shutdown,
}

impl Mind {
    /// Carries out what is asked. Whoever waits for an outcome is answered later.
    pub(crate) fn answer(&mut self, env: &mut Env, ask: Ask, ticket: Ticket) -> Result<(), Halt> {
        env.cross()?;
        env.transcript.note(env.now, || format!("client ─▶ mind   {ask:?}"));
        let outcome = match ask {
            Ask::Start(unit, until) => return self.start(env, unit, until, ticket),
            Ask::Stop(unit, grace, until) => return self.stop(env, unit, grace, until, ticket),
            Ask::Signal(unit, signal) => self.signal_asked(env, unit, signal)?,
            Ask::Reread => {
                let files = env.files.values().cloned().collect::<Vec<_>>();
                self.plan.clone_from(&files);
                self.read_more(env, files)?;
                self.release_unused(env)?;
                Ok(())
            }
            Ask::Add(group) => self.add_group(group),
            Ask::Remove(group) => self.remove_group(group),
            Ask::Reshape(group, size) => self.shape(env, group, size)?,
            Ask::Shutdown => {
                self.push(Input::Shutdown);
                Ok(())
            }
        };
        env.answer(ticket, outcome)?;
        self.settle(env)
    }

    fn start(&mut self, env: &mut Env, unit: Unit, until: Until, ticket: Ticket) -> Result<(), Halt> {
        let Some(id) = self.slot_of(unit) else { return env.answer(ticket, Err(Refusal::NoSuchProgram)) };
        if let Err(refusal) = self.check_start(id) {
            return env.answer(ticket, Err(refusal));
        }
        env.witness.start_asked(unit);
        self.push(Input::Start(id));
        self.await_outcome(env, id, Awaited::Start(until), ticket)
    }

    fn check_start(&self, id: InstanceId) -> Result<(), Refusal> {
        let instance = self.world.instance(id).ok_or(Refusal::NoSuchProgram)?;
        self.check_mode()?;
        may_start(&instance.facts)
    }

    fn check_mode(&self) -> Result<(), Refusal> {
        match self.world.mode() {
            Mode::Resting | Mode::Running => Ok(()),
            Mode::Stopping | Mode::Stopped => Err(Refusal::ShuttingDown),
        }
    }

    fn stop(
        &mut self,
        env: &mut Env,
        unit: Unit,
        grace: Option<Duration>,
        until: Until,
        ticket: Ticket,
    ) -> Result<(), Halt> {
        let Some(id) = self.slot_of(unit) else { return env.answer(ticket, Err(Refusal::NoSuchProgram)) };
        if self.world.instance(id).is_some_and(|instance| !instance.facts.is_wanted()) {
            return env.answer(ticket, Err(Refusal::NotRunning));
        }
        let order = grace.map(|grace| StopOrder { signal: Signal::TERM, grace });
        self.push(Input::Stop(id, order));
        self.await_outcome(env, id, Awaited::Stop(until), ticket)
    }

    /// Takes the input that was just queued, then waits for what comes of it.
    fn await_outcome(
        &mut self,
        env: &mut Env,
        id: InstanceId,
        awaited: Awaited,
        ticket: Ticket,
    ) -> Result<(), Halt> {
        self.settle(env)?;
        match self.world.instance(id) {
            Some(instance) => match outcome(awaited, &instance.facts) {
                Some(outcome) => env.answer(ticket, outcome),
                None => {
                    self.waiters.push((id, awaited, ticket));
                    Ok(())
                }
            },
            None => env.answer(ticket, Err(Refusal::NoSuchProgram)),
        }
    }

    pub(super) fn tell_waiters(&mut self, env: &mut Env, id: InstanceId, facts: &Facts) -> Result<(), Halt> {
        let mut i = 0;
        while let Some(&(waiting, awaited, ticket)) = self.waiters.get(i) {
            match outcome(awaited, facts).filter(|_| waiting == id) {
                Some(outcome) => {
                    self.waiters.remove(i);
                    env.answer(ticket, outcome)?;
                }
                None => i += 1,
            }
        }
        Ok(())
    }

    pub(super) fn drop_waiters(&mut self, env: &mut Env, id: InstanceId) -> Result<(), Halt> {
        let (gone, staying) = std::mem::take(&mut self.waiters).into_iter().partition(|(of, ..)| *of == id);
        self.waiters = staying;
        let gone: Vec<(InstanceId, Awaited, Ticket)> = gone;
        gone.into_iter().try_for_each(|(.., ticket)| env.answer(ticket, Err(Refusal::NoSuchProgram)))
    }

    fn signal_asked(
        &mut self,
        env: &mut Env,
        unit: Unit,
        signal: Signal,
    ) -> Result<Result<(), Refusal>, Halt> {
        let Some((id, instance)) = self.slot_of(unit).and_then(|id| Some((id, self.world.instance(id)?)))
        else {
            return Ok(Err(Refusal::NoSuchProgram));
        };
        match instance.facts.phase {
            Phase::Starting { .. } | Phase::Up { .. } | Phase::Stopping { .. } => {
                if signal == Signal::KILL {
                    env.killed_by_hand.insert(unit);
                }
                self.signal(env, id, signal)?;
                Ok(Ok(()))
            }
            Phase::Down(_) | Phase::Spawning | Phase::Waiting { .. } | Phase::Lost { .. } => {
                Ok(Err(Refusal::NotRunning))
            }
        }
    }

    fn add_group(&mut self, group: u8) -> Result<(), Refusal> {
        self.check_mode()?;
        if self.group_name(group).is_some() {
            return Err(Refusal::AlreadyActive);
        }
        let spec = self.plan.iter().find(|spec| number(spec.name.as_str()) == group);
        let spec = spec.ok_or(Refusal::NoSuchGroup)?.clone();
        self.push(Input::AddGroup(spec));
        Ok(())
    }

    fn remove_group(&mut self, group: u8) -> Result<(), Refusal> {
        let name = self.group_name(group).ok_or(Refusal::NoSuchGroup)?;
        let busy = |id: &InstanceId| self.world.instance(*id).is_some_and(|known| !known.facts.is_at_rest());
        if self.world.group(&name).is_some_and(|group| group.members.iter().any(busy)) {
            return Err(Refusal::StillRunning);
        }
        self.push(Input::RemoveGroup(name));
        Ok(())
    }

    /// Gives a group `size` programs: the first of those it has, and new ones.
    fn shape(&mut self, env: &mut Env, group: u8, size: u8) -> Result<Result<(), Refusal>, Halt> {
        if let Err(refusal) = self.check_mode() {
            return Ok(Err(refusal));
        }
        let running = self.group_name(group).and_then(|name| self.world.group(&name));
        let Some(running) =
            running.map(|group| group.spec.clone()).or_else(|| env.files.get(&group).cloned())
        else {
            return Ok(Err(Refusal::NoSuchGroup));
        };
        let mut spec = GroupSpec::clone(&running);
        spec.programs.retain(|program| number(program.name.as_str()) < size);
        for n in 0..size {
            let name = ProgramName::new(format!("p{n}"));
            if spec.programs.iter().all(|program| program.name != name) {
                spec.programs.push(Arc::new(program(name.as_str())));
            }
        }
        let spec = Arc::new(spec);
        if self.would_lose_a_process(&spec) {
            return Ok(Err(Refusal::StillRunning));
        }
        self.read_more(env, vec![spec.clone()])?;
        self.push(match self.world.group(&spec.name) {
            Some(_) => Input::Reshape(spec),
            None => Input::AddGroup(spec),
        });
        self.settle(env)?;
        self.release_unused(env)?;
        Ok(Ok(()))
    }

    fn would_lose_a_process(&self, spec: &GroupSpec) -> bool {
        let stays = |program: &ProgramName| spec.programs.iter().any(|staying| staying.name == *program);
        let members = self.world.group(&spec.name).map_or(&[][..], |group| &group.members);
        let mut instances = members.iter().filter_map(|id| self.world.instance(*id));
        instances.any(|instance| !stays(&instance.spec.name) && !instance.facts.is_at_rest())
    }
}

fn outcome(awaited: Awaited, facts: &Facts) -> Option<Result<(), Refusal>> {
    match awaited {
        Awaited::Start(until) => start_outcome(facts, until),
        Awaited::Stop(until) => stop_outcome(facts, until),
    }
}

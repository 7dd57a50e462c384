//! What the witness looks at as a whole: when nothing bad has happened for a long time, when everything stops, and at the end.

use minder_core::ids::InstanceId;
use minder_core::instance::{Facts, Phase, Rest};
use minder_core::program::{ProgramSpec, Startup};
use minder_core::supervision::Supervision;

use super::{Asked, Excuse, Seen, Stopped, Witness};
use crate::halt::{Invariant, Violation, hold};
use crate::kernel::{Kernel, State};
use crate::moves::Unit;

impl Witness {
    /// Nothing bad has happened for a long time.
    pub(crate) fn look_at_calm(&self, world: &Supervision, kernel: &Kernel) -> Result<(), Violation> {
        for (_, instance) in world.instances() {
            self.look_at_slot(Unit::of(instance), &instance.spec, &instance.facts, kernel)?;
        }
        for seen in self.lives.values().filter(|seen| seen.excuse == Excuse::None) {
            let Seen { unit, pid, .. } = *seen;
            if seen.ended.is_some() {
                hold(Invariant::ExitOnce, seen.counted == 1, || {
                    format!("process {pid} of {unit} has ended, and nobody has noticed")
                })?;
                continue;
            }
            let known =
                world.instances().any(|(_, instance)| instance.facts.pid().is_some_and(|p| p.get() == pid));
            hold(Invariant::OneInstance, known, || {
                format!("process {pid} of {unit} runs, and nobody knows of it")
            })?;
        }
        Ok(())
    }

    fn look_at_slot(
        &self,
        unit: Unit,
        spec: &ProgramSpec,
        facts: &Facts,
        kernel: &Kernel,
    ) -> Result<(), Violation> {
        let watch = self.units.get(&unit).cloned().unwrap_or_default();
        let process = kernel.living(unit);
        let right = match facts.phase {
            Phase::Up { pid } => {
                process.is_some_and(|(alive, _)| alive == pid.get()) && watch.stopped == Stopped::No
            }
            Phase::Lost { .. } => true,
            Phase::Down(Rest::Fresh) => spec.startup == Startup::OnRequest,
            Phase::Down(Rest::Asked) => watch.stop_asked == Asked::Yes,
            Phase::Down(Rest::Ended) => {
                facts.last_exit.is_some_and(|status| !spec.restart.restarts(&spec.expected_exits, status))
            }
            Phase::Down(Rest::GaveUp) => true,
            Phase::Spawning | Phase::Starting { .. } | Phase::Stopping { .. } | Phase::Waiting { .. } => {
                false
            }
        };
        hold(Invariant::Liveness, right, || format!("{unit} is still {:?}", facts.phase))
    }

    /// minder says that it has finished.
    pub(crate) fn finished(&self, kernel: &Kernel) -> Result<(), Violation> {
        for (pid, process) in &kernel.processes {
            let ours = self.lives.get(&process.life).is_some_and(|seen| seen.excuse == Excuse::None);
            hold(Invariant::Finish, !ours || process.state != State::Alive, || {
                format!("minder has finished, and process {pid} of {} lives", process.unit)
            })?;
        }
        Ok(())
    }
}

/// While everything stops, a group is asked only when those of a higher priority are at rest.
pub(super) fn last_is_asked_last(world: &Supervision, id: InstanceId) -> Result<(), Violation> {
    let priority_of = |name| world.group(name).map_or(0, |group| group.spec.priority);
    let Some(asked) = world.instance(id) else { return Ok(()) };
    let priority = priority_of(&asked.group);
    for (_, instance) in world.instances() {
        let first = priority_of(&instance.group) > priority && !instance.facts.is_at_rest();
        hold(Invariant::WayDown, !first, || {
            format!("{} is asked to end before {} has ended", Unit::of(asked), Unit::of(instance))
        })?;
    }
    Ok(())
}

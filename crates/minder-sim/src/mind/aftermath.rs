//! The end of a stop: what a process has left that has ended is to end, too. `aftermath` of minder-runtime.

use minder_core::ids::{ExitStatus, InstanceId, Signal};
use minder_core::instance::Phase;
use minder_core::time::Instant;

use super::Mind;
use crate::env::Env;
use crate::halt::Halt;
use crate::kernel::Life;
use crate::mutation::Mutation;
use crate::wire::{ChildId, ToKeeper};

/// A process that has ended in a stop, while something is left of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aftermath {
    child: ChildId,
    status: ExitStatus,
    life: Life,
}

impl Mind {
    /// A process has ended. In a stop, what it has left is looked for first; otherwise the exit is all.
    pub(super) fn ended(
        &mut self,
        env: &mut Env,
        child: ChildId,
        status: ExitStatus,
        life: Life,
    ) -> Result<(), Halt> {
        let slot = self.children.get(&child).filter(|_| !self.unborn.contains(&child)).copied();
        let phase = slot.and_then(|id| self.world.instance(id)).map(|instance| instance.facts.phase);
        let stopping = matches!(phase, Some(Phase::Stopping { .. }));
        let looks = match env.mutation {
            Some(Mutation::ForgetLeftovers) => false,
            Some(Mutation::EndWhatIsMeant) => true,
            _ => stopping,
        };
        let Some(id) = slot.filter(|_| looks && env.families.lives(life, env.now)) else {
            return self.exited(env, child, status, life);
        };
        env.counts.happened("something was left");
        env.send(ToKeeper::Noted { child })?;
        self.aftermaths.insert(id, Aftermath { child, status, life });
        match status {
            ExitStatus::Signal { signal: Signal::KILL, .. } => self.signal_leftovers(env, id, Signal::KILL),
            _ => self.signal_leftovers(env, id, Signal::TERM),
        }
    }

    /// A signal for what a slot's process has left. Only the first and the last one count.
    pub(super) fn signal_leftovers(
        &mut self,
        env: &mut Env,
        id: InstanceId,
        signal: Signal,
    ) -> Result<(), Halt> {
        let Some(&Aftermath { life, .. }) = self.aftermaths.get(&id) else { return Ok(()) };
        env.cross()?;
        env.witness.leftovers_signalled(life)?;
        env.transcript
            .note(env.now, || format!("mind ─▶ kernel   what is left of slot {}: {}", id.0, signal.0));
        match signal {
            Signal::KILL if env.mutation == Some(Mutation::OnlyAskLeftovers) => {}
            Signal::KILL => env.families.kill(life, env.now),
            _ => env.families.ask(life, env.now),
        }
        Ok(())
    }

    /// When something that is left ends, if that is known.
    pub(crate) fn leftovers_end_at(&self, env: &Env) -> Option<Instant> {
        self.aftermaths.values().filter_map(|aftermath| env.families.ends(aftermath.life)).min()
    }

    /// Something that was left has ended: where nothing is left, the exit is told.
    pub(crate) fn leftovers_ended(&mut self, env: &mut Env) -> Result<(), Halt> {
        let over = |aftermath: &Aftermath| !env.families.lives(aftermath.life, env.now);
        let over = self.aftermaths.iter().find(|(_, aftermath)| over(aftermath)).map(|(&id, _)| id);
        let Some(Aftermath { child, status, life }) = over.and_then(|id| self.aftermaths.remove(&id)) else {
            return Ok(());
        };
        env.cross()?;
        self.exited(env, child, status, life)?;
        self.settle(env)
    }
}

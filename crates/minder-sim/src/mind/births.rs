//! What the keeper tells of processes becomes inputs of the supervision: `births` of minder-runtime.

use minder_core::ids::{CoreDump, Errno, ExitStatus, InstanceId, Pid, Signal};
use minder_core::input::Input;
use minder_core::instance::{Trouble, UnbornStep};
use minder_core::program::Unborn;

use super::{Mind, Told};
use crate::env::Env;
use crate::halt::Halt;
use crate::kernel::Life;
use crate::mutation::Mutation;
use crate::wire::{ChildId, Stage, ToKeeper};

/// `ENOENT`, for a program that is not there.
pub(super) const ENOENT: Errno = Errno(2);

impl Mind {
    pub(crate) fn spawned(&mut self, env: &mut Env, child: ChildId, pid: u32, stage: Stage, life: Life) {
        let Some((&id, pid)) = self.children.get(&child).zip(Pid::new(pid)) else { return };
        if stage == Stage::Failed && self.counts_as_not_made(id) {
            self.unborn.insert(child);
            env.witness.unborn(life);
            return;
        }
        self.push(Input::Spawned(id, pid));
    }

    pub(super) fn counts_as_not_made(&self, id: InstanceId) -> bool {
        self.world.instance(id).is_some_and(|instance| instance.spec.surroundings.unborn == Unborn::NotMade)
    }

    pub(super) fn not_spawned(&mut self, child: ChildId, errno: Errno) {
        let Some(id) = self.children.remove(&child) else { return };
        self.slots.insert(id, None);
        self.push(Input::NotSpawned(id, Trouble::Fork(errno)));
    }

    /// A process has ended: the exit first, then the keeper may forget it.
    pub(super) fn exited(
        &mut self,
        env: &mut Env,
        child: ChildId,
        status: ExitStatus,
        life: Life,
    ) -> Result<(), Halt> {
        if env.mutation == Some(Mutation::AcknowledgeFirst) {
            env.send(ToKeeper::Acknowledge { child })?;
        }
        let known = self.children.remove(&child);
        if self.unborn.remove(&child) {
            if let Some(id) = known {
                self.vacate(id);
                self.push(Input::NotSpawned(id, Trouble::Unborn(UnbornStep::Exec, ENOENT)));
                self.settle(env)?;
            }
        } else if let Some(id) = known {
            if env.mutation != Some(Mutation::KeepDeadChild) {
                self.vacate(id);
            }
            let status = match env.mutation {
                Some(Mutation::WrongStatus) if env.one_in(20, 7) => {
                    ExitStatus::Signal { signal: Signal(6), core: CoreDump::None }
                }
                _ => status,
            };
            if env.mutation != Some(Mutation::IgnoreExit) || !env.one_in(20, 8) {
                self.inputs
                    .push_back(Told { input: Input::Exited(id, status), exit: Some((id, life, status)) });
            }
            // The exit is in the ledger before the keeper forgets it.
            self.settle(env)?;
        }
        env.send(ToKeeper::Acknowledge { child })
    }

    fn vacate(&mut self, id: InstanceId) {
        if let Some(slot) = self.slots.get_mut(&id) {
            *slot = None;
        }
    }
}

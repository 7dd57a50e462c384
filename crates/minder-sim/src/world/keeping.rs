//! What the keeper does: obey, reap, tell. The order of things is that of `keeper` and `reap` of minder-keeper.

use minder_core::ids::{CoreDump, ExitStatus, Signal};
use minder_core::instance::Phase;
use std::time::Duration;

use super::{Cause, Ended, Task, World};
use crate::chance::mix;
use crate::halt::{Invariant, Violation, hold};
use crate::keeper::{Asked, Farewell, Parent};
use crate::kernel::{Hardened, Life, State};
use crate::moves::{Unit, ending};
use crate::mutation::Mutation;
use crate::nature::{Birth, Touch};
use crate::wire::{ChildId, FromKeeper, Kept, Stage, ToKeeper};

const EPERM: i32 = 1;
const ESRCH: i32 = 3;
const EAGAIN: i32 = 11;
const EEXIST: i32 = 17;

impl World {
    /// The keeper hears something from the mind, perhaps from one that is dead by now.
    pub(super) fn obey(&mut self, message: ToKeeper) -> Result<(), Violation> {
        match message {
            ToKeeper::Spawn { child, unit, .. } => self.spawn(child, unit),
            ToKeeper::Signal { child, unit, signal } => self.signal(child, unit, signal),
            ToKeeper::Acknowledge { child } => match self.keeper.acknowledge(child) {
                Some(kept) => self.env.witness.forgotten(kept.life),
                None => Ok(()),
            },
            ToKeeper::Noted { .. } => Ok(()),
            ToKeeper::Obeyed => {
                self.keeper.asked = Asked::No;
                Ok(())
            }
            ToKeeper::Finish => {
                self.keeper.farewell = Farewell::Said;
                self.ended = Ended::Yes;
                Ok(())
            }
        }
    }

    /// Tells the mind something, if there is one. If not, the greeting of the next will have it.
    pub(super) fn tell(&mut self, message: FromKeeper) {
        if self.mind.is_some() {
            let arrives = self.env.now + self.env.latency(2);
            self.to_mind.send(arrives, message);
        }
    }

    fn tell_news(&mut self, child: ChildId) {
        if self.mind.is_some()
            && let Some(news) = self.keeper.news(child)
        {
            self.tell(news);
        }
    }

    fn spawn(&mut self, child: ChildId, unit: Unit) -> Result<(), Violation> {
        if self.keeper.children.contains_key(&child) {
            self.tell(FromKeeper::NotSpawned { child, errno: EEXIST });
            return Ok(());
        }
        let attempt = self.attempts.entry(unit).or_default();
        *attempt += 1;
        let ordinal = *attempt;
        let nature = self.nature(unit);
        let broken = self.broken.get_mut(&unit).filter(|times| **times > 0).map(|times| *times -= 1);
        let birth = if broken.is_some() { Birth::Unmade } else { nature.birth(self.env.seed, unit, ordinal) };
        if birth == Birth::Unmade {
            self.env.counts.happened("no process made");
            self.tell(FromKeeper::NotSpawned { child, errno: EAGAIN });
            return Ok(());
        }
        let (pid, life) = self.kernel.clone(unit, ordinal);
        self.env.counts.happened("process made");
        self.env
            .transcript
            .note(self.env.now, || format!("kernel           process {pid} of {unit} is made"));
        self.env.witness.born(unit, life, pid)?;
        let stage = if birth == Birth::Unborn { Stage::Failed } else { Stage::Passed };
        self.keeper.add(child, Kept { pid, life, stage, exit: None, signals: 0 });
        self.tell_news(child);
        let fate = nature.fate(self.env.seed, unit, ordinal);
        if stage == Stage::Failed {
            let status = ExitStatus::Code(127);
            let soon = self.env.latency(4);
            self.after(soon, Task::End { pid, life, status, cause: Cause::Force });
        } else if let Some(lifetime) = fate.lifetime {
            self.after(lifetime, Task::End { pid, life, status: fate.status, cause: Cause::Nature });
        }
        Ok(())
    }

    fn signal(&mut self, child: ChildId, unit: Unit, signal: Signal) -> Result<(), Violation> {
        let known = match self.env.mutation {
            Some(Mutation::SignalAfterExit) => self.keeper.children.get(&child).map(|child| child.kept),
            _ => self.keeper.living(child),
        };
        let Some(Kept { pid, life, .. }) = known else {
            self.tell(FromKeeper::SignalFailed { child, errno: ESRCH });
            return Ok(());
        };
        let parent = self.keeper.children.get_mut(&child).map(|child| {
            child.kept.signals += 1;
            child.parent
        });
        let Some(process) = self.kernel.get(pid, life).copied() else {
            // A child of an earlier keeper is signalled by its pidfd, which never is a stranger's.
            hold(Invariant::NoStranger, parent == Some(Parent::Another), || {
                format!("signal {} goes to pid {pid}, which is no process of {unit} any more", signal.0)
            })?;
            self.tell(FromKeeper::SignalFailed { child, errno: ESRCH });
            return Ok(());
        };
        if self.nature(unit).touch == Touch::Refused && process.state == State::Alive {
            self.tell(FromKeeper::SignalFailed { child, errno: EPERM });
            return Ok(());
        }
        self.asked_first(unit, pid, parent, signal)?;
        self.strike(pid, life, signal);
        Ok(())
    }

    /// Nobody is killed for not having done what he was never asked to do; but what a keeper had been told died with it.
    fn asked_first(
        &mut self,
        unit: Unit,
        pid: u32,
        parent: Option<Parent>,
        signal: Signal,
    ) -> Result<(), Violation> {
        let Some(process) = self.kernel.processes.get_mut(&pid) else { return Ok(()) };
        let was_asked = std::mem::replace(&mut process.asked, Asked::Yes) == Asked::Yes;
        let overdue = self.env.memory.ledger.values().any(|record| {
            let stopping = matches!(record.facts.phase, Phase::Stopping { pid: it, .. } if it.get() == pid);
            stopping && record.owed.is_some_and(|(owed, _)| owed == Signal::KILL)
        });
        let lawful = parent == Some(Parent::Another) || self.env.killed_by_hand.contains(&unit);
        let is_so = was_asked || signal != Signal::KILL || !overdue || lawful;
        hold(Invariant::StopEnds, is_so, || {
            format!("process {pid} of {unit} is killed and was never asked to end")
        })
    }

    /// A signal arrives at a process.
    fn strike(&mut self, pid: u32, life: Life, signal: Signal) {
        let Some(process) = self.kernel.get(pid, life).copied() else { return };
        let nature = self.nature(process.unit);
        let fate = nature.fate(self.env.seed, process.unit, process.ordinal);
        let status = ExitStatus::Signal { signal, core: CoreDump::None };
        let end = Task::End { pid, life, status, cause: Cause::Force };
        match signal {
            Signal::KILL => self.after(fate.held + Duration::from_micros(1), end),
            Signal::TERM if process.hardened == Hardened::No => {
                if let Some(lingers) = fate.lingers {
                    self.after(lingers, end);
                }
            }
            _ => {}
        }
    }

    /// A process ends and is a zombie until its parent looks.
    pub(super) fn end(&mut self, pid: u32, life: Life, status: ExitStatus) {
        let Some(process) = self.kernel.get(pid, life).filter(|process| process.state == State::Alive) else {
            return;
        };
        process.state = State::Zombie(status);
        let unit = process.unit;
        self.env.counts.happened("process ended");
        self.env.transcript.note(self.env.now, || {
            format!("kernel           process {pid} of {unit} ends: {}", ending(status))
        });
        self.env.witness.ended(life, status);
        self.env.families.may_leave(self.env.seed, unit, life);
        let soon = self.env.latency(3);
        self.after(soon, Task::Reap { pid, life });
    }

    /// The keeper, or whoever is the parent, asks how it ended.
    pub(super) fn reap(&mut self, pid: u32, life: Life) {
        if let Some(status) = self.kernel.bury(pid, life) {
            self.tell_end(life, status);
        }
    }

    /// The keeper learns that a child has ended. How, it learns from the kernel if that child was its own, and else perhaps.
    pub(super) fn tell_end(&mut self, life: Life, status: ExitStatus) {
        let child = self.keeper.children.values().find(|child| child.kept.life == life);
        let Some(parent) = child.filter(|child| child.kept.exit.is_none()).map(|child| child.parent) else {
            return;
        };
        let unreadable = parent == Parent::Another && mix(&[self.env.seed, life.0, 4]).is_multiple_of(3);
        let status = if unreadable { ExitStatus::Unknown } else { status };
        if let Some(child) = self.keeper.bury(life, status) {
            // Of one whose birth is not told yet that comes first.
            self.tell_news(child);
            self.tell_news(child);
        }
    }
}

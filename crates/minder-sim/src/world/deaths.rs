//! What happens when the mind, the keeper or both are killed, and how the next mind begins.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minder_core::ids::ExitStatus;
use minder_core::supervision::Supervision;

use super::{Task, World};
use crate::halt::{Halt, Violation};
use crate::keeper::Asked;
use crate::kernel::State;
use crate::memory::Memory;
use crate::mind::Mind;
use crate::mutation::Mutation;
use crate::wire::{ChildId, FromKeeper, Kept, Stage};

impl World {
    /// Nobody is left of whom it had been: the mind is dead, its line is gone, and who waited for it knows no more.
    fn forget_mind(&mut self) {
        self.mind = None;
        self.env.doom = None;
        self.env.answers.clear();
        self.clients.clear();
        self.to_mind.clear();
        self.env.witness.mind_died();
    }

    pub(super) fn mind_died(&mut self) {
        self.env.transcript.note(self.env.now, || "✗ the mind is dead".to_owned());
        self.env.counts.happened("mind died");
        // Clients that were answered before it died have their answers.
        self.hear_answers();
        self.forget_mind();
        let soon = Duration::from_millis(2) + self.env.latency(6);
        self.after(soon, Task::MindBegins);
    }

    /// The keeper starts a mind and tells it what it has.
    pub(super) fn mind_begins(&mut self) -> Result<(), Violation> {
        if self.mind.is_some() || self.has_ended() {
            return Ok(());
        }
        // What the last one had sent is done first.
        while let Some(message) = self.env.to_keeper.receive() {
            self.obey(message)?;
        }
        if self.has_ended() {
            return Ok(());
        }
        self.env.transcript.note(self.env.now, || "a mind begins".to_owned());
        let children = self.keeper.greet();
        self.mind = Some(Mind::new(supervision(self.env.mutation), &self.env));
        if self.keeper.asked == Asked::Yes {
            self.tell(FromKeeper::Asked);
        }
        self.with_mind(|mind, env| mind.begin(env, children))
    }

    /// The keeper is killed: what it had told arrives, what it was told is lost, and the mind becomes the next keeper.
    pub(super) fn keeper_killed(&mut self) -> Result<(), Violation> {
        let Some(mut mind) = self.mind.take() else { return self.both_killed() };
        self.env.counts.happened("keeper died");
        self.env
            .transcript
            .note(self.env.now, || "✗ the keeper is dead; the mind takes its place".to_owned());
        self.env.to_keeper.clear();
        let announced = match self.hear_the_last(&mut mind) {
            Ok(announced) => announced,
            Err(Halt::Killed) => return self.both_killed(),
            Err(Halt::Broken(violation)) => return Err(violation),
        };
        self.hear_answers();
        // What the mind says now nobody hears.
        self.env.to_keeper.clear();
        let before = std::mem::take(&mut self.keeper);
        for (id, child) in before.children {
            let Kept { life, exit, .. } = child.kept;
            if !mind.knows(id) {
                // Its end was counted, and only the keeper had not heard.
                continue;
            }
            self.env.witness.orphaned(life);
            // Whether it came as far as its program it had not told.
            let stage = if announced.contains(&id) { Stage::Passed } else { child.kept.stage };
            self.keeper.take_over(id, Kept { exit: None, stage, signals: mind.sent(id), ..child.kept });
            if let Some(status) = exit {
                let soon = self.env.latency(8);
                self.after(soon, Task::Notice { life, status });
            }
        }
        self.forget_mind();
        let soon = Duration::from_millis(4) + self.env.latency(6);
        self.after(soon, Task::MindBegins);
        Ok(())
    }

    /// The mind reads what is left on its line. Half of the time the keeper had not yet sent what it had to tell; but a
    /// process tells of itself before its keeper can, so none of those is missed. Says which have told only of themselves.
    fn hear_the_last(&mut self, mind: &mut Mind) -> Result<BTreeSet<ChildId>, Halt> {
        let mut announced = BTreeSet::new();
        let unsent = self.env.one_in(2, 12);
        while let Some(message) = self.to_mind.receive() {
            match message {
                FromKeeper::Spawned { child, pid, life, .. } if unsent => {
                    let kept = Kept { pid, life, stage: Stage::Passed, exit: None, signals: 0 };
                    mind.keeper_is_gone(&mut self.env, child, kept)?;
                    announced.insert(child);
                }
                _ if unsent => {}
                message => mind.hear(&mut self.env, message)?,
            }
        }
        Ok(announced)
    }

    /// Both are killed, and somebody starts minder again: it finds what is written down, and the processes that it can tell
    /// from strangers by that.
    pub(super) fn both_killed(&mut self) -> Result<(), Violation> {
        self.env.counts.happened("both died");
        self.env.transcript.note(self.env.now, || "✗ keeper and mind are dead".to_owned());
        self.env.to_keeper.clear();
        self.hear_answers();
        self.forget_mind();
        let before = std::mem::take(&mut self.keeper).children;
        let lives: BTreeMap<ChildId, Kept> = before.iter().map(|(&id, child)| (id, child.kept)).collect();
        let found = self.find_remains(&lives);
        let living = found.values().filter(|kept| kept.exit.is_none()).count();
        if living == 0 {
            self.env.transcript.note(self.env.now, || "no process lives: minder begins afresh".to_owned());
            self.env.counts.happened("began afresh");
            self.env.memory = Memory::default();
            self.env.witness.afresh();
        } else {
            for (id, kept) in found {
                self.env.witness.orphaned(kept.life);
                self.keeper.take_over(id, kept);
            }
        }
        let soon = Duration::from_millis(200) + self.env.latency(9) * 4;
        self.after(soon, Task::MindBegins);
        Ok(())
    }

    /// Processes that the ledger knows, or that have noted their birth themselves; of those that have ended nobody knows how.
    fn find_remains(&mut self, lives: &BTreeMap<ChildId, Kept>) -> BTreeMap<ChildId, Kept> {
        let mut found = BTreeMap::new();
        let Some(roster) = &self.env.memory.roster else { return found };
        for id in roster.groups.iter().flat_map(|(_, _, ids)| ids) {
            let Some(record) = self.env.memory.ledger.get(id) else { continue };
            let Some(&kept) = lives.get(&record.child) else { continue };
            let process = self.kernel.get(kept.pid, kept.life);
            let lives = process.is_some_and(|process| process.state == State::Alive);
            let exit = if lives { None } else { Some(ExitStatus::Unknown) };
            // Whether the last one was sent, only the keeper knew.
            let signals = record.owed.map_or(0, |(_, after)| after + 1);
            found.insert(record.child, Kept { exit, stage: Stage::Passed, signals, ..kept });
        }
        found
    }
}

#[cfg(feature = "mutations")]
fn supervision(mutation: Option<Mutation>) -> Supervision {
    match mutation {
        Some(Mutation::Core(mutation)) => Supervision::mistaken(mutation),
        _ => Supervision::new(),
    }
}

#[cfg(not(feature = "mutations"))]
fn supervision(_: Option<Mutation>) -> Supervision {
    Supervision::new()
}

//! What the moves do, and how clients go on when they are answered.

use std::sync::Arc;
use std::time::Duration;

use minder_core::control::Until;

use super::{After, Cause, Client, Ended, Task, World};
use crate::env::Ticket;
use crate::halt::Violation;
use crate::keeper::Asked;
use crate::kernel::Hardened;
use crate::mind::Ask;
use crate::moves::{Move, Unit, Way};
use crate::wire::FromKeeper;

/// How long somebody waits who wants everything to end, before asking again.
const INSISTENCE: Duration = Duration::from_secs(5);

impl World {
    pub(super) fn act(&mut self, act: Move) -> Result<(), Violation> {
        *self.env.counts.moves.entry(act.kind()).or_default() += 1;
        self.env.transcript.note(self.env.now, || format!("● {act}"));
        match act {
            Move::Start(unit) => self.ask(Ask::Start(unit, self.some_until()), After::Nothing),
            Move::Stop(unit) => self.ask(Ask::Stop(unit, None, self.some_until()), After::Nothing),
            Move::StopBy(unit, grace) => {
                self.ask(Ask::Stop(unit, Some(grace), Until::Settled), After::Nothing)
            }
            Move::Restart(unit) => self.ask(Ask::Stop(unit, None, Until::Settled), After::Start(unit)),
            Move::Signal(unit, signal) => self.ask(Ask::Signal(unit, signal), After::Nothing),
            Move::Reread => self.ask(Ask::Reread, After::Nothing),
            Move::Add(group) => self.ask(Ask::Add(group), After::Nothing),
            Move::Remove(group) => self.ask(Ask::Remove(group), After::Nothing),
            Move::Reshape(group, size) => self.ask(Ask::Reshape(group, size), After::Nothing),
            Move::Shutdown(way) => self.insist(way),
            Move::KillMind(after) => self.doom(after),
            Move::KillKeeper => self.keeper_killed(),
            Move::KillBoth => self.both_killed(),
            Move::Crash(..) | Move::Break(..) | Move::Harden(_) | Move::Edit(..) | Move::Jump(_) => {
                self.befall(act);
                Ok(())
            }
        }
    }

    /// What nobody asks minder for.
    fn befall(&mut self, act: Move) {
        match act {
            Move::Crash(unit, status) => {
                if let Some((pid, process)) = self.kernel.living(unit) {
                    let end = Task::End { pid, life: process.life, status, cause: Cause::Force };
                    self.after(Duration::ZERO, end);
                }
            }
            Move::Break(unit, times) => drop(self.broken.insert(unit, times)),
            Move::Harden(unit) => {
                if let Some((pid, process)) = self.kernel.living(unit)
                    && let Some(process) = self.kernel.get(pid, process.life)
                {
                    process.hardened = Hardened::Yes;
                }
            }
            Move::Edit(group, version) => self.edit(group, version),
            Move::Jump(seconds) => {
                self.env.wall_ahead = self.env.wall_ahead.saturating_add(seconds.saturating_mul(1_000_000));
            }
            _ => {}
        }
    }

    fn edit(&mut self, group: u8, version: u8) {
        let first =
            self.scenario.groups.iter().find(|spec| crate::moves::number(spec.name.as_str()) == group);
        let Some(mut spec) = first.map(|spec| (**spec).clone()) else { return };
        for program in &mut spec.programs {
            let program = Arc::make_mut(program);
            program.backoff.retries += u32::from(version);
            program.stop.grace += Duration::from_secs(u64::from(version));
        }
        self.env.files.insert(group, Arc::new(spec));
    }

    fn doom(&mut self, after: u16) -> Result<(), Violation> {
        match after.checked_sub(1) {
            // Where there is no mind yet, it is the next one that is doomed.
            Some(more) => self.env.doom = Some(more),
            None if self.mind.is_some() => self.mind_died(),
            None => {}
        }
        Ok(())
    }

    /// Some wait for what comes of it, others only for the order.
    fn some_until(&self) -> Until {
        if self.env.one_in(2, 10) { Until::Settled } else { Until::Ordered }
    }

    /// Asks the mind. Without one nobody answers, and a person gives up.
    pub(super) fn ask(&mut self, ask: Ask, after: After) -> Result<(), Violation> {
        if self.mind.is_none() {
            self.env.counts.happened("nobody to ask");
            return Ok(());
        }
        self.number += 1;
        let ticket = Ticket(self.number);
        let starts = match ask {
            Ask::Stop(unit, ..) => self.env.witness.stop_asked(unit),
            _ => 0,
        };
        self.clients.insert(ticket, Client { ask, after, starts });
        self.with_mind(|mind, env| mind.answer(env, ask, ticket))
    }

    /// Asks for the end of everything, until it is on its way.
    pub(super) fn insist(&mut self, way: Way) -> Result<(), Violation> {
        if self.ended == Ended::Yes {
            return Ok(());
        }
        self.after(INSISTENCE, Task::Insist(way));
        if self.env.witness.is_stopping() {
            return Ok(());
        }
        match way {
            Way::Signal => {
                self.keeper.asked = Asked::Yes;
                self.tell(FromKeeper::Asked);
                Ok(())
            }
            Way::Request => self.ask(Ask::Shutdown, After::Nothing),
        }
    }

    /// Clients read what they are answered.
    pub(super) fn hear_answers(&mut self) {
        for (ticket, outcome) in std::mem::take(&mut self.env.answers) {
            let Some(client) = self.clients.remove(&ticket) else { continue };
            self.env.counts.happened(if outcome.is_ok() { "request granted" } else { "request refused" });
            if let (Ask::Stop(unit, ..), Ok(())) = (client.ask, &outcome) {
                self.env.witness.stop_answered(unit, client.starts);
            }
            match client.after {
                After::Nothing => {}
                After::Start(unit) => self.start_soon(unit),
            }
        }
    }

    fn start_soon(&mut self, unit: Unit) {
        let soon = self.env.latency(11);
        self.after(soon, Task::Ask(Ask::Start(unit, Until::Settled), After::Nothing));
    }
}

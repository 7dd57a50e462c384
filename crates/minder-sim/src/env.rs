//! All that the mind's glue can touch: the clock, what outlives it, its line to the keeper, and those who wait for answers.
//! Each touch is a boundary, at which the mind may be killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use minder_core::control::Refusal;
use minder_core::effect::Effect;
use minder_core::plan::GroupSpec;
use minder_core::time::{Instant, Now, WallTime};

use crate::chance::mix;
use crate::counts::Counts;
use crate::family::Families;
use crate::halt::Halt;
use crate::memory::Memory;
use crate::moves::Unit;
use crate::mutation::Mutation;
use crate::transcript::Transcript;
use crate::wire::{ToKeeper, Way};
use crate::witness::Witness;

/// Who waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Ticket(pub(crate) u64);

pub(crate) struct Env {
    pub(crate) seed: u64,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) now: Instant,
    /// What the wall clock shows beyond the monotonic one, in microseconds.
    pub(crate) wall_ahead: i64,
    pub(crate) memory: Memory,
    /// What the files say.
    pub(crate) files: BTreeMap<u8, Arc<GroupSpec>>,
    pub(crate) to_keeper: Way<ToKeeper>,
    pub(crate) answers: Vec<(Ticket, Result<(), Refusal>)>,
    pub(crate) witness: Witness,
    /// What processes have left.
    pub(crate) families: Families,
    /// Programs that somebody had killed by a signal of his own.
    pub(crate) killed_by_hand: BTreeSet<Unit>,
    pub(crate) counts: Counts,
    /// How many boundaries the mind lives on.
    pub(crate) doom: Option<u16>,
    pub(crate) transcript: Transcript,
    /// Every effect in its order, for tests that look.
    pub(crate) story: Option<Vec<Effect>>,
}

impl Env {
    /// Both clocks as the mind reads them.
    pub(crate) fn clocks(&self) -> Now {
        let wall =
            WallTime(i64::try_from(self.now.0 / 1000).unwrap_or(i64::MAX).saturating_add(self.wall_ahead));
        let monotonic = match self.mutation {
            Some(Mutation::WallClock) => Instant(u64::try_from(wall.0).unwrap_or(0).saturating_mul(1000)),
            _ => self.now,
        };
        Now { monotonic, wall }
    }

    /// When a deadline of the mind's is due.
    pub(crate) fn due(&self, deadline: Instant) -> Instant {
        self.now + deadline.since(self.clocks().monotonic)
    }

    /// The mind does something that others can see, and may be killed just before it.
    pub(crate) fn cross(&mut self) -> Result<(), Halt> {
        self.counts.boundaries += 1;
        match self.doom {
            None => Ok(()),
            Some(0) => {
                self.doom = None;
                Err(Halt::Killed)
            }
            Some(more) => {
                self.doom = Some(more - 1);
                Ok(())
            }
        }
    }

    pub(crate) fn send(&mut self, message: ToKeeper) -> Result<(), Halt> {
        self.cross()?;
        self.transcript.note(self.now, || format!("mind ─▶ keeper   {message}"));
        let arrives = self.now + self.latency(1);
        self.to_keeper.send(arrives, message);
        Ok(())
    }

    pub(crate) fn answer(&mut self, ticket: Ticket, outcome: Result<(), Refusal>) -> Result<(), Halt> {
        self.cross()?;
        self.transcript.note(self.now, || match &outcome {
            Ok(()) => "mind ─▶ client   done".to_owned(),
            Err(refusal) => format!("mind ─▶ client   refused: {refusal:?}"),
        });
        self.answers.push((ticket, outcome));
        Ok(())
    }

    /// How long something takes that takes no time worth mentioning: mostly far less than a millisecond, sometimes so long
    /// that everything else comes first. `about` tells apart what happens in the same moment.
    pub(crate) fn latency(&self, about: u64) -> Duration {
        let number = mix(&[self.seed, self.now.0, about]);
        let most = match number % 64 {
            0 => 1_500_000_000,
            1..4 => 20_000_000,
            4..32 => 400_000,
            _ => 40_000,
        };
        Duration::from_nanos(1_000 + (number >> 8) % most)
    }

    /// One in `n`, as chance has it for this moment.
    pub(crate) fn one_in(&self, n: u64, about: u64) -> bool {
        mix(&[self.seed, self.now.0, about]).is_multiple_of(n)
    }
}

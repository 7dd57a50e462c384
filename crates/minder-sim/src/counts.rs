//! How often each thing happened, so that a run that went well can be seen to have tried something.

use std::collections::BTreeMap;
use std::time::Duration;

/// Tallies of a run or of many.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// How much time has passed in the world.
    pub simulated: Duration,
    /// How many things have happened.
    pub steps: u64,
    /// How many inputs the supervision has had.
    pub inputs: u64,
    /// How many messages and notes for a later mind there were, at each of which a mind can be killed.
    pub boundaries: u64,
    /// By kind: what people and chance did.
    pub moves: BTreeMap<&'static str, u64>,
    /// By kind: what came of it.
    pub happened: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub(crate) fn happened(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.simulated += other.simulated;
        self.steps += other.steps;
        self.inputs += other.inputs;
        self.boundaries += other.boundaries;
        for (mine, theirs) in [(&mut self.moves, &other.moves), (&mut self.happened, &other.happened)] {
            for (&kind, &times) in theirs {
                *mine.entry(kind).or_default() += times;
            }
        }
    }
}

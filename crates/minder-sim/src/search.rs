//! Seed after seed, until enough time has been simulated or a promise was not kept.

use std::time::Duration;

use crate::counts::Counts;
use crate::halt::Violation;
use crate::mutation::Mutation;
use crate::nature::HOUR;
use crate::scenario::{Scenario, Selection};
use crate::world::{Record, World};

/// A seed that breaks a promise.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which.
    pub seed: u64,
    /// How many steps it takes.
    pub step: u64,
    /// How long it takes in the world.
    pub after: Duration,
    /// The promise.
    pub violation: Violation,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How many seeds were tried.
    pub seeds: u64,
    /// What happened in all of them together.
    pub counts: Counts,
    /// The first that broke a promise.
    pub found: Option<Found>,
}

/// So many hours are a year.
pub const YEAR: Duration = HOUR.saturating_mul(8766);

/// Runs the scenario of one seed, or a part of it.
///
/// # Errors
/// When it breaks a promise.
pub fn run_one(seed: u64, selection: &Selection, mutation: Option<Mutation>) -> (Counts, Option<Found>) {
    let mut world = World::new(Scenario::of_seed(seed).only(selection), mutation, Record::Nothing);
    let outcome = world.run();
    let counts = world.counts().clone();
    let found =
        outcome.err().map(|violation| Found { seed, step: counts.steps, after: counts.simulated, violation });
    (counts, found)
}

/// Runs the scenarios of `first` and the seeds after it, until `enough` time has been simulated. `told` hears after each seed
/// what there has been so far.
pub fn search(
    first: u64,
    enough: Duration,
    mutation: Option<Mutation>,
    mut told: impl FnMut(&Outcome),
) -> Outcome {
    let mut outcome = Outcome { seeds: 0, counts: Counts::default(), found: None };
    while outcome.found.is_none() && (outcome.seeds == 0 || outcome.counts.simulated < enough) {
        let (counts, found) = run_one(first.wrapping_add(outcome.seeds), &Selection::default(), mutation);
        outcome.seeds += 1;
        outcome.counts.add(&counts);
        outcome.found = found;
        told(&outcome);
    }
    outcome
}

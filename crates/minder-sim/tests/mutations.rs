//! Every mistake that is made on purpose is found. Those of the core are made when the feature `mutations` is on.

use std::time::Duration;

use minder_sim::mutation::Mutation;
use minder_sim::scenario::Selection;
use minder_sim::search::{run_one, search};

/// Some need an accident that is rare: a slot's number given again while its old process lives, for one.
const SEEDS_MAX: u64 = 4000;

#[test]
fn every_mistake_is_found() {
    let mutations = Mutation::all();
    assert!(mutations.len() >= 14);
    for mutation in mutations {
        let found = (1..=SEEDS_MAX).find_map(|seed| run_one(seed, &Selection::default(), Some(mutation)).1);
        assert!(found.is_some(), "{mutation} is not found with {SEEDS_MAX} seeds");
    }
}

#[test]
fn what_is_found_is_the_mistake() {
    assert!(search(1, Duration::from_secs(30 * 86_400), None, |_| ()).found.is_none());
}

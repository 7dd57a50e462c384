//! Makes a schedule that breaks a promise as short as it gets, while it breaks the same one: fewer moves, fewer programs,
//! fewer processes that end by themselves.

use crate::halt::Invariant;
use crate::moves::Unit;
use crate::mutation::Mutation;
use crate::scenario::{Scenario, Selection};
use crate::search::run_one;
use crate::world::{Record, World};

/// What a failure was shrunk to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What is left of the scenario.
    pub selection: Selection,
    /// How many schedules were tried on the way.
    pub tries: u32,
}

/// How many schedules are tried at most.
const TRIES_MAX: u32 = 3000;

struct Shrinking {
    seed: u64,
    mutation: Option<Mutation>,
    invariant: Invariant,
    best: Selection,
    tries: u32,
}

/// Shrinks what `seed` does to the promise of `invariant`.
pub fn shrink(seed: u64, mutation: Option<Mutation>, invariant: Invariant) -> Shrunk {
    let scenario = Scenario::of_seed(seed);
    let all = Selection { moves: Some((0..scenario.moves.len()).collect()), ..Selection::default() };
    let mut shrinking = Shrinking { seed, mutation, invariant, best: all, tries: 0 };
    // What one pass takes away may be what another was waiting for.
    loop {
        let before = shrinking.best.clone();
        shrinking.fewer_moves();
        shrinking.fewer_units(&scenario.units());
        shrinking.steadier(scenario.natures.keys().copied());
        if shrinking.best == before || shrinking.tries >= TRIES_MAX {
            return Shrunk { selection: shrinking.best, tries: shrinking.tries };
        }
    }
}

/// Everything that happens in a part of a scenario, line by line.
pub fn transcript(seed: u64, selection: &Selection, mutation: Option<Mutation>) -> Vec<String> {
    let mut world = World::new(Scenario::of_seed(seed).only(selection), mutation, Record::Transcript);
    // How it ends is known to whoever asks for its lines.
    let _ = world.run();
    world.into_transcript()
}

impl Shrinking {
    /// Keeps `less` if it breaks the same promise.
    fn take(&mut self, less: Selection) -> Taken {
        if self.tries >= TRIES_MAX {
            return Taken::No;
        }
        self.tries += 1;
        let (_, found) = run_one(self.seed, &less, self.mutation);
        if found.is_some_and(|found| found.violation.invariant == self.invariant) {
            self.best = less;
            return Taken::Yes;
        }
        Taken::No
    }

    /// Leaves out ever smaller stretches of moves.
    fn fewer_moves(&mut self) {
        let moves = |selection: &Selection| selection.moves.clone().unwrap_or_default();
        let mut size = moves(&self.best).len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < moves(&self.best).len() {
                let mut fewer = moves(&self.best);
                fewer.drain(at..(at + size).min(fewer.len()));
                if self.take(Selection { moves: Some(fewer), ..self.best.clone() }) == Taken::No {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn fewer_units(&mut self, all: &[Unit]) {
        for unit in all {
            let units = self.best.units.clone().unwrap_or_else(|| all.to_vec());
            let fewer: Vec<Unit> = units.into_iter().filter(|other| other != unit).collect();
            if !fewer.is_empty() && self.best.units.as_ref().is_none_or(|units| units.contains(unit)) {
                self.take(Selection { units: Some(fewer), ..self.best.clone() });
            }
        }
    }

    fn steadier(&mut self, all: impl Iterator<Item = Unit>) {
        let wild: Vec<Unit> = all.filter(|unit| !self.best.steady.contains(unit)).collect();
        let with = |best: &Selection, more: &[Unit]| {
            let mut steady = best.steady.clone();
            steady.extend(more);
            Selection { steady, ..best.clone() }
        };
        if self.take(with(&self.best, &wild)) == Taken::Yes {
            return;
        }
        for unit in wild {
            self.take(with(&self.best, &[unit]));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    No,
    Yes,
}

//! One short history with a little of everything, and a kill at every place in it.

use std::collections::BTreeMap;
use std::time::Duration;

use minder_core::ids::{ExitStatus, Signal};
use minder_sim::Violation;
use minder_sim::moves::{Move, Unit, Way};
use minder_sim::mutation::Mutation;
use minder_sim::nature::{Lives, Nature};
use minder_sim::scenario::{Scenario, group, program};
use minder_sim::world::{Record, World};

const A: Unit = Unit { group: 0, program: 0 };
const B: Unit = Unit { group: 0, program: 1 };
const C: Unit = Unit { group: 1, program: 0 };

fn history() -> Scenario {
    let groups =
        vec![group("g0", 1, vec![program("p0"), program("p1")]), group("g1", 2, vec![program("p0")])];
    let mut scenario = Scenario::quiet(groups);
    let flaky = Nature { lives: Lives::Flaky(Duration::from_secs(40)), ..Nature::STEADY };
    scenario.natures = BTreeMap::from([(B, flaky)]);
    let moves = [
        (0, Move::Break(C, 2)),
        (5_000, Move::Crash(A, ExitStatus::Code(1))),
        (9_000, Move::Stop(A)),
        (9_001, Move::Crash(B, ExitStatus::Code(0))),
        (12_000, Move::Start(A)),
        (15_000, Move::Restart(C)),
        (20_000, Move::Harden(A)),
        (20_001, Move::Signal(B, Signal::KILL)),
        (21_000, Move::StopBy(A, Duration::from_secs(1))),
        (30_000, Move::Stop(C)),
        (30_500, Move::Remove(1)),
        (31_000, Move::Edit(1, 1)),
        (31_001, Move::Reread),
        (31_500, Move::Add(1)),
        (40_000, Move::Start(A)),
        (45_000, Move::Shutdown(Way::Signal)),
    ];
    scenario.moves = moves.into_iter().map(|(at, act)| (Duration::from_millis(at), act)).collect();
    scenario.calm_from = Duration::from_secs(600);
    scenario
}

fn world() -> World {
    World::new(history(), None, Record::Nothing)
}

/// Without a kill none of these does any harm.
#[test]
fn a_mistake_that_only_a_kill_brings_to_light_is_found_by_one() {
    for mutation in
        [Mutation::OrderFirst, Mutation::KeepDeadChild, Mutation::LoseStop, Mutation::ForgetBackoff]
    {
        let outcome = |after: Option<u16>| {
            let mut world = World::new(history(), Some(mutation), Record::Nothing);
            after.map_or(Ok(()), |after| world.play(Move::KillMind(after))).and_then(|()| world.run())
        };
        assert_eq!(outcome(None), Ok(()), "{mutation}");
        assert!((1..=150).any(|after| outcome(Some(after)).is_err()), "{mutation}");
    }
}

/// How long the history is: its steps, and its boundaries.
fn length() -> (u64, u64) {
    let mut world = world();
    world.run().expect("nobody is killed, and every promise is kept");
    (world.counts().steps, world.counts().boundaries)
}

fn finds_nothing(place: u64, mut world: World, kill: impl FnOnce(&mut World) -> Result<(), Violation>) {
    if let Err(violation) = kill(&mut world).and_then(|()| world.run()) {
        panic!("at {place}: {violation:?}");
    }
}

#[test]
fn a_mind_may_be_killed_at_every_boundary() {
    let (_, boundaries) = length();
    assert!(boundaries > 100, "{boundaries}");
    for boundary in 1..=boundaries {
        let after = u16::try_from(boundary).expect("few");
        finds_nothing(boundary, world(), |world| world.play(Move::KillMind(after)));
    }
}

/// The second one is killed while it takes up what the first has left.
#[test]
fn two_minds_may_be_killed_one_after_the_other() {
    let (steps, _) = length();
    for step in (1..=steps).step_by(3) {
        for after in 1..8 {
            finds_nothing(step, world(), |world| {
                world.steps(step)?;
                world.play(Move::KillMind(0))?;
                world.play(Move::KillMind(after))
            });
        }
    }
}

#[test]
fn a_keeper_may_be_killed_at_every_step() {
    let (steps, _) = length();
    for step in 1..=steps {
        finds_nothing(step, world(), |world| {
            world.steps(step)?;
            world.play(Move::KillKeeper)
        });
    }
}

#[test]
fn both_may_be_killed_at_every_step() {
    let (steps, _) = length();
    for step in 1..=steps {
        finds_nothing(step, world(), |world| {
            world.steps(step)?;
            world.play(Move::KillBoth)
        });
    }
}

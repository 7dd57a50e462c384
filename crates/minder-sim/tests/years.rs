//! What must hold whatever happens, held against years of it.

use std::time::Duration;

use minder_core::program::ProgramSpec;
use minder_core::restart::RestartPolicy;
use minder_sim::moves::{Move, Unit, Way};
use minder_sim::mutation::Mutation;
use minder_sim::nature::{Lives, Nature, Touch};
use minder_sim::scenario::{Scenario, Selection, group, program};
use minder_sim::search::{YEAR, search};
use minder_sim::shrink::{shrink, transcript};
use minder_sim::world::{Record, World};
use minder_sim::{Invariant, Violation};

const FIRST: Unit = Unit { group: 0, program: 0 };
const SECOND: Unit = Unit { group: 1, program: 0 };

#[test]
fn years_of_trouble_break_no_promise() {
    let outcome = search(1, YEAR * 3, None, |_| ());
    assert!(outcome.found.is_none(), "{:?}", outcome.found);
    for what in
        ["mind died", "keeper died", "both died", "process ended", "no process made", "request granted"]
    {
        assert!(outcome.counts.happened[what] > 500, "too little happened: {:?}", outcome.counts);
    }
}

#[test]
fn a_seed_says_everything() {
    let lines = || transcript(77, &Selection::default(), None);
    assert_eq!(lines(), lines());
    assert!(lines().len() > 100);
}

#[test]
fn a_failure_is_made_short_and_stays_the_same() {
    let mutation = Some(Mutation::OrderFirst);
    let found = search(1, YEAR, mutation, |_| ()).found.expect("it is found");
    let shrunk = shrink(found.seed, mutation, found.violation.invariant).selection;
    let (_, again) = minder_sim::search::run_one(found.seed, &shrunk, mutation);
    assert_eq!(again.expect("still").violation.invariant, Invariant::OneInstance);
    let (before, after) = (Scenario::of_seed(found.seed).moves.len(), shrunk.moves.expect("chosen").len());
    assert!(after * 10 < before, "{before} moves became {after}");
}

/// Does one thing after the other, with a pause before each.
fn play(world: &mut World, pause: Duration, moves: &[Move]) -> Result<(), Violation> {
    for act in moves {
        world.wait(pause)?;
        world.play(*act)?;
    }
    world.wait(Duration::from_secs(60))
}

/// Found by chance: the order had come to nothing, and only the mind that was killed had been told.
#[test]
fn what_is_stopped_while_it_is_made_is_not_ordered_by_the_next_mind() {
    let played = |mutation| {
        let groups = vec![group("g0", 0, vec![program("p0")]), group("g1", 0, vec![program("p0")])];
        let mut world = World::new(Scenario::quiet(groups), mutation, Record::Nothing);
        // The order is on its way when somebody asks for the stop.
        let moves = [Move::Break(FIRST, 1), Move::Stop(FIRST), Move::KillMind(0)];
        let outcome = play(&mut world, Duration::ZERO, &moves);
        (outcome, world.lives(FIRST), world.lives(SECOND))
    };
    assert_eq!(played(None), (Ok(()), false, true));
    assert!(played(Some(Mutation::OrderWhatIsUnwanted)).0.is_err());
}

/// Found by chance: a process that may not be signalled had outlived its slot, and the slot's number was given again.
#[test]
fn the_end_of_a_process_without_a_slot_is_not_taken_for_another() {
    let played = |mutation| {
        let always = ProgramSpec { restart: RestartPolicy::Always, ..program("p0") };
        let mut scenario = Scenario::quiet(vec![group("g0", 0, vec![always])]);
        let ends = Lives::Around(Duration::from_secs(100));
        scenario.natures.insert(FIRST, Nature { lives: ends, touch: Touch::Refused, ..Nature::STEADY });
        let mut world = World::new(scenario, mutation, Record::Nothing);
        let moves = [Move::Stop(FIRST), Move::Remove(0), Move::Add(0)];
        play(&mut world, Duration::from_secs(2), &moves).and_then(|()| world.wait(Duration::from_secs(3600)))
    };
    assert_eq!(played(None), Ok(()));
    assert!(played(Some(Mutation::ConfuseSlots)).is_err());
}

/// Found by chance, by the world before this one: the attempt that was due belonged to a group whose turn to stop had not come.
#[test]
fn an_attempt_that_comes_due_while_others_stop_is_given_up() {
    let groups = vec![group("g0", 2, vec![program("p0")]), group("g1", 1, vec![program("p0")])];
    let mut world = World::new(Scenario::quiet(groups), None, Record::Nothing);
    world.play(Move::Break(SECOND, 9)).expect("kept");
    world.wait(Duration::from_millis(2500)).expect("kept");
    world.play(Move::Harden(FIRST)).expect("kept");
    world.play(Move::Shutdown(Way::Request)).expect("kept");
    world.wait(Duration::from_secs(60)).expect("kept");
    assert!(world.has_ended());
}

//! The beat and a worker together.

mod world;

use std::time::Duration;

use minder_core::agenda::{Bound, Due, Overlap, Phase, WorkerSpec};
use minder_core::ids::TaskName;
use minder_tasks::run::RunState;
use rustix::process::Signal;
use world::{World, shell, task, until, worker};

fn every(milliseconds: u64) -> Due {
    Due::Every { interval: Duration::from_millis(milliseconds), phase: Phase::Free }
}

fn count(world: &World, task: &str, state: RunState) -> usize {
    world.runs(task).iter().filter(|run| run.state == state).count()
}

#[test]
fn what_is_due_is_done_and_how_far_it_has_come_is_remembered() {
    let mut often = task("often", shell("true"));
    often.due = every(100);
    let world = World::new(vec![often], vec![worker("default", 1)], vec![]);
    let _worker = world.worker("default");
    let mut beat = world.beat();
    until("five are done", || (count(&world, "often", RunState::Done) >= 5).then_some(()));
    beat.signal(Signal::TERM);
    assert!(beat.ends_well());
    let marks = world.store().marks().expect("a database");
    let last = world.runs("often").iter().map(|run| run.due).max();
    assert_eq!(marks.get(&TaskName::new("often")).map(|mark| mark.due), last);
    // The next one goes on.
    let _beat = world.beat();
    until("it goes on", || (world.runs("often").iter().map(|run| run.due).max() > last).then_some(()));
}

#[test]
fn there_is_one_beat() {
    let world = World::new(vec![], vec![worker("default", 1)], vec![]);
    let _first = world.beat();
    until("it is there", || world.lines("log").iter().any(|line| line.starts_with("beat: ")).then_some(()));
    let mut second = world.beat();
    assert!(!second.ends_well());
    assert!(world.lines("log").iter().any(|line| line.ends_with("another beat is running here")));
}

#[test]
fn what_is_due_while_an_earlier_run_works_is_left_out_and_that_is_remembered() {
    let mut long = task("long", shell("while ! test -e go; do sleep 0.01; done"));
    long.due = every(50);
    long.overlap = Overlap::Skip;
    let world = World::new(vec![long], vec![worker("default", 1)], vec![]);
    let _worker = world.worker("default");
    let _beat = world.beat();
    until("some are left out", || (count(&world, "long", RunState::Skipped) >= 3).then_some(()));
    assert_eq!(count(&world, "long", RunState::Claimed), 1);
    std::fs::write(world.path("go"), "").expect("a file");
    until("it goes on", || (count(&world, "long", RunState::Done) >= 2).then_some(()));
}

#[test]
fn for_a_worker_without_room_it_is_as_if_the_clock_stood_still() {
    let mut often = task("often", shell("true"));
    often.due = every(50);
    let bounded = WorkerSpec { backlog: 2, bound: Bound::Wait, ..worker("default", 1) };
    let world = World::new(vec![often], vec![bounded], vec![]);
    let _beat = world.beat();
    let waits = || world.lines("log").iter().any(|line| line.contains("waits for room")).then_some(());
    until("the beat waits", waits);
    let held = world.runs("often");
    assert_eq!(held.len(), 2, "{held:?}");
    let _worker = world.worker("default");
    until("it goes on", || (count(&world, "often", RunState::Done) >= 6).then_some(()));
    assert_eq!(count(&world, "often", RunState::Skipped), 0);
}

//! The phases of the core carry the states and the order of events of a supervisor that it was not modelled on: Circus.
//! (Those of Supervisor are in the personality's own table.) See `docs/decisions/0003-phases.md`.

#[path = "../../crates/minder-core/tests/sim/mod.rs"]
#[allow(dead_code, reason = "the simulated world serves more tests than these")]
mod sim;

use std::time::Duration;

use minder_core::effect::Effect;
use minder_core::event::{Event, Moved};
use minder_core::ids::{CoreDump, ExitStatus, InstanceId, Signal};
use minder_core::input::Input;
use minder_core::instance::{Facts, Phase};
use minder_core::program::{ProgramSpec, Readiness};
use minder_core::restart::RestartPolicy;

use sim::{Manners, Move, World, group, program};

/// A program as a watcher of Circus lowers to: up as soon as it lives, always started again.
fn worker(name: &str) -> ProgramSpec {
    let mut spec = program(name);
    spec.readiness = Readiness::StaysUp(Duration::ZERO);
    spec.restart = RestartPolicy::Always;
    spec.backoff.step = Duration::from_millis(1);
    spec.backoff.retries = 5;
    spec.stop.grace = Duration::from_secs(30);
    spec
}

fn watcher(workers: usize) -> World {
    World::new(vec![group("w", 0, (1..=workers).map(|wid| worker(&wid.to_string())).collect())])
}

/// What was last asked of the watcher: the one fact that is the group's and not its members'.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Up,
    Down,
}

/// `status` of Circus.
fn status(world: &World, wanted: Wanted) -> &'static str {
    let facts: Vec<&Facts> = world.supervision.instances().map(|(_, instance)| &instance.facts).collect();
    let any = |is: fn(&Phase) -> bool| facts.iter().any(|facts| is(&facts.phase));
    let up = any(|phase| matches!(phase, Phase::Up { .. }));
    let coming = any(|phase| matches!(phase, Phase::Spawning | Phase::Starting { .. }));
    let going = any(|phase| matches!(phase, Phase::Stopping { .. }));
    match wanted {
        Wanted::Down if going => "stopping",
        Wanted::Down => "stopped",
        Wanted::Up if coming && !up => "starting",
        Wanted::Up => "active",
    }
}

/// The events of Circus in the story of a world, `start` and `stop` of the watcher among them.
fn events(world: &mut World) -> Vec<String> {
    let mut told = Vec::new();
    let story = std::mem::take(&mut world.story);
    let mut asked = None;
    for (_, effect) in &story {
        let Effect::Publish(event) = effect else { continue };
        match event {
            Event::StopSignalled { .. } => {
                asked = Some(Wanted::Down);
                told.push("kill".to_owned());
            }
            Event::Moved(moved) => told.extend(member_event(moved)),
            _ => {}
        }
    }
    match asked {
        Some(Wanted::Down) if status(world, Wanted::Down) == "stopped" => told.push("stop".to_owned()),
        _ => {}
    }
    told
}

fn member_event(moved: &Moved) -> Option<String> {
    let lived = |facts: &Facts| facts.pid().is_some();
    match (lived(&moved.before), lived(&moved.after)) {
        (false, true) => Some("spawn".to_owned()),
        (true, false) => Some(format!("reap({})", exit_code(moved.after.last_exit?))),
        (true, true) | (false, false) => None,
    }
}

/// A negative signal number if it was killed.
fn exit_code(status: ExitStatus) -> i32 {
    match status {
        ExitStatus::Code(code) => i32::from(code),
        ExitStatus::Signal { signal, .. } => -i32::from(signal.0),
        ExitStatus::Unknown => 0,
    }
}

fn all(world: &mut World, act: fn(usize) -> Move) {
    for slot in 0..world.slots().len() {
        world.play(&act(slot));
    }
}

fn first(world: &World) -> InstanceId {
    world.slots()[0]
}

#[test]
fn a_start_spawns_each_process() {
    let mut world = watcher(3).slow();
    assert_eq!(status(&world, Wanted::Down), "stopped");
    world.input(Input::Begin);
    assert_eq!(status(&world, Wanted::Up), "starting");
    world.answer();
    assert_eq!(status(&world, Wanted::Up), "active");
    assert_eq!(events(&mut world), ["spawn", "spawn", "spawn"]);
}

#[test]
fn a_stop_kills_reaps_and_is_told_last() {
    let mut world = watcher(1);
    world.input(Input::Begin);
    events(&mut world);
    all(&mut world, Move::Stop);
    assert_eq!(status(&world, Wanted::Down), "stopping");
    world.wait(Duration::ZERO);
    assert_eq!(status(&world, Wanted::Down), "stopped");
    assert_eq!(events(&mut world), ["kill", "reap(-15)", "stop"]);
}

#[test]
fn a_stubborn_process_is_killed_twice() {
    let mut world = watcher(1);
    world.input(Input::Begin);
    world.play(&Move::Behave(0, Manners::Stubborn));
    events(&mut world);
    all(&mut world, Move::Stop);
    world.wait(Duration::from_secs(29));
    assert_eq!(status(&world, Wanted::Down), "stopping");
    world.wait(Duration::from_secs(2));
    assert_eq!(events(&mut world), ["kill", "kill", "reap(-9)", "stop"]);
}

#[test]
fn a_kill_from_outside_is_reaped_and_replaced() {
    let mut world = watcher(2);
    world.input(Input::Begin);
    events(&mut world);
    let killed = ExitStatus::Signal { signal: Signal::KILL, core: CoreDump::None };
    world.play(&Move::End(0, killed));
    assert_eq!(events(&mut world), ["reap(-9)", "spawn"]);
    assert_eq!(status(&world, Wanted::Up), "active");
    assert!(world.alive().contains(&first(&world)));
}

#[test]
fn a_restart_kills_reaps_stops_and_spawns() {
    let mut world = watcher(1);
    world.input(Input::Begin);
    events(&mut world);
    all(&mut world, Move::Stop);
    world.wait(Duration::ZERO);
    let mut told = events(&mut world);
    all(&mut world, Move::Start);
    told.extend(events(&mut world));
    assert_eq!(told, ["kill", "reap(-15)", "stop", "spawn"]);
    assert_eq!(status(&world, Wanted::Up), "active");
}

#[test]
fn a_program_that_cannot_be_made_is_tried_at_once_and_then_left_down() {
    let mut world = watcher(1);
    world.play(&Move::Break(0, 6));
    world.input(Input::Begin);
    world.wait(Duration::from_secs(1));
    assert_eq!(events(&mut world), Vec::<String>::new(), "no process, so nothing is spawned or reaped");
    assert!(world.alive().is_empty());
}

//! The phases of the core carry the states and the order of events of a supervisor that it was not modelled on: Circus.
//! (Those of Supervisor are in the personality's own table.) See `docs/decisions/0003-phases.md`.

use std::time::Duration;

use minder_core::backoff::Shortage;
use minder_core::effect::Effect;
use minder_core::event::{Event, Moved};
use minder_core::ids::{CoreDump, ExitStatus, Signal};
use minder_core::instance::{Facts, Phase};
use minder_core::program::{ProgramSpec, Readiness};
use minder_core::restart::RestartPolicy;
use minder_core::supervision::Supervision;
use minder_sim::moves::{Move, Unit};
use minder_sim::scenario::{Scenario, group, program};
use minder_sim::world::{Record, World};

/// A program as a watcher of Circus lowers to: up as soon as it lives, always started again.
fn worker(name: &str) -> ProgramSpec {
    let mut spec = program(name);
    spec.readiness = Readiness::StaysUp(Duration::ZERO);
    spec.restart = RestartPolicy::Always;
    spec.backoff.step = Duration::from_millis(1);
    spec.backoff.retries = 5;
    spec.backoff.shortage = Shortage::Counts;
    spec.stop.grace = Duration::from_secs(30);
    spec
}

/// A watcher with so many workers, in the moment before anything happens.
fn watcher(workers: u8) -> World {
    let workers = (0..workers).map(|n| worker(&format!("p{n}"))).collect();
    World::new(Scenario::quiet(vec![group("g0", 0, workers)]), None, Record::Story)
}

/// One that is up.
fn active(workers: u8) -> World {
    let mut world = watcher(workers);
    wait(&mut world, MOMENT);
    events(&mut world);
    world
}

const FIRST: Unit = Unit { group: 0, program: 0 };
/// Longer than the longest way of a message and back.
const MOMENT: Duration = Duration::from_secs(5);

fn wait(world: &mut World, duration: Duration) {
    world.wait(duration).expect("every promise is kept");
}

fn play(world: &mut World, act: Move) {
    world.play(act).expect("every promise is kept");
}

/// What was last asked of the watcher: the one fact that is the group's and not its members'.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Up,
    Down,
}

/// `status` of Circus.
fn status(world: &World, wanted: Wanted) -> &'static str {
    let instances = world.supervision().into_iter().flat_map(Supervision::instances);
    let facts: Vec<&Facts> = instances.map(|(_, instance)| &instance.facts).collect();
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
    let story = world.take_story();
    let mut asked = None;
    for effect in &story {
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

fn all(world: &mut World, workers: u8, act: fn(Unit) -> Move) {
    for program in 0..workers {
        play(world, act(Unit { group: 0, program }));
    }
}

#[test]
fn a_start_spawns_each_process() {
    let mut world = watcher(3);
    assert_eq!(status(&world, Wanted::Down), "stopped");
    wait(&mut world, Duration::ZERO);
    assert_eq!(status(&world, Wanted::Up), "starting");
    wait(&mut world, MOMENT);
    assert_eq!(status(&world, Wanted::Up), "active");
    assert_eq!(events(&mut world), ["spawn", "spawn", "spawn"]);
}

#[test]
fn a_stop_kills_reaps_and_is_told_last() {
    let mut world = active(1);
    all(&mut world, 1, Move::Stop);
    assert_eq!(status(&world, Wanted::Down), "stopping");
    wait(&mut world, MOMENT);
    assert_eq!(status(&world, Wanted::Down), "stopped");
    assert_eq!(events(&mut world), ["kill", "reap(-15)", "stop"]);
}

#[test]
fn a_stubborn_process_is_killed_twice() {
    let mut world = active(1);
    play(&mut world, Move::Harden(FIRST));
    all(&mut world, 1, Move::Stop);
    wait(&mut world, Duration::from_secs(29));
    assert_eq!(status(&world, Wanted::Down), "stopping");
    wait(&mut world, MOMENT);
    assert_eq!(events(&mut world), ["kill", "kill", "reap(-9)", "stop"]);
}

#[test]
fn a_kill_from_outside_is_reaped_and_replaced() {
    let mut world = active(2);
    let killed = ExitStatus::Signal { signal: Signal::KILL, core: CoreDump::None };
    play(&mut world, Move::Crash(FIRST, killed));
    wait(&mut world, MOMENT);
    assert_eq!(events(&mut world), ["reap(-9)", "spawn"]);
    assert_eq!(status(&world, Wanted::Up), "active");
    assert!(world.lives(FIRST));
}

#[test]
fn a_restart_kills_reaps_stops_and_spawns() {
    let mut world = active(1);
    all(&mut world, 1, Move::Stop);
    wait(&mut world, MOMENT);
    let mut told = events(&mut world);
    all(&mut world, 1, Move::Start);
    wait(&mut world, MOMENT);
    told.extend(events(&mut world));
    assert_eq!(told, ["kill", "reap(-15)", "stop", "spawn"]);
    assert_eq!(status(&world, Wanted::Up), "active");
}

#[test]
fn a_program_that_cannot_be_made_is_tried_at_once_and_then_left_down() {
    let mut world = watcher(1);
    play(&mut world, Move::Break(FIRST, 6));
    wait(&mut world, Duration::from_secs(30));
    assert_eq!(events(&mut world), Vec::<String>::new(), "no process, so nothing is spawned or reaped");
    assert!(!world.lives(FIRST));
}

use super::*;
use minder_core::agenda::{AgendaSettings, Due, Job, Missed, Phase, Retry, TaskSpec, Timeout, WorkerSpec};
use minder_core::ids::{ResidentName, WorkerName};
use minder_schedule::{text, zone};
use std::num::NonZeroU32;
use std::time::Duration;

mod clocks;
mod season;
mod world;

use world::World;

/// A task that is due at these times, in Berlin.
fn task(name: &str, due: Due) -> TaskSpec {
    TaskSpec {
        name: TaskName::new(name),
        job: Job::Resident(ResidentName::new("resident")),
        due,
        zone: None,
        between: None,
        jitter: Duration::ZERO,
        overlap: Overlap::Skip,
        missed: Missed::Skip,
        timeout: Timeout::default(),
        retry: Retry::default(),
        then: Vec::new(),
        worker: WorkerName::new("worker"),
    }
}

fn cron(expression: &str) -> Due {
    Due::Cron(expression.into())
}

fn free(interval: &str) -> Due {
    Due::Every { interval: duration(interval), phase: Phase::Free }
}

fn duration(text: &str) -> Duration {
    text::duration(text).expect("a duration")
}

fn each(most: u32) -> Missed {
    Missed::Each(NonZeroU32::new(most).expect("more than zero"))
}

fn agenda(tasks: Vec<TaskSpec>) -> Agenda {
    let worker = WorkerSpec {
        name: WorkerName::new("worker"),
        at_once: None,
        backlog: 1,
        bound: minder_core::agenda::Bound::Refuse,
    };
    let resident = minder_core::agenda::ResidentSpec {
        name: ResidentName::new("resident"),
        command: minder_core::agenda::JobCommand {
            argv: Vec::new(),
            directory: None,
            environment: Vec::new(),
        },
    };
    let settings = AgendaSettings {
        zone: "Europe/Berlin".into(),
        place: Some(text::place(52.52, 13.405).expect("a place")),
        ..AgendaSettings::default()
    };
    Agenda::new(tasks, vec![worker], vec![resident], settings).expect("an agenda")
}

fn wall(text: &str) -> WallTime {
    WallTime(text.parse::<minder_schedule::Timestamp>().expect("a time").as_microsecond())
}

/// What happened from a time on until another, as text: a line for each offer and note.
fn check(world: &mut World, until: &str, expected: &[&str]) {
    world.run(wall(until));
    assert_eq!(world.lines(), expected, "until {until}");
}

#[test]
fn what_is_due_is_offered_when_it_is() {
    let mut world = World::new(
        agenda(vec![task("a", cron("*/20 * * * *")), task("b", cron("0 13 * * *"))]),
        "2027-03-01T11:30:00Z",
    );
    check(&mut world, "2027-03-01T12:20:00Z", &["11:40:00 a", "12:00:00 a", "12:00:00 b", "12:20:00 a"]);
}

#[test]
fn nothing_is_due_that_only_others_ask_for() {
    let mut world = World::new(agenda(vec![task("a", Due::OnDemand)]), "2027-03-01T11:30:00Z");
    world.step();
    assert_eq!(world.planner.wake(), Wake::default());
}

#[test]
fn a_beat_that_begins_again_at_once_loses_and_repeats_nothing() {
    let mut world = World::new(
        agenda(vec![task("a", cron("* * * * *")), task("f", free("50s"))]),
        "2027-03-01T12:00:30Z",
    );
    check(&mut world, "2027-03-01T12:01:30Z", &["12:01:00 a", "12:01:20 f"]);
    world.pause(duration("45s"));
    world.begin_again();
    check(&mut world, "2027-03-01T12:03:00Z", &["12:02:00 a", "12:02:10 f", "12:03:00 a", "12:03:00 f"]);
}

#[test]
fn what_was_missed_is_left_out_or_done_once_or_each() {
    let with = |missed| {
        let hourly = TaskSpec { missed, ..task("a", cron("0 * * * *")) };
        let mut world = World::new(agenda(vec![hourly]), "2027-03-01T11:30:00Z");
        world.run(wall("2027-03-01T12:30:00Z"));
        world.pause(duration("5h"));
        world.begin_again();
        world.run(wall("2027-03-01T18:00:00Z"));
        world.lines()
    };
    let missed = |caught_up| format!("a missed Exactly(5) from 13:00:00 to 17:00:00, {caught_up} caught up");
    assert_eq!(with(Missed::Skip), ["12:00:00 a", &missed(0), "18:00:00 a"]);
    assert_eq!(
        with(Missed::Once),
        ["12:00:00 a", "17:00:00 a, not before 17:30:00, caught up", &missed(1), "18:00:00 a"]
    );
    assert_eq!(
        with(each(2)),
        [
            "12:00:00 a",
            "16:00:00 a, not before 17:30:00, caught up",
            "17:00:00 a, not before 17:30:00, caught up",
            &missed(2),
            "18:00:00 a"
        ]
    );
}

#[test]
fn one_that_is_due_just_now_is_the_once() {
    let hourly = TaskSpec { missed: Missed::Once, ..task("a", cron("0 * * * *")) };
    let mut world = World::new(agenda(vec![hourly]), "2027-03-01T12:30:00Z");
    world.run(wall("2027-03-01T12:31:00Z"));
    world.pause(duration("3h29m20s"));
    world.begin_again();
    check(
        &mut world,
        "2027-03-01T16:30:00Z",
        &["16:00:00 a", "a missed Exactly(3) from 13:00:00 to 15:00:00, 0 caught up"],
    );
}

#[test]
fn what_was_missed_is_not_done_where_it_may_not_begin() {
    let night = TaskSpec {
        missed: Missed::Once,
        between: Some(text::window("22:00..06:30").expect("a window")),
        ..task("a", cron("0 * * * *"))
    };
    let mut world = World::new(agenda(vec![night]), "2027-03-01T12:30:00Z");
    world.run(wall("2027-03-01T12:31:00Z"));
    world.pause(duration("24h"));
    world.begin_again();
    world.step();
    assert_eq!(world.lines(), ["a missed Exactly(9) from 21:00:00 to 05:00:00, 0 caught up"]);
}

#[test]
fn a_great_many_that_were_missed_are_neither_counted_nor_done() {
    let second = TaskSpec { missed: each(u32::MAX), ..task("a", cron("* * * * * *")) };
    let tick = TaskSpec { missed: each(2), ..task("f", free("1s")) };
    let mut world = World::new(agenda(vec![second, tick]), "2027-03-01T12:00:00Z");
    world.run(wall("2027-03-01T12:00:01Z"));
    world.pause(duration("300d"));
    world.begin_again();
    let turn = world.step();
    let caught_up = turn.offers.iter().filter(|offer| offer.reason == Reason::CaughtUp);
    assert_eq!(caught_up.count(), 1000 + 2);
    assert_eq!(turn.offers.len(), 1002 + 60 + 60, "and what is on time");
    for note in &turn.notes {
        assert!(matches!(note, Note::Missed(Missing { count: Count::MoreThan(1000), .. })), "{note:?}");
    }
}

#[test]
fn the_last_of_a_great_many_are_found_without_looking_at_all_of_them() {
    let often = TaskSpec {
        missed: each(3),
        between: Some(text::window("22:00..20:50").expect("a window")),
        ..task("a", Due::Every { interval: duration("1ms"), phase: Phase::Aligned(Duration::ZERO) })
    };
    let mut world = World::new(agenda(vec![often]), "2027-03-01T20:30:00Z");
    world.now.wall = wall("2027-03-02T19:49:59.9Z");
    let begun = std::time::Instant::now();
    world.begin_again();
    world.pause(duration("1h9m"));
    let turn = world.step();
    // Berlin is an hour ahead: the window closed at 19:50, and nothing may begin before 21:00.
    assert_eq!(turn.offers, []);
    let Some(Note::Missed(missing)) = turn.notes.last() else { panic!("{:?}", turn.notes) };
    assert_eq!((missing.count, missing.last), (Count::MoreThan(1000), wall("2027-03-02T19:49:59.999Z")));
    // There are eighty million of them, and ten million would be looked at if it was not looked nearer.
    assert!(begun.elapsed() < duration("8s"), "{:?}", begun.elapsed());
}

#[test]
fn a_task_whose_times_were_changed_missed_nothing() {
    let daily = TaskSpec { missed: each(9), ..task("a", cron("0 3 * * *")) };
    let mut world = World::new(agenda(vec![daily]), "2027-03-01T01:30:00Z");
    world.run(wall("2027-03-01T12:30:00Z"));
    assert_eq!(world.lines(), ["02:00:00 a"]);
    world.agenda = agenda(vec![TaskSpec { missed: each(9), ..task("a", cron("*/15 * * * *")) }]);
    world.begin_again();
    check(&mut world, "2027-03-01T12:45:00Z", &["12:45:00 a"]);
}

#[test]
fn a_jitter_is_within_its_bounds_and_the_same_after_a_restart() {
    let jittered = || TaskSpec { jitter: duration("5m"), ..task("a", cron("*/10 * * * *")) };
    let mut world = World::new(agenda(vec![jittered()]), "2027-03-01T00:00:30Z");
    world.run(wall("2027-03-08T00:00:00Z"));
    let jitters: Vec<i64> = world.offers.iter().map(|offer| offer.not_before.0 - offer.due.0).collect();
    assert_eq!(jitters.len(), 7 * 144);
    assert!(jitters.iter().all(|jitter| (0..=300_000_000).contains(jitter)));
    let quarters = |quarter: i64| jitters.iter().filter(|jitter| **jitter / 75_000_000 == quarter).count();
    assert!((0..4).all(|quarter| quarters(quarter) > 200), "all parts of it are drawn");
    let mut other = World::new(agenda(vec![jittered()]), "2027-03-01T00:00:30Z");
    other.run(wall("2027-03-04T00:00:00Z"));
    other.begin_again();
    other.run(wall("2027-03-08T00:00:00Z"));
    assert_eq!(other.offers, world.offers);
}

#[test]
fn a_jitter_does_not_lead_out_of_the_window() {
    let jittered = TaskSpec {
        jitter: duration("2h"),
        between: Some(text::window("22:00..22:30").expect("a window")),
        ..task("a", cron("*/10 * * * *"))
    };
    let mut world = World::new(agenda(vec![jittered]), "2027-06-01T00:00:00Z");
    world.run(wall("2027-07-01T00:00:00Z"));
    assert_eq!(world.offers.len(), 3 * 30);
    for offer in &world.offers {
        let end = offer.due.0 - offer.due.0 % 86_400_000_000 + (20 * 3600 + 1800) * 1_000_000;
        assert!((offer.due.0..end).contains(&offer.not_before.0), "{offer:?}");
    }
}

#[test]
fn a_fixed_time_is_done_once_on_each_day_of_a_year_in_both_hemispheres() {
    for name in ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Pacific/Auckland"] {
        let daily = TaskSpec { zone: Some(name.into()), ..task("a", cron("30 2 * * *")) };
        let midnight = TaskSpec { zone: Some(name.into()), ..task("b", cron("0 0 * * *")) };
        let mut world = World::new(agenda(vec![daily, midnight]), "2026-12-31T16:00:00Z");
        world.run(wall("2027-12-31T16:00:00Z"));
        let zone = zone::named(name).expect("a zone");
        for task in ["a", "b"] {
            let of = world.offers.iter().filter(|offer| offer.task.as_str() == task);
            let mut dates: Vec<_> =
                of.map(|offer| zone.to_datetime(gap::timestamp(offer.due)).date()).collect();
            let all = dates.len();
            dates.dedup();
            assert_eq!((all, dates.len()), (365, 365), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_of_each_task() {
    let bad = |name: &str, due| TaskSpec { zone: Some("Europe/Berlin".into()), ..task(name, due) };
    let tasks = vec![
        bad("a", cron("* * * *")),
        TaskSpec { zone: Some("Mars/Olympus".into()), ..task("b", cron("* * * * *")) },
        bad("c", free("0s")),
        bad("d", cron("@daily")),
    ];
    let problems = Planner::new(&agenda(tasks), &TimeZone::UTC, &BTreeMap::new(), 1, Now::default())
        .expect_err("problems");
    let of: Vec<_> =
        problems.iter().map(|problem| (problem.task.as_str(), problem.problem.found.as_str())).collect();
    assert_eq!(of, [("a", "* * * *"), ("b", "Mars/Olympus"), ("c", "0ns")]);
}

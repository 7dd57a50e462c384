//! Clocks that are set, and machines that begin with a wrong one.

use super::*;

fn ten_minutes(missed: Missed) -> TaskSpec {
    TaskSpec { missed, ..task("a", cron("*/10 * * * *")) }
}

#[test]
fn a_clock_that_is_set_back_a_little_makes_nothing_due_twice() {
    let mut world = World::new(agenda(vec![ten_minutes(each(9))]), "2027-03-01T12:05:00Z");
    check(&mut world, "2027-03-01T12:35:00Z", &["12:10:00 a", "12:20:00 a", "12:30:00 a"]);
    world.set("2027-03-01T11:35:00Z");
    check(
        &mut world,
        "2027-03-01T12:40:00Z",
        &["clock set from 2027-03-01T12:35:00 to 2027-03-01T11:35:00", "12:40:00 a"],
    );
}

#[test]
fn a_clock_that_is_put_forward_a_little_loses_nothing() {
    let mut world = World::new(agenda(vec![ten_minutes(Missed::Skip)]), "2027-03-01T12:09:50Z");
    world.set("2027-03-01T12:10:40Z");
    check(&mut world, "2027-03-01T12:20:00Z", &["12:10:00 a", "12:20:00 a"]);
}

#[test]
fn a_clock_that_is_put_forward_by_years_makes_no_storm() {
    let tasks = vec![ten_minutes(each(3)), task("f", free("7m"))];
    let mut world = World::new(agenda(tasks), "2025-03-01T12:00:00Z");
    world.run(wall("2025-03-01T12:12:00Z"));
    assert_eq!(world.lines(), ["12:07:00 f", "12:10:00 a"]);
    world.set("2027-06-01T18:35:00Z");
    check(
        &mut world,
        "2027-06-01T18:40:00Z",
        &[
            "18:10:00 a, not before 18:35:00, caught up",
            "18:20:00 a, not before 18:35:00, caught up",
            "18:30:00 a, not before 18:35:00, caught up",
            "clock set from 2025-03-01T12:12:00 to 2027-06-01T18:35:00",
            "a missed MoreThan(1000) from 12:20:00 to 18:30:00, 3 caught up",
            "18:37:00 f",
            "18:40:00 a",
        ],
    );
}

#[test]
fn a_clock_that_was_never_set_is_waited_for() {
    let tasks = vec![ten_minutes(each(3)), task("f", free("4m"))];
    let mut world = World::new(agenda(tasks), "1970-01-01T00:00:05Z");
    world.run(wall("1970-01-01T00:05:00Z"));
    world.set("2027-06-01T18:35:00Z");
    check(
        &mut world,
        "2027-06-01T18:40:00Z",
        &[
            "clock doubted at 1970-01-01T00:00:05",
            "00:04:05 f",
            "clock set from 1970-01-01T00:05:00 to 2027-06-01T18:35:00",
            "18:38:05 f",
            "18:40:00 a",
        ],
    );
}

#[test]
fn a_clock_that_is_never_set_is_believed_after_a_while() {
    let mut world = World::new(agenda(vec![ten_minutes(each(3))]), "1970-01-01T00:00:05Z");
    check(
        &mut world,
        "1970-01-01T00:30:00Z",
        &[
            "clock doubted at 1970-01-01T00:00:05",
            "clock believed at 1970-01-01T00:15:05",
            "00:20:00 a",
            "00:30:00 a",
        ],
    );
    world.set("2027-06-01T18:35:00Z");
    let lines = world.lines();
    assert_eq!(lines.len(), 3 + 2, "three are caught up, and two notes: {lines:?}");
}

#[test]
fn a_machine_that_begins_in_the_past_does_nothing_again_when_its_clock_is_set() {
    let mut world = World::new(agenda(vec![ten_minutes(each(9))]), "2027-06-08T18:05:00Z");
    check(&mut world, "2027-06-08T18:30:00Z", &["18:10:00 a", "18:20:00 a", "18:30:00 a"]);
    // A power cut; it begins a week earlier, is believed, and is set twenty minutes after it began.
    world.now = Now { monotonic: Instant(9), wall: wall("2027-06-01T18:05:00Z") };
    world.begin_again();
    world.step();
    check(
        &mut world,
        "2027-06-01T18:25:00Z",
        &["clock doubted at 2027-06-01T18:05:00", "clock believed at 2027-06-01T18:20:00"],
    );
    world.set("2027-06-08T18:55:00Z");
    check(
        &mut world,
        "2027-06-08T19:00:00Z",
        &[
            "18:40:00 a, not before 18:55:00, caught up",
            "18:50:00 a, not before 18:55:00, caught up",
            "clock set from 2027-06-01T18:25:00 to 2027-06-08T18:55:00",
            "a missed Exactly(2) from 18:40:00 to 18:50:00, 2 caught up",
            "19:00:00 a",
        ],
    );
}

#[test]
fn a_clock_that_is_set_to_just_after_what_was_done_has_nothing_to_make_up_for() {
    let mut world = World::new(agenda(vec![ten_minutes(each(9))]), "2027-06-08T18:25:00Z");
    check(&mut world, "2027-06-08T18:30:00Z", &["18:30:00 a"]);
    world.now = Now { monotonic: Instant(9), wall: wall("2027-06-01T18:05:00Z") };
    world.begin_again();
    world.step();
    world.run(wall("2027-06-01T18:25:00Z"));
    world.set("2027-06-08T18:35:00Z");
    assert_eq!(world.lines().len(), 3, "it was doubted, believed and set");
    check(&mut world, "2027-06-08T18:40:00Z", &["18:40:00 a"]);
}

#[test]
fn a_clock_that_was_far_ahead_is_right_again_after_a_while() {
    let mut world = World::new(agenda(vec![ten_minutes(Missed::Once)]), "2027-06-01T18:05:00Z");
    world.set("2099-01-01T00:05:00Z");
    world.run(wall("2099-01-01T00:15:00Z"));
    assert_eq!(
        world.lines(),
        [
            "00:00:00 a, not before 00:05:00, caught up",
            "clock set from 2027-06-01T18:05:00 to 2099-01-01T00:05:00",
            "a missed MoreThan(1000) from 18:10:00 to 00:00:00, 1 caught up",
            "00:10:00 a",
        ]
    );
    world.set("2027-06-01T18:16:00Z");
    check(
        &mut world,
        "2027-06-01T18:40:00Z",
        &[
            "clock set from 2099-01-01T00:15:00 to 2027-06-01T18:16:00",
            "clock doubted at 2027-06-01T18:16:00",
            "clock believed at 2027-06-01T18:31:00",
            "18:40:00 a",
        ],
    );
}

#[test]
fn a_free_interval_goes_on_whatever_the_wall_clock_does() {
    let mut world = World::new(agenda(vec![task("f", free("10m"))]), "2027-06-01T18:00:00Z");
    world.run(wall("2027-06-01T18:25:00Z"));
    world.set("2027-06-01T17:00:00Z");
    world.run(wall("2027-06-01T17:20:00Z"));
    world.set("2031-01-01T00:00:00Z");
    world.run(wall("2031-01-01T01:00:00Z"));
    let began = world.offered_at[0].monotonic.0 - 600_000_000_000;
    let paces: Vec<u64> =
        world.offered_at.iter().map(|now| (now.monotonic.0 - began) / 1_000_000_000).collect();
    assert_eq!(paces, [600, 1200, 1800, 2400, 3000, 3600, 4200, 4800, 5400, 6000]);
}

#[test]
fn a_free_interval_goes_on_over_a_power_cut() {
    let with = |missed| {
        let mut world =
            World::new(agenda(vec![TaskSpec { missed, ..task("f", free("1d")) }]), "2027-06-01T18:00:00Z");
        world.run(wall("2027-06-02T20:00:00Z"));
        // By day it is off, as where the sun gives the power.
        for day in ["03", "04", "05"] {
            world.now.wall = wall(&format!("2027-06-{day}T17:00:00Z"));
            world.now.monotonic = Instant(9);
            world.begin_again();
            world.step();
            world.run(wall(&format!("2027-06-{day}T17:30:00Z")));
            if day == "04" {
                world.run(wall(&format!("2027-06-{day}T18:00:01Z")));
            }
        }
        world.lines()
    };
    let missed = |caught_up| format!("f missed Exactly(1) from 18:00:00 to 18:00:00, {caught_up} caught up");
    assert_eq!(with(Missed::Skip), ["18:00:00 f", &missed(0), "18:00:00 f"]);
    assert_eq!(
        with(Missed::Once),
        ["18:00:00 f", "18:00:00 f, not before 17:00:00, caught up", &missed(1), "18:00:00 f"]
    );
}

#[test]
fn a_free_interval_catches_up_when_the_clock_is_set_late() {
    let daily = TaskSpec { missed: Missed::Once, ..task("f", free("1d")) };
    let mut world = World::new(agenda(vec![daily]), "2027-06-01T18:00:00Z");
    world.run(wall("2027-06-02T20:00:00Z"));
    world.now = Now { monotonic: Instant(9), wall: wall("2027-06-02T17:30:00Z") };
    world.begin_again();
    world.step();
    world.run(wall("2027-06-02T17:32:00Z"));
    world.set("2027-06-05T12:02:00Z");
    check(
        &mut world,
        "2027-06-05T18:00:01Z",
        &[
            "18:00:00 f",
            "18:00:00 f, not before 12:02:00, caught up",
            "clock set from 2027-06-02T17:32:00 to 2027-06-05T12:02:00",
            "f missed Exactly(2) from 18:00:00 to 18:00:00, 1 caught up",
            "18:00:00 f",
        ],
    );
}

#[test]
fn a_free_interval_rests_outside_its_window() {
    let night =
        TaskSpec { between: Some(text::window("22:00..06:30").expect("a window")), ..task("f", free("10m")) };
    let mut world = World::new(agenda(vec![night]), "2027-06-01T12:03:00Z");
    let steps = world.steps;
    world.run(wall("2027-06-02T12:00:00Z"));
    assert_eq!(world.offers.len(), 6 * 8 + 3);
    assert_eq!(world.lines().first().map(String::as_str), Some("20:03:00 f"));
    assert_eq!(world.steps - steps, 51, "and nobody looks by day");
}

#[test]
fn what_is_remembered_of_a_task_that_is_no_more_has_no_clock_doubted() {
    let mut world = World::new(agenda(vec![ten_minutes(Missed::Skip)]), "2027-06-01T18:05:00Z");
    let ahead = Mark { due: wall("2099-01-01T00:00:00Z"), before_set_back: None, times: 1 };
    world.remembered.insert(TaskName::new("gone"), ahead);
    world.begin_again();
    check(&mut world, "2027-06-01T18:10:00Z", &["18:10:00 a"]);
}

//! Ninety nights of a recorder without a clock of its own: power cuts, a clock that begins in the past and is set when others
//! are heard, a beat that is killed. Every due time is offered once or explained by a note, and never offered twice.

use super::*;
use minder_core::agenda::{DayTime, Moment, SunEvent};
use minder_schedule::schedule::Schedule;
use minder_schedule::window::Sight;
use std::collections::BTreeSet;

const BEGIN: &str = "2027-09-01T12:00:00Z";
const END: &str = "2027-11-30T12:00:00Z";
const FREE: &str = "7m";

/// Numbers by chance, the same for a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn seconds(&mut self, most: u64) -> Duration {
        Duration::from_secs(self.below(most))
    }
}

fn tasks() -> Vec<TaskSpec> {
    let window = |text| Some(text::window(text).expect("a window"));
    let sunset = Due::At(vec![Moment::Daily(DayTime::Sun { event: SunEvent::Sunset, offset: 600 })]);
    let aligned = Due::Every { interval: duration("1h"), phase: Phase::Aligned(duration("5m")) };
    vec![
        TaskSpec {
            between: window("sunset-30m..sunrise+30m"),
            jitter: duration("30s"),
            ..task("record", cron("*/10 * * * *"))
        },
        TaskSpec { missed: Missed::Once, ..task("sunset", sunset) },
        TaskSpec { missed: each(3), ..task("send", aligned) },
        TaskSpec { missed: Missed::Once, ..task("sweep", cron("30 2 * * *")) },
        TaskSpec { between: window("22:00..02:30"), ..task("night", cron("*/30 * * * *")) },
        task("free", free(FREE)),
    ]
}

/// Looks late, as a busy machine does, until the clock shows this.
fn live(world: &mut World, dice: &mut Dice, until: WallTime) {
    while let Some(ahead) = world.ahead().filter(|ahead| clock::later(world.now.wall, *ahead) < until) {
        world.pause(ahead + Duration::from_micros(dice.below(50_000)));
        world.step();
        if dice.below(100) == 0 {
            world.begin_again();
            world.pause(dice.seconds(5));
            world.step();
        }
    }
    let rest = u64::try_from(until.0 - world.now.wall.0).unwrap_or(0);
    world.pause(Duration::from_micros(rest));
}

/// The power is off; the clock begins up to 40 minutes before it went, and is set to what is right after a while.
fn power_cut(world: &mut World, dice: &mut Dice) {
    let most = [60, 3600, 40 * 3600][usize::try_from(dice.below(3)).expect("small")];
    let off = dice.seconds(most);
    let right = clock::later(world.now.wall, off);
    let begins = if dice.below(2) == 0 { right } else { world.now.wall - dice.seconds(2400) };
    world.now = Now { monotonic: Instant(1_000_000_000 * dice.below(30)), wall: begins };
    world.begin_again();
    world.step();
    if begins != right {
        let unheard = dice.seconds(1200);
        live(world, dice, clock::later(begins, unheard));
        world.now.wall = clock::later(right, unheard).max(world.now.wall);
        world.step();
    }
}

fn season(seed: u64) -> World {
    let (mut world, mut dice) = (World::new(agenda(tasks()), BEGIN), Dice(seed));
    let end = wall(END);
    while world.now.wall < end {
        let until = clock::later(world.now.wall, dice.seconds(30 * 3600)).min(end);
        live(&mut world, &mut dice, until);
        match dice.below(3) {
            0 => power_cut(&mut world, &mut dice),
            1 => {
                // Corrected by others, to and fro.
                world.now.wall = WallTime(
                    world.now.wall.0 + i64::try_from(dice.below(240)).expect("small") * 1_000_000
                        - 120_000_000,
                );
                world.step();
            }
            _ => world.begin_again(),
        }
    }
    world.step();
    world
}

/// All due times of a task from the begin on, before anything is known of clocks.
fn all(task: &TaskSpec, until: WallTime) -> BTreeSet<WallTime> {
    let sight = Sight {
        zone: zone::named("Europe/Berlin").expect("a zone"),
        place: Some(text::place(52.52, 13.405).expect("a place")),
    };
    let schedule = Schedule::new(&task.due, task.between, sight).expect("a schedule");
    let mut dues = BTreeSet::new();
    let mut after = wall(BEGIN);
    while let Some(next) = gap::next(&schedule, after).filter(|next| *next <= until) {
        dues.insert(next);
        after = next;
    }
    dues
}

fn hold(world: &World, task: &TaskSpec) {
    let dues = all(task, world.now.wall);
    let offered: Vec<&Offer> = world.offers.iter().filter(|offer| offer.task == task.name).collect();
    let mut seen: BTreeSet<WallTime> = BTreeSet::new();
    for offer in &offered {
        assert!(dues.contains(&offer.due), "{offer:?} is not due");
        assert!(seen.insert(offer.due), "{offer:?} was offered twice");
        assert!(offer.reason == Reason::CaughtUp || offer.not_before.0 - offer.due.0 <= 30_000_000);
    }
    for note in &world.notes {
        let Note::Missed(missing) = note else { continue };
        if missing.task != task.name {
            continue;
        }
        let span: Vec<&WallTime> = dues.range(missing.first..=missing.last).collect();
        assert_eq!(missing.count, Count::Exactly(u32::try_from(span.len()).expect("few")), "{missing:?}");
        let done = span.iter().rev().take(usize::try_from(missing.caught_up).expect("few"));
        assert!(done.clone().all(|due| offered.iter().any(|offer| offer.due == **due)), "{missing:?}");
        let left_out = &span[..span.len() - done.len()];
        for due in left_out {
            assert!(seen.insert(**due), "{due:?} was offered or noted before: {missing:?}");
        }
    }
    let forgotten: Vec<&WallTime> = dues.difference(&seen).collect();
    assert!(forgotten.is_empty(), "{}: {forgotten:?}", task.name);
}

#[test]
fn every_due_time_of_a_season_is_offered_once_or_explained() {
    for seed in 0..6 {
        let world = season(seed);
        for task in tasks().iter().filter(|task| task.name.as_str() != "free") {
            hold(&world, task);
        }
        let looked = usize::try_from(world.steps).expect("few");
        assert!(looked < world.offers.len() + 2500, "{looked} looks for {} offers", world.offers.len());
    }
}

#[test]
fn free_paces_of_a_season_are_as_far_apart_as_they_should_be() {
    let world = season(77);
    let mut last: Option<Now> = None;
    let (mut exact, mut all) = (0, 0);
    for (offer, now) in world.offers.iter().zip(&world.offered_at) {
        if offer.task.as_str() != "free" {
            continue;
        }
        if let Some(last) = last.filter(|last| last.monotonic < now.monotonic) {
            let apart = now.monotonic.since(last.monotonic);
            all += 1;
            exact += u32::from(apart >= duration("6m59s") && apart <= duration("7m1s"));
            assert!(apart <= duration("14m10s"), "no pace is left out: {apart:?}");
        }
        last = Some(*now);
    }
    assert!(all > 10_000, "{all}");
    assert!(exact * 100 > all * 97, "{exact} of {all}");
}

//! A season of ninety nights in a minute: power cuts at any moment, clocks that jump, full disks and lost microphones. Every
//! recording that was promised exists, or an event says why it does not.
//!
//! The tasks, the stores and the simulated microphone are the real ones; the machine is not: it has a clock that is moved, and a
//! fuse that blows after so many looks at it, which ends whatever is being done there and then, as a power cut does.

mod machine;
mod world;

use world::{Chance, World};

#[test]
fn ninety_nights_are_recorded_or_explained() {
    let mut world = World::begin(Chance::of(20_240_601));
    for _ in 0..90 * 24 * 6 {
        world.tick();
    }
    let tally = world.end();
    assert!(tally.recorded > 2000, "{tally:?}");
    assert!(tally.power_cuts > 20 && tally.jumps > 10, "{tally:?}");
    assert!(tally.blown > 5 && tally.lost > 0, "{tally:?}");
    assert!(tally.device > 0 && tally.disk > 0, "{tally:?}");
}

#[test]
fn a_quiet_week_is_recorded_without_a_gap() {
    let mut world = World::begin(Chance::none());
    for _ in 0..7 * 24 * 6 {
        world.tick();
    }
    let tally = world.end();
    // From 20:00 to 06:00, both included, every ten minutes: 61 a night, the first one of which began before midnight.
    assert_eq!(tally.recorded, 7 * 61, "{tally:?}");
    assert_eq!((tally.lost, tally.power_cuts), (0, 0), "{tally:?}");
}

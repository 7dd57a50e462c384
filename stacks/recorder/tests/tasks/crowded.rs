//! What happens when the disk is full.

use std::sync::atomic::Ordering;

use minder_recorder::program::ProgramKind;
use minder_recorder::station::Company;
use serde_json::{Value, json};

use super::place::{Place, sounds};

fn full(action: &str) -> Value {
    json!({"minder": {"disk_action": action, "disk_free_mb": 1}})
}

#[test]
fn by_default_recording_stops_and_goes_on_when_there_is_room() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    place.computer.0.room.store(1, Ordering::Relaxed);
    place.record();
    place.manage();
    assert_eq!(place.run("recording_task", &Value::Null), Ok(Value::Null));
    assert_eq!(place.told(), [("disk_full", 1)]);
    place.computer.0.room.store(9, Ordering::Relaxed);
    place.record();
}

#[test]
fn what_was_recorded_before_it_was_full_waits_for_room() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    place.computer.0.room.store(1, Ordering::Relaxed);
    place.record();
    place.record();
    assert_eq!(place.manage(), (1, 0, 1));
    place.computer.0.room.store(2, Ordering::Relaxed);
    assert_eq!(place.manage(), (1, 0, 0));
}

#[test]
fn with_discard_it_is_recorded_and_not_kept() {
    let mut place = Place::of(ProgramKind::Default, &full("discard"));
    place.computer.0.room.store(1, Ordering::Relaxed);
    place.record();
    place.record();
    assert_eq!(place.manage(), (1, 1, 0));
    assert_eq!(place.told(), [("disk_full", 1)]);
}

#[test]
fn with_delete_oldest_the_oldest_go() {
    let mut place = Place::of(ProgramKind::Default, &full("delete_oldest"));
    let recordings = [place.record(), place.record(), place.record()];
    place.manage();
    place.computer.0.room.store(3, Ordering::Relaxed);
    let last = place.record();
    assert_eq!(place.row(&recordings[0]).path, None);
    assert_eq!(place.manage(), (1, 0, 0));
    assert!(place.row(&last).path.unwrap().exists());
    assert_eq!(sounds(&place.path("kept")).len(), 3);
    assert_eq!(place.told(), [("sacrificed", 1)]);
}

#[test]
fn with_delete_lowest_confidence_those_go_of_which_the_detector_was_least_sure() {
    let mut place = Place::bats(&full("delete_lowest_confidence"), vec![Some(0.9), Some(0.6), Some(0.8)]);
    let recordings = [place.record(), place.record(), place.record()];
    for recording in &recordings {
        place.run("detection_task", &serde_json::to_value(recording).unwrap()).unwrap();
    }
    assert_eq!(place.manage(), (3, 0, 0));
    place.computer.0.room.store(3, Ordering::Relaxed);
    place.record();
    let there = recordings.iter().map(|recording| place.row(recording).path.is_some());
    assert_eq!(there.collect::<Vec<_>>(), [true, false, true]);
}

/// While this does it, nothing can be written into the database of events.
fn unwritable(place: &mut Place, during: impl FnOnce(&mut Place)) {
    let change = |place: &Place, order: &str| {
        let connection = rusqlite::Connection::open(place.path("events.db")).unwrap();
        connection.execute_batch(order).unwrap();
    };
    change(place, "ALTER TABLE sight RENAME TO away");
    during(place);
    change(place, "ALTER TABLE away RENAME TO sight");
}

#[test]
fn what_happened_while_nothing_could_be_written_down_is_told_afterwards() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    place.record();
    unwritable(&mut place, |place| {
        place.computer.0.room.store(0, Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(place.run("recording_task", &Value::Null), Ok(Value::Null));
            place.pass(10);
        }
        assert_eq!(place.told(), []);
    });
    place.computer.0.room.store(9, Ordering::Relaxed);
    place.record();
    place.record();
    let told = place.station().events.between(jiff::Timestamp::MIN, jiff::Timestamp::MAX).unwrap();
    let told: Vec<_> = told.iter().map(|event| (event.kind.word(), event.count)).collect();
    assert_eq!(told, [("disk_full", 3)], "nobody was idle, and nothing was torn");
}

#[test]
fn a_file_that_could_not_be_stored_is_found_at_once_when_nobody_else_is_there() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    let connection = rusqlite::Connection::open(place.path("metadata.db")).unwrap();
    connection.execute("DELETE FROM recording", []).unwrap();
    let connection = rusqlite::Connection::open(place.path("events.db")).unwrap();
    connection.execute("DELETE FROM pending", []).unwrap();
    let now = std::time::SystemTime::from(place.station().machine.clock().now());
    std::fs::File::open(recording.path.unwrap()).unwrap().set_modified(now).unwrap();
    assert_eq!(place.manage(), (0, 0, 0), "somebody may be about to store it");
    place.station = place.station.take().map(|station| station.in_company(Company::Nobody));
    assert_eq!(place.manage(), (1, 0, 0));
    assert_eq!(place.told(), [("found", 1)]);
}

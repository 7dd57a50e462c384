//! What a power cut leaves, at each step of a recording's way.

use std::fs;

use minder_recorder::program::ProgramKind;
use serde_json::json;

use super::place::{Place, sounds};

#[test]
fn recordings_in_memory_that_a_reboot_takes_are_marked() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recordings = [place.record(), place.record()];
    fs::remove_file(recordings[0].path.as_ref().unwrap()).unwrap();
    assert_eq!(place.manage(), (1, 0, 0));
    assert_eq!(place.row(&recordings[0]).path, None);
    assert!(place.row(&recordings[1]).path.unwrap().exists());
    let [event] = &place.events()[..] else { panic!("{:?}", place.events()) };
    assert_eq!((event.kind.word(), event.recording), ("lost", Some(recordings[0].id)));
    assert_eq!(event.since, recordings[0].created_on);
}

#[test]
fn one_file_that_cannot_be_moved_does_not_keep_the_others() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recordings = [place.record(), place.record(), place.record()];
    // A directory has the name of a file of sound.
    let path = recordings[1].path.as_ref().unwrap();
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
    assert_eq!(place.manage(), (2, 0, 1));
}

#[test]
fn a_file_whose_row_was_never_written_is_found_and_kept() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    let connection = rusqlite::Connection::open(place.path("metadata.db")).unwrap();
    connection.execute("DELETE FROM recording", []).unwrap();
    assert_eq!(place.manage(), (1, 0, 0));
    let row = place.row(&recording);
    assert_eq!((row.created_on, row.duration, row.samplerate), (recording.created_on, 1.0, 2000));
    assert!(row.path.unwrap().exists());
    assert_eq!(place.told(), [("found", 1)]);
}

#[test]
fn a_file_of_which_nothing_at_all_was_written_is_found_by_what_it_says_of_itself() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    for (database, table) in [("metadata.db", "recording"), ("events.db", "pending")] {
        let connection = rusqlite::Connection::open(place.path(database)).unwrap();
        connection.execute(&format!("DELETE FROM {table}"), []).unwrap();
    }
    // By its own clock the machine is in June of 2024, and the file of a time that is still to come.
    assert_eq!(place.manage(), (1, 0, 0));
    let row = place.station().store.recording_of(recording.created_on).unwrap().unwrap();
    assert!(row.path.unwrap().exists());
}

#[test]
fn what_was_linked_and_not_yet_moved_is_moved() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    let target = place.path(&format!("kept/2024/6/1/20240601_220000_{}.wav", recording.id));
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::copy(recording.path.as_ref().unwrap(), &target).unwrap();
    assert_eq!(place.manage(), (1, 0, 0));
    assert_eq!(place.row(&recording).path, Some(target));
    assert_eq!(sounds(place.directory.path()).len(), 1);
}

#[test]
fn what_was_moved_and_not_yet_deleted_is_deleted() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    let first = recording.path.clone().unwrap();
    let bytes = fs::read(&first).unwrap();
    place.manage();
    fs::write(&first, bytes).unwrap();
    place.manage();
    assert!(!first.exists());
    assert!(place.row(&recording).path.unwrap().exists());
    assert_eq!(sounds(place.directory.path()).len(), 1);
}

#[test]
fn two_recordings_of_one_name_are_both_kept() {
    let mut place = Place::bats(&json!({}), vec![Some(0.9), Some(0.9)]);
    let recordings = [place.record(), place.record()];
    // The clock was put back: the second is of the same second as the first.
    let connection = rusqlite::Connection::open(place.path("metadata.db")).unwrap();
    let late = "2024-06-01T22:00:00.5+00:00";
    connection
        .execute("UPDATE recording SET datetime = ?1 WHERE id = ?2", (late, recordings[1].id.as_bytes()))
        .unwrap();
    for recording in &recordings {
        place.run("detection_task", &serde_json::to_value(recording).unwrap()).unwrap();
    }
    // Files of silence would be the same; these are of different times.
    assert_eq!(place.manage(), (2, 0, 0));
    let names: Vec<_> = sounds(&place.path("kept/bats"));
    assert_eq!(
        names,
        [place.path("kept/bats/20240601_220000.wav"), place.path("kept/bats/20240601_220000_1.wav")]
    );
}

#[test]
fn files_of_others_are_left_alone() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    fs::write(place.path("tmp/song.wav"), b"RIFF").unwrap();
    fs::write(place.path("tmp/notes.txt"), b"").unwrap();
    assert_eq!(place.manage(), (0, 0, 0));
    assert!(place.path("tmp/song.wav").exists() && place.path("tmp/notes.txt").exists());
}

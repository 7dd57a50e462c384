//! What is recorded, and what becomes of it when all is well.

use minder_recorder::program::ProgramKind;
use serde_json::{Value, json};

use super::original::acoupi;
use super::place::{Place, sounds};

#[test]
fn a_recording_is_named_by_its_second_and_kept_by_its_date() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    assert_eq!(recording.path, Some(place.path("tmp/20240601_220000.wav")));
    assert_eq!((recording.duration, recording.samplerate), (1.0, 2000));
    assert!(recording.deployment.name.starts_with("Deployment 2024-06-01 22:00:00"));
    assert_eq!(place.manage(), (1, 0, 0));
    let kept = place.path(&format!("kept/2024/6/1/20240601_220000_{}.wav", recording.id));
    assert_eq!(place.row(&recording).path.as_ref(), Some(&kept));
    assert!(kept.exists());
    assert!(sounds(&place.path("tmp")).is_empty());
    assert!(place.told().is_empty());
}

#[test]
fn acoupi_goes_on_with_what_the_tasks_have_left() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let recording = place.record();
    place.manage();
    let read = acoupi(
        place.directory.path(),
        &format!(
            "from guano import GuanoFile\nstore = SqliteStore(Path('metadata.db'))\n\
             [(r, [])] = store.get_recordings([UUID('{}')])\n\
             g = GuanoFile(str(r.path))\n\
             print(r.created_on.isoformat(), r.duration, g['Acoupi|Deployment Name'] == r.deployment.name)",
            recording.id
        ),
    );
    assert_eq!(read, "2024-06-01T22:00:00+00:00 1.0 True");
}

#[test]
fn outside_its_window_nothing_is_recorded_and_that_is_told_once_for_all_of_it() {
    let window = |behaviour: &str| json!({"recording": {"schedule_start": "06:00", "schedule_end": "21:00"}, "minder": {"behaviour": behaviour}});
    let mut place = Place::of(ProgramKind::Default, &window("intended"));
    for _ in 0..5 {
        assert_eq!(place.run("recording_task", &Value::Null), Ok(Value::Null));
        place.pass(10);
    }
    assert_eq!(place.told(), [("outside_window", 5)]);
    assert_eq!(place.station().store.last_recording().unwrap(), None);
    // acoupi records round the clock when it is told to record by day.
    let mut place = Place::of(ProgramKind::Default, &window("acoupi"));
    place.record();
}

#[test]
fn a_microphone_that_is_not_there_fails_the_run_and_is_told() {
    let mut place =
        Place::of(ProgramKind::Default, &json!({"microphone": {"device_name": "simulated:nothing"}}));
    let error = place.run("recording_task", &Value::Null).unwrap_err();
    assert!(error.starts_with("Audio device with name 'simulated:nothing' not found."), "{error}");
    place.pass(10);
    place.run("recording_task", &Value::Null).unwrap_err();
    assert_eq!(place.told(), [("device", 2)]);
}

#[test]
fn what_no_filter_wants_is_deleted_and_its_row_keeps_where_it_was() {
    let filters = json!({"recording_saving": {"starttime": "01:00", "endtime": "02:00", "frequency_duration": 0,
                         "before_dawndusk_duration": 0, "after_dawndusk_duration": 0}});
    let mut place = Place::of(ProgramKind::Default, &filters);
    let recordings = [place.record(), place.record()];
    assert_eq!(place.manage(), (0, 2, 0));
    for recording in &recordings {
        assert_eq!(place.row(recording).path, recording.path);
    }
    assert_eq!(place.told(), [("discarded", 2)]);
    assert_eq!(place.manage(), (0, 0, 0));
}

#[test]
fn a_task_that_there_is_not_is_no_task() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    assert_eq!(place.run("sing_task", &Value::Null), Err("Task sing_task not found.".into()));
}

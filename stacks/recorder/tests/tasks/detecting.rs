//! Who was heard, and what is told of it.

use minder_recorder::messages::MessageKind;
use minder_recorder::program::MessageOrder;
use minder_recorder::recording::Recording;
use serde_json::{Value, json};

use super::original::acoupi;
use super::place::{Place, sounds};

fn detect(place: &mut Place, recording: &Recording) -> Result<Value, String> {
    place.run("detection_task", &serde_json::to_value(recording).unwrap())
}

fn told(place: &Place) -> Vec<Value> {
    let messages = place.station().messages.as_ref().unwrap();
    let unsent = messages.unsent(MessageOrder::OldestFirst).unwrap();
    let content = |id: &uuid::Uuid| {
        let message = messages.message(*id).unwrap().unwrap();
        assert_eq!(message.kind, Some(MessageKind::Detection));
        serde_json::from_slice(&message.content).unwrap()
    };
    unsent.iter().map(content).collect()
}

#[test]
fn a_sure_detection_is_stored_told_and_kept_among_the_true_ones() {
    let mut place = Place::bats(&json!({}), vec![Some(0.9)]);
    let recording = place.record();
    // Before anybody has listened, it stays.
    assert_eq!(place.manage(), (0, 0, 1));
    assert_eq!(detect(&mut place, &recording), Ok(json!({"remaining": 0})));
    let [output] = &place.station().store.outputs_of(&recording).unwrap()[..] else { panic!() };
    assert_eq!((output.name_model.as_str(), output.detections.len()), ("script", 1));
    let [message] = &told(&place)[..] else { panic!("{:?}", told(&place)) };
    assert_eq!(message["recording"]["id"], json!(recording.id));
    assert_eq!(message["detections"][0]["tags"][0]["tag"], json!({"key": "species", "value": "Myotis"}));
    assert_eq!(place.manage(), (1, 0, 0));
    assert_eq!(sounds(&place.path("kept")), [place.path("kept/bats/20240601_220000.wav")]);
}

#[test]
fn acoupi_understands_the_message_as_its_own() {
    let mut place = Place::bats(&json!({}), vec![Some(0.9)]);
    let recording = place.record();
    detect(&mut place, &recording).unwrap();
    let read = acoupi(
        place.directory.path(),
        "[m] = SqliteMessageStore(Path('messages.db')).get_unsent_messages()\n\
         text = m.content.decode()\n\
         print(data.ModelOutput.model_validate_json(text).model_dump_json() == text, m.message_type)",
    );
    assert_eq!(read, "True detection");
}

#[test]
fn a_recording_that_is_given_again_is_looked_at_and_told_once() {
    let mut place = Place::bats(&json!({}), vec![Some(0.9), Some(0.9)]);
    let recording = place.record();
    detect(&mut place, &recording).unwrap();
    detect(&mut place, &recording).unwrap();
    assert_eq!(told(&place).len(), 1);
    // As a power cut between message and output leaves it.
    let connection = rusqlite::Connection::open(place.path("metadata.db")).unwrap();
    for table in ["predicted_tag", "detection", "model_output"] {
        connection.execute(&format!("DELETE FROM {table}"), []).unwrap();
    }
    detect(&mut place, &recording).unwrap();
    assert_eq!(told(&place).len(), 1);
    assert_eq!(place.station().store.outputs_of(&recording).unwrap().len(), 1);
}

#[test]
fn what_nobody_is_sure_of_is_not_told_and_what_is_nothing_not_stored() {
    let mut place = Place::bats(&json!({}), vec![Some(0.3), Some(0.1)]);
    let recordings = [place.record(), place.record()];
    for recording in &recordings {
        detect(&mut place, recording).unwrap();
    }
    assert!(told(&place).is_empty());
    let count = |recording| place.station().store.outputs_of(recording).unwrap()[0].detections.len();
    assert_eq!((count(&recordings[0]), count(&recordings[1])), (1, 0));
    // No place is made for either: 0.3 is less than both thresholds of where they are kept.
    assert_eq!(place.manage(), (0, 2, 0));
    assert_eq!(place.told(), [("unplaced", 2)]);
}

#[test]
fn a_recording_that_no_detector_can_read_is_kept_in_the_end() {
    let mut place = Place::bats(&json!({}), vec![]);
    let recording = place.record();
    for _ in 0..3 {
        assert_eq!(place.manage(), (0, 0, 1));
        let error = detect(&mut place, &recording).unwrap_err();
        assert!(error.ends_with("failed: no"), "{error}");
    }
    assert_eq!(place.manage(), (1, 0, 0));
    assert_eq!(sounds(&place.path("kept")), [place.path("kept/20240601_220000.wav")]);
}

#[test]
fn what_was_left_over_is_looked_at_by_the_way_and_at_the_end() {
    let mut place = Place::bats(&json!({}), vec![Some(0.9); 6]);
    let recordings: Vec<_> = (0..6).map(|_| place.record()).collect();
    assert_eq!(detect(&mut place, &recordings[5]), Ok(json!({"remaining": 4})));
    assert_eq!(place.run("detection_task", &Value::Null), Ok(json!({"remaining": 0})));
    assert_eq!(place.manage(), (6, 0, 0));
    assert_eq!(place.run("detection_task", &Value::Null), Ok(json!({"remaining": 0})));
}

#[test]
fn a_summary_says_what_acoupis_says() {
    let summaries = json!({"summariser_config": {"interval": 3600, "low_band_threshold": 0.25, "mid_band_threshold": 0.5,
                           "high_band_threshold": 0.9}});
    let mut place = Place::bats(&summaries, vec![Some(0.25), Some(0.501), Some(0.77), Some(0.9)]);
    for _ in 0..4 {
        let recording = place.record();
        detect(&mut place, &recording).unwrap();
    }
    let connection = rusqlite::Connection::open(place.path("messages.db")).unwrap();
    connection.execute("DELETE FROM message", []).unwrap();
    assert_eq!(place.run("summary_task", &Value::Null), Ok(Value::Null));
    let now = place.station().now();
    let script = format!(
        "from acoupi.components.summariser import *\nstore = SqliteStore(Path('metadata.db'))\n\
        now = datetime.datetime.fromisoformat('{now}')\n\
        theirs = [StatisticsDetectionsSummariser(store, 3600), ThresholdsDetectionsSummariser(store, 3600, 0.25, 0.5, 0.9)]\n\
        theirs = [json.loads(s.build_summary(now).content) for s in theirs]\n\
        ours = SqliteMessageStore(Path('messages.db')).get_unsent_messages()\n\
        kinds = {{m.message_type.value for m in ours}}\n\
        ours = [json.loads(m.content) for m in ours]\n\
        print(kinds, len(ours), all(t in ours for t in theirs))\n\
        print(ours, theirs, file=sys.stderr)"
    );
    assert_eq!(acoupi(place.directory.path(), &script), "{'summary'} 2 True");
}

//! Databases, beside those of the real acoupi: the same tables, read and written by both.

mod original;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minder_recorder::messages::{Message, MessageKind, Response, ResponseStatus};
use minder_recorder::output::{BoundingBox, Detection, ModelOutput, PredictedTag, PredictionType, Tag};
use minder_recorder::program::MessageOrder;
use minder_recorder::recording::{Deployment, Recording};
use minder_recorder::store::metadata::Sacrifice;
use minder_recorder::store::{MessageStore, MetadataStore, StoreError};
use original::acoupi;
use rusqlite::Connection;
use uuid::Uuid;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn deployment() -> Deployment {
    Deployment {
        id: Uuid::from_u128(1),
        name: "Wytham – south".into(),
        latitude: Some(51.77),
        longitude: Some(-1.33),
        started_on: at("2024-05-01T18:00:00Z"),
        ended_on: None,
    }
}

fn recording(number: u128, moment: &str, path: &str) -> Recording {
    Recording {
        created_on: at(moment),
        duration: 3.0,
        samplerate: 192_000,
        deployment: deployment(),
        path: Some(PathBuf::from(path)),
        audio_channels: 1,
        time_expansion: 1.0,
        id: Uuid::from_u128(number),
    }
}

fn output(number: u128, recording: &Recording, score: f64) -> ModelOutput {
    let tag = |value: &str, confidence_score| PredictedTag {
        tag: Tag { key: "species".into(), value: value.into() },
        confidence_score,
    };
    ModelOutput {
        id: Uuid::from_u128(number),
        name_model: "BatDetect2".into(),
        recording: recording.clone(),
        detections: vec![
            Detection {
                id: Uuid::from_u128(number + 1),
                prediction_type: PredictionType::Event,
                location: Some(BoundingBox { start: 0.1, low: 20_000.0, end: 0.25, high: 45_500.5 }),
                detection_score: score,
                tags: vec![tag("Myotis daubentonii", 0.7), tag("Myotis nattereri", 0.2)],
            },
            Detection {
                id: Uuid::from_u128(number + 2),
                prediction_type: PredictionType::Presence,
                location: None,
                detection_score: 0.0,
                tags: vec![],
            },
        ],
        created_on: at("2024-06-01T22:00:07.5Z"),
    }
}

/// What a database says of itself, apart from the text that it was made by.
fn anatomy(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let rows = |query: &str| -> Vec<String> {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let cells = |row: &rusqlite::Row<'_>| {
            let cell = |index| format!("{:?}", row.get::<_, rusqlite::types::Value>(index).unwrap());
            Ok((0..columns).map(cell).collect::<Vec<_>>().join(" "))
        };
        statement.query_map([], cells).unwrap().map(Result::unwrap).collect()
    };
    let mut anatomy = rows("PRAGMA user_version");
    anatomy.extend(rows("PRAGMA journal_mode"));
    let names = rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    anatomy.extend(rows("SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2"));
    for name in names.iter().map(|name| name.trim_start_matches("Text(\"").trim_end_matches("\")")) {
        anatomy.extend(rows(&format!("SELECT '{name}', * FROM pragma_table_xinfo('{name}')")));
        anatomy.extend(rows(&format!("SELECT '{name}', * FROM pragma_foreign_key_list('{name}')")));
        anatomy.extend(rows(&format!(
            "SELECT '{name}', l.name, l.\"unique\", l.origin, l.partial, i.* FROM pragma_index_list('{name}') l, \
             pragma_index_xinfo(l.name) i ORDER BY l.name, i.seqno"
        )));
    }
    anatomy
}

#[test]
fn our_databases_have_the_tables_columns_keys_indexes_and_versions_of_acoupi() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    acoupi(directory.path(), "SqliteStore(Path('theirs.db')); SqliteMessageStore(Path('their-messages.db'))");
    MetadataStore::open(&path("ours.db"), &TimeZone::UTC).unwrap();
    MessageStore::open(&path("our-messages.db"), &TimeZone::UTC).unwrap();
    assert_eq!(anatomy(&path("ours.db")), anatomy(&path("theirs.db")));
    assert_eq!(anatomy(&path("our-messages.db")), anatomy(&path("their-messages.db")));
}

#[test]
fn acoupi_reads_what_we_have_written() {
    let directory = tempfile::tempdir().unwrap();
    let store = MetadataStore::open(&directory.path().join("metadata.db"), &TimeZone::UTC).unwrap();
    let recording = recording(10, "2024-06-01T22:00:00Z", "/run/shm/20240601_220000.wav");
    let output = output(20, &recording, 0.875);
    store.store_deployment(&deployment()).unwrap();
    store.store_recording(&recording).unwrap();
    store.store_output(&output).unwrap();
    let messages = MessageStore::open(&directory.path().join("messages.db"), &TimeZone::UTC).unwrap();
    let message = |number, kind, moment| Message {
        id: Uuid::from_u128(number),
        content: br#"{"a":1}"#.to_vec(),
        created_on: at(moment),
        kind,
    };
    messages.store(&message(31, Some(MessageKind::Detection), "2024-06-01T22:00:08.25Z")).unwrap();
    messages.store(&message(30, None, "2024-06-01T22:00:08Z")).unwrap();
    messages.store(&message(32, Some(MessageKind::Summary), "2024-06-01T22:00:09Z")).unwrap();
    let response = Response {
        status: ResponseStatus::Success,
        content: Some("ok".into()),
        received_on: at("2024-06-01T22:00:10Z"),
    };
    messages.store_response(Uuid::from_u128(32), &response).unwrap();

    let read = acoupi(
        directory.path(),
        "store = SqliteStore(Path('metadata.db'))\n\
         [(recording, [output])] = store.get_recordings_by_path([Path('/run/shm/20240601_220000.wav')])\n\
         print(output.model_dump_json())\n\
         print(store.get_current_deployment().name)\n\
         for m in SqliteMessageStore(Path('messages.db')).get_unsent_messages():\n\
         \x20   print(m.id.int, m.content, m.created_on.isoformat(), m.message_type)",
    );
    let mut lines = read.lines();
    assert_eq!(lines.next().unwrap(), serde_json::to_string(&output).unwrap());
    assert_eq!(lines.next(), Some("Wytham – south"));
    assert_eq!(lines.next(), Some(r#"30 b'{"a":1}' 2024-06-01T22:00:08+00:00 None"#));
    assert_eq!(lines.next(), Some(r#"31 b'{"a":1}' 2024-06-01T22:00:08.250000+00:00 detection"#));
    assert_eq!(lines.next(), None);
}

#[test]
fn we_read_what_acoupi_has_written_and_it_goes_on_where_we_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let written = acoupi(
        directory.path(),
        "store = SqliteStore(Path('metadata.db'))\n\
         deployment = data.Deployment(name='site a', latitude=51.5, longitude=-0.1)\n\
         store.store_deployment(deployment)\n\
         recording = data.Recording(created_on=datetime.datetime(2024, 6, 1, 22, 0, 0, tzinfo=utc), duration=3, \
         samplerate=48000, deployment=deployment, path=Path('/run/shm/a.wav'))\n\
         store.store_recording(recording)\n\
         tag = data.PredictedTag(tag=data.Tag(key='species', value='Myotis'), confidence_score=0.7)\n\
         output = data.ModelOutput(name_model='m', recording=recording, detections=[\n\
         \x20 data.EventDetection(location=data.BoundingBox(coordinates=(0.1, 1000, 0.2, 2000)), detection_score=0.8, \
         tags=[tag]), data.PresenceDetection(detection_score=1)])\n\
         store.store_model_output(output)\n\
         messages = SqliteMessageStore(Path('messages.db'))\n\
         for n in range(3):\n\
         \x20 m = data.Message(content=json.dumps(n), message_type='summary'); messages.store_message(m)\n\
         messages.store_response(data.Response(status=0, message=m, content='ok'))\n\
         print(output.model_dump_json())",
    );
    let store = MetadataStore::open(&directory.path().join("metadata.db"), &TimeZone::UTC).unwrap();
    let found = store.recording_at(Path::new("/run/shm/a.wav")).unwrap().unwrap();
    let outputs = store.outputs_of(&found).unwrap();
    assert_eq!(serde_json::to_string(&outputs[0]).unwrap(), written);
    assert_eq!(store.current_deployment().unwrap().unwrap().name, "site a");

    let messages = MessageStore::open(&directory.path().join("messages.db"), &TimeZone::UTC).unwrap();
    let unsent = messages.unsent(MessageOrder::OldestFirst).unwrap();
    let contents: Vec<_> = unsent.iter().map(|id| messages.message(*id).unwrap().unwrap().content).collect();
    assert_eq!(contents, [b"0".to_vec(), b"1".to_vec()]);

    let mut second = recording(10, "2024-06-01T22:00:10.000005Z", "/run/shm/b.wav");
    second.deployment = found.deployment.clone();
    store.store_recording(&second).unwrap();
    store.move_recording(found.id, Some(Path::new("/kept/a.wav"))).unwrap();
    let read = acoupi(
        directory.path(),
        "store = SqliteStore(Path('metadata.db'))\n\
         for recording, outputs in store.get_recordings_by_path([Path('/run/shm/b.wav'), Path('/kept/a.wav')]):\n\
         \x20   print(recording.created_on.isoformat(), recording.deployment.name, len(outputs))",
    );
    assert_eq!(read, "2024-06-01T22:00:10.000005+00:00 site a 0\n2024-06-01T22:00:00+00:00 site a 1");
}

/// As acoupi 0.4 made it, by its mapper.
const FORMER: &str = r#"
CREATE TABLE "deployment" ("id" UUID NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "started_on" DATETIME UNIQUE NOT NULL,
  "ended_on" DATETIME, "latitude" REAL, "longitude" REAL);
CREATE TABLE "recording" ("id" UUID NOT NULL PRIMARY KEY, "path" TEXT UNIQUE, "datetime" DATETIME UNIQUE NOT NULL,
  "duration_s" REAL NOT NULL, "samplerate_hz" INTEGER NOT NULL, "audio_channels" INTEGER NOT NULL,
  "deployment_id" UUID NOT NULL REFERENCES "deployment" ("id") ON DELETE CASCADE);
CREATE TABLE "model_output" ("id" UUID NOT NULL PRIMARY KEY, "model_name" TEXT NOT NULL,
  "recording_id" UUID NOT NULL REFERENCES "recording" ("id") ON DELETE CASCADE, "created_on" DATETIME NOT NULL);
CREATE TABLE "detection" ("id" UUID NOT NULL PRIMARY KEY, "start_time_s" REAL, "end_time_s" REAL, "low_freq_hz" REAL,
  "high_freq_hz" REAL, "detection_score" REAL NOT NULL,
  "model_output_id" UUID NOT NULL REFERENCES "model_output" ("id") ON DELETE CASCADE);
CREATE TABLE "predicted_tag" ("id" INTEGER PRIMARY KEY AUTOINCREMENT, "key" TEXT NOT NULL, "value" TEXT NOT NULL,
  "confidence_score" REAL NOT NULL, "detection_id" UUID REFERENCES "detection" ("id") ON DELETE SET NULL,
  "model_output_id" UUID REFERENCES "model_output" ("id") ON DELETE SET NULL);
CREATE INDEX "idx_recording__deployment_id" ON "recording" ("deployment_id");
INSERT INTO deployment VALUES (zeroblob(16), 'old', '2024-05-31 12:00:00.320421', NULL, 51.5, NULL);
INSERT INTO recording VALUES (X'0000000000000000000000000000000A', '/x/a.wav', '2024-06-01 22:00:00.000005', 3.0, 48000, 1,
  zeroblob(16));
INSERT INTO model_output VALUES (X'0000000000000000000000000000000B', 'm', X'0000000000000000000000000000000A',
  '2024-06-01 22:00:04.000000');
INSERT INTO detection VALUES (X'0000000000000000000000000000000C', 0.1, 0.2, 1000, 2000, 0.8,
  X'0000000000000000000000000000000B');
INSERT INTO predicted_tag VALUES (1, 'k', 'whole', 0.6, NULL, X'0000000000000000000000000000000B');
INSERT INTO predicted_tag VALUES (2, 'species', 'Myotis', 0.7, X'0000000000000000000000000000000C', NULL);
"#;

const FORMER_MESSAGES: &str = r#"
CREATE TABLE "message" ("id" UUID NOT NULL PRIMARY KEY, "content" BLOB NOT NULL, "created_on" DATETIME NOT NULL);
CREATE TABLE "response" ("id" INTEGER PRIMARY KEY AUTOINCREMENT, "content" TEXT NOT NULL,
  "message_id" UUID NOT NULL REFERENCES "message" ("id") ON DELETE CASCADE, "status" INTEGER NOT NULL,
  "received_on" DATETIME NOT NULL);
CREATE INDEX "idx_response__message_id" ON "response" ("message_id");
INSERT INTO message VALUES (X'00000000000000000000000000000001', '{"a":1}', '2024-06-01 22:00:00.320421');
INSERT INTO message VALUES (X'00000000000000000000000000000002', '{"a":2}', '2024-06-01 22:00:01');
INSERT INTO response VALUES (1, 'ok', X'00000000000000000000000000000002', 0, '2024-06-01 22:00:02');
"#;

fn former_zone() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn former_is_brought_up(directory: &Path) {
    let path = directory.join("metadata.db");
    let store = MetadataStore::open(&path, &former_zone()).unwrap();
    let recording = store.recording_at(Path::new("/x/a.wav")).unwrap().unwrap();
    assert_eq!(recording.created_on, at("2024-06-01T20:00:00.000005Z"));
    assert_eq!(recording.deployment.started_on, at("2024-05-31T10:00:00.320421Z"));
    let outputs = store.outputs_of(&recording).unwrap();
    let told: Vec<_> = outputs[0]
        .detections
        .iter()
        .map(|detection| {
            (
                detection.prediction_type.word(),
                detection.location.is_some(),
                detection.detection_score,
                &detection.tags[0],
            )
        })
        .map(|(kind, placed, score, tag)| {
            format!("{kind} {placed} {score} {}={}", tag.tag.key, tag.tag.value)
        })
        .collect();
    assert_eq!(told, ["presence true 0.8 species=Myotis", "presence false 0.6 k=whole"]);
    let new = directory.join("new.db");
    MetadataStore::open(&new, &TimeZone::UTC).unwrap();
    assert_eq!(anatomy(&path), anatomy(&new));
    assert!(directory.join("metadata.db.before-0.5").exists());
    store.store_output(&output(20, &recording, 0.5)).unwrap();
}

#[test]
fn a_database_from_before_0_5_is_brought_up_and_a_copy_of_it_kept() {
    let directory = tempfile::tempdir().unwrap();
    Connection::open(directory.path().join("metadata.db")).unwrap().execute_batch(FORMER).unwrap();
    former_is_brought_up(directory.path());
    let read = acoupi(
        directory.path(),
        "store = SqliteStore(Path('metadata.db'))\n\
         [(recording, outputs)] = store.get_recordings_by_path([Path('/x/a.wav')])\n\
         print(recording.created_on.isoformat(), sorted(len(o.detections) for o in outputs))",
    );
    assert_eq!(read, "2024-06-01T20:00:00.000005+00:00 [2, 2]");
    MetadataStore::open(&directory.path().join("metadata.db"), &former_zone()).unwrap();
}

#[test]
fn one_that_a_newer_acoupi_has_opened_meanwhile_and_called_its_own_is_brought_up_as_well() {
    let directory = tempfile::tempdir().unwrap();
    Connection::open(directory.path().join("metadata.db")).unwrap().execute_batch(FORMER).unwrap();
    acoupi(directory.path(), "SqliteStore(Path('metadata.db'))");
    former_is_brought_up(directory.path());
}

#[test]
fn messages_from_before_0_5_and_before_0_8_are_brought_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("messages.db");
    Connection::open(&path).unwrap().execute_batch(FORMER_MESSAGES).unwrap();
    let store = MessageStore::open(&path, &former_zone()).unwrap();
    assert_eq!(store.unsent(MessageOrder::OldestFirst).unwrap(), [Uuid::from_u128(1)]);
    let message = store.message(Uuid::from_u128(1)).unwrap().unwrap();
    assert_eq!(message.created_on, at("2024-06-01T20:00:00.320421Z"));
    assert_eq!(message.content, br#"{"a":1}"#);

    let new = directory.path().join("new.db");
    MessageStore::open(&new, &TimeZone::UTC).unwrap();
    assert_eq!(anatomy(&path), anatomy(&new));

    let between = directory.path().join("between.db");
    let connection = Connection::open(&between).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE message (id BLOB PRIMARY KEY, content BLOB NOT NULL, created_on TEXT NOT NULL); \
             PRAGMA user_version = 1; INSERT INTO message VALUES (zeroblob(16), '1', '2024-06-01 22:00:00+00:00');",
        )
        .unwrap();
    drop(connection);
    let store = MessageStore::open(&between, &TimeZone::UTC).unwrap();
    assert_eq!(store.message(Uuid::nil()).unwrap().unwrap().kind, None);
    assert_eq!(anatomy(&between), anatomy(&new));
}

#[test]
fn a_database_that_is_newer_than_this_program_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metadata.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let error = MetadataStore::open(&path, &TimeZone::UTC).unwrap_err();
    assert!(matches!(error, StoreError::Newer(2)), "{error}");
}

#[test]
fn a_message_that_was_taken_twice_is_recorded_as_taken_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("messages.db");
    let store = MessageStore::open(&path, &TimeZone::UTC).unwrap();
    let message = Message {
        id: Uuid::from_u128(1),
        content: b"1".to_vec(),
        created_on: at("2024-06-01T22:00:00Z"),
        kind: None,
    };
    let answer = |status| Response { status, content: None, received_on: at("2024-06-01T22:00:01Z") };
    store.store(&message).unwrap();
    store.store(&message).unwrap();
    store.store_response(message.id, &answer(ResponseStatus::Error)).unwrap();
    assert_eq!(store.remaining().unwrap(), 1);
    store.store_response(message.id, &answer(ResponseStatus::Success)).unwrap();
    store.store_response(message.id, &answer(ResponseStatus::Success)).unwrap();
    assert_eq!(store.remaining().unwrap(), 0);
    let count: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM response WHERE status = 0", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
    let unknown = store.store_response(Uuid::nil(), &answer(ResponseStatus::Success)).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "Cannot store response for unknown message 00000000-0000-0000-0000-000000000000."
    );
}

#[test]
fn outputs_of_a_recording_that_is_not_there_are_refused_in_acoupis_words() {
    let directory = tempfile::tempdir().unwrap();
    let store = MetadataStore::open(&directory.path().join("metadata.db"), &TimeZone::UTC).unwrap();
    let output = output(20, &recording(10, "2024-06-01T22:00:00Z", "/a.wav"), 0.5);
    let error = store.store_output(&output).unwrap_err().to_string();
    assert_eq!(
        error,
        "Cannot store model outputs because the following recordings are not present in the metadata store: \
         id=00000000-0000-0000-0000-00000000000a, path=/a.wav. Store the recordings first with store_recording()."
    );
}

#[test]
fn the_least_sure_recordings_are_given_up_before_the_oldest_ones() {
    let directory = tempfile::tempdir().unwrap();
    let store = MetadataStore::open(&directory.path().join("metadata.db"), &TimeZone::UTC).unwrap();
    for (number, score) in [(1, 0.9), (2, 0.3), (3, 0.6)] {
        let recording =
            recording(number, &format!("2024-06-01T22:00:0{number}Z"), &format!("/kept/2024/{number}.wav"));
        store.store_recording(&recording).unwrap();
        store.store_output(&output(number * 100, &recording, score)).unwrap();
    }
    store.store_recording(&recording(4, "2024-06-01T22:00:04Z", "/kept/4.wav")).unwrap();
    store.store_recording(&recording(5, "2024-06-01T22:00:00Z", "/kept0/5.wav")).unwrap();
    let order = |order| {
        let found = store.recordings_in(Path::new("/kept"), order, 10).unwrap();
        found.into_iter().map(|(id, _)| id.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(order(Sacrifice::Oldest), [1, 2, 3, 4]);
    assert_eq!(order(Sacrifice::LeastSure), [4, 2, 3, 1]);
}

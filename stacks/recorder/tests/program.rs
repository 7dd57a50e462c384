//! Configurations: what acoupi writes is read, what it would write is written, what cannot be is told.

mod original;

use std::path::PathBuf;

use minder_recorder::program::{
    Behaviour, GuardAction, Prey, Program, ProgramKind, RecorderProgram, Surroundings, complete, schema,
};
use serde_json::{Value, json};

fn surroundings() -> Surroundings {
    Surroundings { home: PathBuf::from("/home/pi"), temporary: PathBuf::from("/run/shm") }
}

fn read(kind: ProgramKind, value: &Value) -> RecorderProgram {
    match Program::from_json(kind, value, &surroundings()) {
        Ok(Program::Recorder(program)) => *program,
        other => panic!("{other:?}"),
    }
}

fn problems(kind: ProgramKind, value: &Value) -> Vec<String> {
    match Program::from_json(kind, value, &surroundings()) {
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
        Ok(program) => panic!("taken: {program:?}"),
    }
}

#[test]
fn a_microphone_is_all_that_the_default_program_needs_to_be_told() {
    let value = json!({"microphone": {"device_name": "usb"}});
    let complete = complete::complete(&schema(ProgramKind::Default, &surroundings()), &value).unwrap();
    let expected = json!({
        "timezone": "Europe/London",
        "microphone": {"device_name": "usb", "samplerate": 48000, "audio_channels": 1, "time_expansion": 1.0},
        "recording": {"duration": 3, "interval": 10, "chunksize": 8192,
                      "schedule_start": "06:00:00", "schedule_end": "22:30:00"},
        "paths": {"tmp_audio": "/run/shm", "recordings": "/home/pi/storages/recordings",
                  "db_metadata": "/home/pi/storages/metadata.db"},
        "recording_saving": null,
    });
    assert_eq!(complete.to_string(), expected.to_string());
}

#[test]
fn every_program_has_the_tasks_queues_and_workers_of_acoupi() {
    let microphone = json!({"device_name": "usb"});
    let told = |kind, value: &Value| {
        let program = Program::from_json(kind, value, &surroundings()).unwrap();
        let tasks: Vec<String> = program
            .tasks()
            .iter()
            .map(|task| {
                let every = task.every.map_or("-".into(), |every| every.as_secs().to_string());
                format!("{} {} {every}", task.name, task.queue)
            })
            .collect();
        let workers: Vec<&str> = program.workers().iter().map(|worker| worker.name).collect();
        (tasks, workers)
    };
    assert_eq!(told(ProgramKind::Test, &json!({})), (vec!["test_task celery 10".to_owned()], vec!["acoupi"]));
    let (tasks, workers) = told(ProgramKind::Default, &json!({"microphone": microphone}));
    assert_eq!(tasks, ["recording_task recording 10", "file_management_task celery 120"]);
    assert_eq!(workers, ["recording", "default"]);
    let messaging = json!({"http": {"base_url": "http://localhost"}});
    let value = json!({"microphone": microphone, "messaging": messaging});
    let (tasks, _) = told(ProgramKind::Connected, &value);
    assert_eq!(tasks[..2], ["send_messages_task celery 120", "heartbeat_task celery 3600"]);
    let (tasks, workers) = told(ProgramKind::Detection(Prey::Bats), &value);
    assert_eq!(
        tasks[2..],
        [
            "recording_task recording 10",
            "detection_task detection -",
            "file_management_task celery 120",
            "summary_task celery 3600"
        ]
    );
    assert_eq!(workers, ["recording", "detection", "default"]);
}

#[test]
fn a_program_without_anybody_to_send_to_has_no_task_that_sends() {
    let value = json!({"microphone": {"device_name": "usb"}, "messaging": {}});
    let program = Program::from_json(ProgramKind::Connected, &value, &surroundings()).unwrap();
    assert!(program.tasks().iter().all(|task| task.queue != "celery" || task.name == "file_management_task"));
}

#[test]
fn text_from_a_command_line_becomes_numbers_times_and_yes() {
    let program = read(
        ProgramKind::Connected,
        &json!({
            "microphone": {"device_name": "usb", "samplerate": "192000"},
            "recording": {"duration": "10", "schedule_start": "21:05"},
            "messaging": {"mqtt": {"host": "h", "username": "u", "use_tls": "yes"}},
        }),
    );
    assert_eq!(program.microphone.samplerate, 192_000);
    assert_eq!(program.recording.duration, 10);
    assert_eq!(program.recording.schedule_start.to_string(), "21:05:00");
    assert!(program.messaging.unwrap().mqtt.unwrap().use_tls);
}

#[test]
fn everything_that_cannot_be_is_told_at_once() {
    let value = json!({
        "timezone": "Mars/Olympus",
        "microphone": {"samplerate": 0, "time_expansion": 0},
        "recording": {"duration": "x", "interval": 2.5, "schedule_end": "25:00:00"},
        "messaging": {"message_order": "sideways", "mqtt": {"host": 3}},
    });
    assert_eq!(
        problems(ProgramKind::Connected, &value),
        [
            "timezone: Invalid timezone name.",
            "microphone.device_name: Field required",
            "microphone.samplerate: Input should be greater than or equal to 1",
            "microphone.time_expansion: Input should be greater than 0",
            "recording.duration: Input should be a valid integer, unable to parse string as an integer",
            "recording.interval: Input should be a valid integer, got a number with a fractional part",
            "recording.schedule_end: Hours must be between 0 and 23.",
            "messaging.message_order: Input should be 'oldest_first' or 'newest_first'",
            "messaging.mqtt.host: Input should be a valid string",
            "messaging.mqtt.username: Field required",
        ]
    );
}

#[test]
fn what_acoupi_does_not_know_is_in_a_group_of_its_own_and_unwritten_until_somebody_sets_it() {
    let mut value = json!({"microphone": {"device_name": "usb"}});
    assert_eq!(read(ProgramKind::Default, &value).minder.disk_action, GuardAction::Stop);
    value["minder"] = json!({"behaviour": "acoupi", "disk_action": "delete_oldest", "disk_free_mb": 5});
    let program = read(ProgramKind::Default, &value);
    assert_eq!(program.minder.behaviour, Behaviour::Acoupi);
    assert_eq!(
        (program.minder.disk_action, program.minder.disk_free),
        (GuardAction::DeleteOldest, 5_000_000)
    );
    value["minder"]["disk_action"] = json!("delete_lowest_confidence");
    assert_eq!(problems(ProgramKind::Default, &value).len(), 1);
    read(
        ProgramKind::Detection(Prey::Bats),
        &json!({"microphone": {"device_name": "usb"}, "messaging": {}, "minder": value["minder"]}),
    );
}

#[test]
fn summaries_come_as_often_as_they_look_back() {
    let value = json!({"microphone": {"device_name": "usb"}, "messaging": {}, "summariser_config": {"interval": 1800}});
    let program = read(ProgramKind::Detection(Prey::Birds), &value);
    assert_eq!(program.summary_interval(), Some(std::time::Duration::from_secs(1800)));
    let value = json!({"microphone": {"device_name": "usb"}, "messaging": {}, "summariser_config": null});
    assert_eq!(read(ProgramKind::Detection(Prey::Birds), &value).summary_interval(), None);
}

#[test]
fn a_configuration_is_written_to_the_letter_as_acoupi_writes_it() {
    let directory = tempfile::tempdir().unwrap();
    let surroundings = Surroundings { home: directory.path().to_owned(), temporary: PathBuf::from("/tmp") };
    let microphone = json!({"device_name": "usb", "samplerate": "192000"});
    let mqtt = json!({"host": "h", "username": "u", "password": "p"});
    let messaging = json!({"mqtt": mqtt, "http": {"base_url": "http://x"}});
    let paths = json!({"tmp_audio": "/somewhere"});
    let cases = [
        (ProgramKind::Default, json!({"microphone": microphone, "paths": paths, "recording_saving": {}})),
        (ProgramKind::Default, json!({"microphone": microphone, "paths": paths})),
        (
            ProgramKind::Connected,
            json!({"microphone": microphone, "paths": paths, "messaging": messaging, "recording_saving": {}}),
        ),
        (ProgramKind::Connected, json!({"microphone": microphone, "paths": paths, "messaging": {}})),
        (ProgramKind::Test, json!({})),
    ];
    for (kind, value) in cases {
        let class = if kind == ProgramKind::Test { "TestConfigSchema" } else { "Program.config_schema" };
        let module = kind.module();
        let script = format!(
            "from importlib import import_module\nm = import_module('{module}')\n\
             print(m.{class}.model_validate(json.loads('{value}')).model_dump_json(indent=2))"
        );
        let theirs = original::acoupi(directory.path(), &script);
        let schema = schema(kind, &surroundings);
        let ours = complete::complete(&schema, &value).unwrap();
        assert_eq!(serde_json::to_string_pretty(&ours).unwrap(), theirs);
        assert_eq!(complete::complete(&schema, &serde_json::from_str(&theirs).unwrap()).unwrap(), ours);
    }
}

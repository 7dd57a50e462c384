//! Whether a program can do what it is set to.

use std::sync::Arc;

use minder_recorder::health::{Standing, check};
use minder_recorder::machine::Machine;
use minder_recorder::program::{Program, ProgramKind, TestProgram};
use minder_recorder::recording::Deployment;
use serde_json::{Value, json};

use super::place::Place;

fn said(place: &Place, standing: Standing<'_>) -> Result<(), String> {
    let machine: Arc<dyn Machine> = Arc::new(place.computer.clone());
    check(&Program::Recorder(Box::new(place.program())), machine, standing)
        .map_err(|problem| problem.to_string())
}

#[test]
fn the_test_program_is_well_when_it_has_its_name() {
    let place = Place::of(ProgramKind::Default, &json!({}));
    let machine: Arc<dyn Machine> = Arc::new(place.computer.clone());
    let named = |name: &str| Program::Test(TestProgram { name: name.into() });
    assert!(check(&named("test_program"), Arc::clone(&machine), Standing::Idle).is_ok());
    let problem = check(&named("other"), machine, Standing::Idle).unwrap_err();
    assert_eq!(problem.to_string(), "name is not test_program");
}

#[test]
fn a_microphone_that_nobody_has_is_listened_to() {
    let place = Place::of(ProgramKind::Default, &json!({}));
    assert_eq!(said(&place, Standing::Idle), Ok(()));
    let place = Place::of(ProgramKind::Default, &json!({"microphone": {"device_name": "simulated:nothing"}}));
    let problem = said(&place, Standing::Idle).unwrap_err();
    assert!(problem.starts_with("Audio device with name 'simulated:nothing' not found. Available devices: "));
}

#[test]
fn a_deployment_is_judged_by_its_recordings_and_keeps_its_microphone() {
    let mut place = Place::of(ProgramKind::Default, &json!({}));
    let deployment = Deployment { started_on: place.station().now(), ..place.record().deployment };
    let deployed = Standing::Deployed(&deployment);
    assert_eq!(said(&place, deployed), Ok(()));
    place.pass(3600);
    let problem = said(&place, deployed).unwrap_err();
    assert!(problem.starts_with("There should have been a recording by 2024-06-01T22:58:"), "{problem}");
    place.record();
    assert_eq!(said(&place, deployed), Ok(()));

    let mut place =
        Place::of(ProgramKind::Default, &json!({"microphone": {"device_name": "simulated:nothing"}}));
    place.run("recording_task", &Value::Null).unwrap_err();
    let problem = said(&place, Standing::Deployed(&deployment)).unwrap_err();
    assert!(problem.contains("failed: Audio device with name 'simulated:nothing' not found."), "{problem}");
}

#[test]
fn a_full_disk_and_a_server_that_is_away_are_told() {
    let place = Place::of(ProgramKind::Default, &json!({}));
    place.computer.0.room.store(0, std::sync::atomic::Ordering::Relaxed);
    let problem = said(&place, Standing::Idle).unwrap_err();
    assert!(problem.starts_with("0 MB are free at "), "{problem}");

    let messaging = json!({"messaging": {"http": {"base_url": "http://127.0.0.1:9/x"}}});
    let place = Place::of(ProgramKind::Connected, &messaging);
    let problem = said(&place, Standing::Idle).unwrap_err();
    assert!(
        problem.starts_with("Health check failed: Unable to connect to http://127.0.0.1:9/x.\n"),
        "{problem}"
    );

    let messaging = json!({"messaging": {"mqtt": {"host": "127.0.0.1", "port": 9, "username": "u"}}});
    let place = Place::of(ProgramKind::Connected, &messaging);
    let problem = said(&place, Standing::Idle).unwrap_err();
    let expected = "Health check failed: MQTT Connection Error (MQTT_ERR_CONN_REFUSED).\n";
    assert!(problem.starts_with(expected), "{problem}");
}

#[test]
fn a_detector_that_cannot_be_started_is_told() {
    let place = Place::bats(&json!({"minder": {"detector": ["/nowhere/detector"]}}), vec![]);
    let problem = said(&place, Standing::Idle).unwrap_err();
    assert!(problem.starts_with("cannot start the detector /nowhere/detector"), "{problem}");
}

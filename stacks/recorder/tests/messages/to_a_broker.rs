//! To mosquitto.

use serde_json::{Value, json};

use super::broker::Broker;
use super::peer::wait_until;
use super::resident::{Place, Resident};

fn settings(port: u16) -> Value {
    json!({"mqtt": {"host": "127.0.0.1", "port": port, "username": "device", "password": "secret", "timeout": 2}})
}

fn numbers(heard: &[String]) -> Vec<u64> {
    let number = |line: &String| {
        let (_, payload) = line.split_once(' ')?;
        serde_json::from_str::<Value>(payload).ok()?["number"].as_u64()
    };
    heard.iter().filter_map(number).collect()
}

#[test]
fn what_the_broker_has_acknowledged_is_sent_and_nothing_else() {
    let place = Place::make();
    let mut broker = Broker::absent(place.directory.path());
    let configuration = place.configure(settings(broker.port), &json!(null));
    place.write(0..10);
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 10}));
    broker.come();
    let listener = broker.listener();
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    wait_until("all are heard", || listener.heard().len() == 10);
    // Somebody who is there and says nothing has not taken anything.
    place.write(10..12);
    broker.freeze();
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 2}));
    broker.thaw();
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    wait_until("the rest is heard", || {
        let mut heard = numbers(&listener.heard());
        heard.sort_unstable();
        heard.dedup();
        heard == (0..12).collect::<Vec<u64>>()
    });
    assert!(listener.heard()[0].starts_with("acoupi {"));
    assert!(place.recorded().iter().all(|(_, successes, others)| (*successes, *others) == (1, 0)));
}

#[test]
fn a_broker_and_a_resident_that_die_again_and_again_lose_nothing() {
    let place = Place::make();
    let mut broker = Broker::absent(place.directory.path());
    broker.come();
    let listener = broker.listener();
    let configuration = place.configure(settings(broker.port), &json!(null));
    place.write(0..200);
    let remaining = || place.store().remaining().unwrap();
    for round in 0..6 {
        let mut resident = Resident::start("connected", &configuration);
        resident.ask("send_messages_task");
        let before = remaining();
        wait_until("some are sent", || remaining() < before.saturating_sub(10) || remaining() == 0);
        if round % 2 == 0 {
            resident.kill();
            continue;
        }
        // It writes down what it has once a second; it is asked to end, so that it does so now.
        broker.go_in_order();
        let answer = resident.answer();
        assert!(answer["output"]["remaining"].is_u64(), "{answer}");
        broker.come();
    }
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    wait_until("all are heard", || {
        let mut heard = numbers(&listener.heard());
        heard.sort_unstable();
        heard.dedup();
        heard.len() == 200
    });
    assert!(place.recorded().iter().all(|(_, successes, others)| (*successes, *others) == (1, 0)));
}

#[test]
fn the_topic_ends_with_what_kind_of_message_it_is_if_that_is_wanted() {
    let place = Place::make();
    let mut broker = Broker::absent(place.directory.path());
    broker.come();
    let listener = broker.listener();
    let mut messaging = settings(broker.port);
    messaging["mqtt"]["use_message_type"] = json!(true);
    messaging["mqtt"]["topic"] = json!("org/survey");
    let configuration = place.configure(messaging, &json!({"mqtt_qos": 0}));
    place.write(0..3);
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    assert_eq!(resident.run("heartbeat_task")["output"], json!(null));
    wait_until("all are heard", || listener.heard().len() == 4);
    assert!(listener.heard()[2].starts_with("org/survey/detection {"));
    assert!(listener.heard()[3].starts_with("org/survey/heartbeat {\"sent_on\":"));
}

#[test]
fn a_message_of_a_megabyte_is_a_message() {
    let place = Place::make();
    let mut broker = Broker::absent(place.directory.path());
    broker.come();
    let listener = broker.listener();
    let configuration = place.configure(settings(broker.port), &json!(null));
    place
        .store()
        .store(&minder_recorder::messages::Message {
            id: uuid::Uuid::from_u128(1),
            content: json!({"number": 1, "text": "x".repeat(1_000_000)}).to_string().into_bytes(),
            created_on: jiff::Timestamp::UNIX_EPOCH,
            kind: None,
        })
        .unwrap();
    let mut resident = Resident::start("connected", &configuration);
    assert_eq!(resident.run("send_messages_task")["output"], json!({"remaining": 0}));
    wait_until("it is heard", || numbers(&listener.heard()) == [1]);
}

#[test]
fn a_wrong_password_is_told_for_what_it_is() {
    let place = Place::make();
    let mut broker = Broker::absent(place.directory.path());
    broker.come();
    let mut messaging = settings(broker.port);
    messaging["mqtt"]["password"] = json!("wrong");
    let configuration = place.configure(messaging, &json!(null));
    let mut resident = Resident::start("connected", &configuration);
    let failed = resident.run("heartbeat_task");
    assert_eq!(failed["error"], "MQTT connection error: MQTT_ERR_AUTH");
}

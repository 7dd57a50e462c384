//! Kegnet, by its bytes.

use serde_json::json;

use crate::bar::{Bar, Wire};

#[test]
fn a_pour_is_told_to_every_client_in_its_order() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let mut watcher = Wire::to(port);
    let mut wire = Wire::to(port);
    // Whoever connects hears of what happens from then on: the first answer shows that the other is there.
    wire.event("FlowRequest", &json!({ "tap_name": "kegboard.flow0", "request": "start_flow" }));
    let (first, _) = watcher.until("FlowUpdate");
    assert_eq!(first["state"], "initial");
    assert_eq!(first["username"], json!(null));
    for reading in [0, 250, 500, 750, 1000] {
        wire.reading(reading);
    }
    wire.stop_flow();
    let (drink, before) = watcher.until("DrinkCreatedEvent");
    assert_eq!(
        before,
        [
            "active 250",
            "active 500",
            "active 750",
            "active 1000",
            "kegboard.relay0 disabled",
            "completed 1000"
        ]
    );
    assert_eq!((&drink["drink_id"], &drink["tap_name"]), (&json!(1), &json!("kegboard.flow0")));
    assert_eq!(drink["username"], json!(null));
    assert!(drink["start_time"].as_str().unwrap().ends_with('Z'), "{drink}");
}

#[test]
fn bad_messages_are_told_and_refused_and_the_connection_stays() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (mut core, port) = bar.core(&api_url);
    let mut wire = Wire::to(port);
    wire.send(b"\n\n");
    core.wait_for("Received empty message");
    for bad in [
        &b"not json\n\n"[..],
        b"[1, 2]\n\n",
        b"{\"event\": \"MeterUpdate\"}\n\n",
        b"{\"event\": \"MeterUpdate\", \"data\": {\"tap_name\": \"kegboard.flow0\", \"reading\": \"12\"}}\n\n",
        b"{\"event\": \"MeterUpdate\", \"data\": {\"tap_name\": null, \"reading\": 1}}\n\n",
        b"\xff\xfe\n\n",
    ] {
        wire.send(bad);
        core.wait_for("Received malformed message, dropping.");
    }
    wire.event("NoSuchEvent", &json!({}));
    core.wait_for("Ignoring an event of an unknown kind: NoSuchEvent");
    wire.event("QuitEvent", &json!({}));
    // Two in one packet, and one in two.
    wire.send(
        b"{\"event\": \"Ping\", \"data\": {}}\n\n{\"event\": \"FlowRequest\", \"data\": {\"tap_name\": ",
    );
    wire.send(b"\"kegboard.flow0\", \"request\": \"start_flow\", \"more\": 1}}\n\n");
    assert_eq!(wire.until("FlowUpdate").0["state"], "initial");
}

#[test]
fn a_message_without_an_end_closes_its_connection_and_no_other() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (mut core, port) = bar.core(&api_url);
    let mut other = Wire::to(port);
    let mut endless = Wire::to(port);
    endless.send(&vec![b'x'; (1 << 20) + 1]);
    core.wait_for("Received a message without an end, closing.");
    other.event("FlowRequest", &json!({ "tap_name": "kegboard.flow0", "request": "start_flow" }));
    assert_eq!(other.until("FlowUpdate").0["state"], "initial");
}

#[test]
fn a_client_that_does_not_read_hinders_nobody() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let _sleeper = Wire::to(port);
    let mut wire = Wire::to(port);
    let mut reading = 0;
    for _ in 0..20_000 {
        reading += 1;
        wire.reading(reading);
    }
    wire.stop_flow();
    let (drink, _) = wire.until("DrinkCreatedEvent");
    assert_eq!(drink["drink_id"], json!(1));
}

//! From a board on a pseudo-terminal to a drink on a server.

use serde_json::json;

use crate::bar::{Bar, Running, Wire, wait_for_drinks, wait_for_path};

fn board(bar: &Bar, scenes: &str) -> Running {
    std::fs::write(bar.path("scenes.txt"), scenes).unwrap();
    let board = bar.start("kegbot", &["simulate-board", "--link", "board", "--scenes", "scenes.txt"]);
    wait_for_path(&bar.path("board"));
    board
}

fn daemon(bar: &Bar, port: u16) -> Running {
    let core = format!("--kb_core_addr=localhost:{port}");
    let mut daemon = bar.start("kegboard_daemon.py", &["--kegboard_device=board", &core]);
    daemon.wait_for("Found a Kegboard! Firmware version 18");
    daemon
}

#[test]
fn a_board_is_met_as_it_always_was() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let _board = board(&bar, "wait 1h\n");
    let mut daemon = daemon(&bar, port);
    daemon.wait_for("RX: <HelloMessage: firmware_version=18 serial_number=KB-0000-0000-deadbeef");
    daemon.wait_for("RX: <TemperatureReadingMessage: sensor_name=thermo-");
    let (status, said) = daemon.stop();
    assert_eq!(status, Some(0));
    let said = crate::bar::without_times(&said);
    for line in [
        "INFO (main) Starting all service threads.",
        "INFO (main) starting thread \"kegnet\"",
        "INFO (main) starting thread \"kegboard-manager\"",
        "INFO (main) starting thread \"device-io\"",
        "INFO (kegboard-manager) Starting main loop.",
        "INFO (device-io) Starting reader loop...",
        "INFO (main) All threads started.",
        "INFO (main) Running generic main loop (going to sleep).",
        "INFO (kegnet) Connected!",
        "INFO (main) Exiting main loop",
    ] {
        assert!(said.iter().any(|said| said == line), "{line} in {said:#?}");
    }
}

#[test]
fn a_card_and_a_pour_are_the_owners_drink_and_its_valve_opens() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let _board = board(&bar, "wait 1s\ntoken core.onewire 6000000012345601 for 4s\npour flow0 400ml in 3s\n");
    let mut daemon = daemon(&bar, port);
    daemon.wait_for("RX: <OutputStatusMessage: output_name=relay0 output_reading=on>");
    let drinks = wait_for_drinks(&api_url, 1);
    assert_eq!(drinks[0]["user_id"], "anna");
    assert_eq!(drinks[0]["ticks"], 880);
    daemon.wait_for("RX: <OutputStatusMessage: output_name=relay0 output_reading=off>");
}

#[test]
fn a_board_that_is_pulled_out_in_a_pour_is_found_again() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let scenes = "wait 1s\npour flow0 1000ticks in 2s at once\nwait 1s\nunplug 1s\nwait 6s\npour flow0 300ticks in 1s\n";
    let _board = board(&bar, scenes);
    let mut daemon = daemon(&bar, port);
    daemon.wait_for("Device removed: board");
    daemon.wait_for("Device added: board");
    daemon.wait_for("Found a Kegboard!");
    let drinks = wait_for_drinks(&api_url, 1);
    let ticks = drinks[0]["ticks"].as_i64().unwrap();
    // What ran until it was pulled out, and, being within the time a flow may idle, what ran when it was back.
    assert!((600..=1000).contains(&ticks), "{ticks}");
}

#[test]
fn a_core_that_comes_late_gets_every_tick() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    // A port that nobody has for now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _board = board(&bar, "wait 500ms\npour flow0 1500ticks in 2s\n");
    let mut daemon = daemon(&bar, port);
    daemon.wait_until_said("Connection failed. Retry in 5 seconds.");
    daemon.wait_for("meter_reading=1500>");
    let (url, bind) = (format!("--api_url={api_url}"), format!("--kb_core_bind_addr=localhost:{port}"));
    let _core = bar.start("kegbot_core.py", &[&url, &bind, "--outbox=outbox.sqlite"]);
    let drinks = wait_for_drinks(&api_url, 1);
    assert_eq!(drinks[0]["ticks"], 1500);
}

#[test]
fn test_flow_pours_for_a_token_and_keeps_its_owner() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let core = format!("--kb_core_addr=localhost:{port}");
    let words = [
        &*core,
        "--auth_token=core.rfid|680096068f",
        "--explicit_start_stop",
        "--steps=4",
        "--delay_seconds=0",
    ];
    let poured = bar.run("test_flow.py", &words);
    assert_eq!(poured.status.code(), Some(0), "{poured:?}");
    let drinks = wait_for_drinks(&api_url, 1);
    assert_eq!((&drinks[0]["user_id"], &drinks[0]["ticks"]), (&json!("mikey"), &json!(1000)));
    let nobody = bar.run("test_flow.py", &["--kb_core_addr=1"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stdout).contains("Could not connect to core."));
}

#[test]
fn cards_on_standard_input_are_tokens() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let mut wire = Wire::to(port);
    let core = format!("--kb_core_addr=localhost:{port}");
    std::fs::write(bar.path("cards"), "680096068F\n").unwrap();
    let mut command = bar.command("rfid_daemon.py", &["--rfid_reader=-", &core]);
    let file = std::fs::File::open(bar.path("cards")).unwrap();
    let output = command.stdin(file).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("RFID added: 680096068F") && out.contains("RFID removed: 680096068F"), "{out}");
    let (flow, before) = wire.until("FlowUpdate");
    assert_eq!(flow["username"], "mikey", "{before:?}");
}

#[test]
fn firmware_that_is_too_old_is_told_and_a_port_that_is_not_there_too() {
    let bar = Bar::new();
    let _board = bar.start("kegbot", &["simulate-board", "--link", "board", "--firmware", "6"]);
    wait_for_path(&bar.path("board"));
    let old = bar.run("kegboard_daemon.py", &["--kegboard_device=board", "--kb_core_addr=1"]);
    assert_eq!(old.status.code(), Some(1));
    let out = String::from_utf8_lossy(&old.stdout);
    let text = "Attached kegboard firmware version (6) is less than the required version (7); please update this kegboard.";
    assert!(out.contains(text), "{out}");
    let none = bar.run("kegboard_daemon.py", &["--kegboard_device=nosuch"]);
    assert_eq!(none.status.code(), Some(1));
    let err = String::from_utf8_lossy(&none.stderr);
    assert!(err.starts_with("Uncaught exception in app kegboard_daemon. Stack trace:\n"), "{err}");
    assert!(err.contains("[Errno 2]") && err.ends_with("Aborting.\n"), "{err}");
}

#[test]
fn the_monitor_prints_and_the_tester_switches() {
    let bar = Bar::new();
    let _board = board(&bar, "wait 1h\n");
    let mut monitor = bar.start("kegboard-monitor.py", &["--kegboard_device=board"]);
    monitor.wait_for("Starting reader loop...");
    monitor.wait_for("<HelloMessage: firmware_version=18");
    monitor.wait_for("<TemperatureReadingMessage: sensor_name=thermo-");
    drop(monitor);
    let mut tester = bar.start("kegboard_tester.py", &["--kegboard_device=board"]);
    tester.wait_for("Sending relay command: <SetOutputCommand: output_id=0 output_mode=on>");
    tester.wait_for("Sending relay command: <SetOutputCommand: output_id=0 output_mode=off>");
}

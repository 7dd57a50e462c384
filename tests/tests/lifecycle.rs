//! The life of a program: states, events, log lines.

use minder_tests::events::RECORDER_SECTION;
use minder_tests::{Daemon, Transcript, compare, json};

/// Runs a configuration with the recorder, and compares the traces after `act`.
fn check(config: &str, act: impl Fn(&Daemon, &mut Transcript) + Sync) {
    compare(&format!("{RECORDER_SECTION}{config}"), |daemon, out| {
        act(daemon, out);
        out.trace(daemon);
    });
}

#[test]
fn a_program_starts_and_stops() {
    check("[program:a]\ncommand=/bin/sleep 100\n", |daemon, out| {
        daemon.wait_transition("a", "RUNNING", 1);
        out.call(daemon, "supervisor.stopProcess", json!(["a"]));
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
    });
}

//! Reading and clearing logs by remote calls.

use crate::rpc::{calls, check, check_deviating};
use minder_tests::json;

#[test]
fn reading_and_clearing_logs() {
    check(|daemon, out| {
        std::fs::write(daemon.place().path("cat.out"), "zeile 1\nzeile 2\n").unwrap();
        let mut list = Vec::new();
        for method in [
            "supervisor.readProcessStdoutLog",
            "supervisor.readProcessLog",
            "supervisor.tailProcessStdoutLog",
            "supervisor.tailProcessLog",
        ] {
            for (offset, length) in [
                (0, 0),
                (0, 5),
                (0, 100),
                (-3, 0),
                (-100, 0),
                (3, 4),
                (100, 5),
                (-3, 3),
                (0, -1),
                (16, 5),
                (15, 5),
                (5, 0),
            ] {
                list.push((method, json!(["cat", offset, length])));
            }
        }
        for method in [
            "supervisor.readProcessStdoutLog",
            "supervisor.readProcessStderrLog",
            "supervisor.tailProcessStdoutLog",
            "supervisor.tailProcessStderrLog",
        ] {
            for name in ["once", "logless", "merged", "nope", "g:*", "g", "manual"] {
                list.push((method, json!([name, 0, 100])));
            }
            list.push((method, json!(["cat"])));
            list.push((method, json!(["cat", 0, 1, 2])));
        }
        list.push(("supervisor.clearProcessLogs", json!(["once"])));
        list.push(("supervisor.readProcessStdoutLog", json!(["once", 0, 0])));
        list.push(("supervisor.clearProcessLogs", json!(["cat"])));
        list.push(("supervisor.readProcessStdoutLog", json!(["cat", 0, 0])));
        for name in ["logless", "nope", "g:*", "merged"] {
            list.push(("supervisor.clearProcessLogs", json!([name])));
            list.push(("supervisor.clearProcessLog", json!([name])));
        }
        list.push(("supervisor.clearAllProcessLogs", json!([])));
        list.push(("supervisor.clearAllProcessLogs", json!([1])));
        calls(daemon, out, &list);
    });
}

#[test]
fn logs_are_read_by_bytes_even_in_the_middle_of_a_letter() {
    check_deviating(&["half a letter"], |daemon, out| {
        std::fs::write(daemon.place().path("cat.out"), "aé€𝄞z\n").unwrap();
        let mut list = Vec::new();
        for length in 0..12 {
            list.push(("supervisor.readProcessStdoutLog", json!(["cat", 0, length])));
            list.push(("supervisor.readProcessStdoutLog", json!(["cat", -length, 0])));
            list.push(("supervisor.tailProcessStdoutLog", json!(["cat", 0, length])));
        }
        calls(daemon, out, &list);
        std::fs::write(daemon.place().path("cat.out"), b"ok \xff\xfe not text\n").unwrap();
        calls(
            daemon,
            out,
            &[
                ("supervisor.readProcessStdoutLog", json!(["cat", 0, 0])),
                ("supervisor.readProcessStdoutLog", json!(["cat", 0, 3])),
                ("supervisor.tailProcessStdoutLog", json!(["cat", 0, 100])),
            ],
        );
        std::fs::write(daemon.place().path("cat.out"), "<a> & \"b\" 'c' ]]> \t\n").unwrap();
        out.call(daemon, "supervisor.readProcessStdoutLog", json!(["cat", 0, 0]));
    });
}

#[test]
fn reading_and_clearing_the_main_log() {
    check(|daemon, out| {
        calls(
            daemon,
            out,
            &[
                ("supervisor.readLog", json!([0, -1])),
                ("supervisor.readLog", json!([-10, 5])),
                ("supervisor.readLog", json!([100_000, 5])),
                ("supervisor.readLog", json!([24, 20])),
                ("supervisor.readMainLog", json!([24, 20])),
                ("supervisor.readLog", json!([])),
                ("supervisor.readLog", json!([1])),
                ("supervisor.clearLog", json!([1])),
                ("supervisor.clearLog", json!([])),
                ("supervisor.readLog", json!([0, 0])),
                ("supervisor.readLog", json!([-10, 0])),
            ],
        );
        daemon.call("supervisor.stopProcess", &json!(["cat"])).value();
        let log = daemon.log();
        let lines: Vec<&str> = log.lines().filter(|line| !line.contains("waiting for")).collect();
        out.text("the log after clearing", &lines.join("\n"));
        std::fs::remove_file(daemon.place().path("main.log")).unwrap();
        out.call(daemon, "supervisor.readLog", json!([0, 0]));
        out.call(daemon, "supervisor.clearLog", json!([]));
    });
}

//! The daemon as a whole: the order of start and shutdown, signals to it, restarts.

use minder_tests::events::RECORDER_SECTION;
use minder_tests::{compare, json};
use rustix::process::Signal;

#[test]
fn shutdown_goes_from_the_last_priority_to_the_first_group_by_group() {
    let mut config = String::from("[group:pair]\nprograms=one,two\npriority=20\n");
    for (name, priority) in [("first", 10), ("one", 5), ("two", 500), ("late", 900), ("later", 950)] {
        config.push_str(&format!(
            "[program:{name}]\ncommand=/bin/sh -c 'trap \"sleep 0.3; echo {name} >> {{dir}}/order; exit 0\" TERM; touch \
             {{dir}}/{name}.up; while :; do sleep 0.1; done'\nstartsecs=0\npriority={priority}\nstopwaitsecs=20\n"
        ));
    }
    compare(&config, |daemon, out| {
        daemon.until("all are up", || {
            (daemon.files("").iter().filter(|(n, _)| n.ends_with(".up")).count() == 5).then_some(())
        });
        for name in ["first", "pair:one", "pair:two", "late", "later"] {
            daemon.wait_state(name, "RUNNING");
        }
        let done = daemon.stop();
        out.fact("end", done.status);
        // Members of one group stop at the same time, so their order is nobody's promise.
        let order = daemon.read("order");
        let order: Vec<&str> =
            order.lines().map(|name| if name == "one" || name == "two" { "pair" } else { name }).collect();
        out.fact("order", format!("{order:?}"));
        let log = daemon.log();
        let log: Vec<&str> = log.lines().skip_while(|line| !line.contains("received SIG")).collect();
        let log: Vec<&&str> =
            log.iter().filter(|line| !line.contains("waiting for") && !line.contains("pair")).collect();
        let mut lines: Vec<String> = log.iter().map(|line| line[24..].to_owned()).collect();
        lines.iter_mut().for_each(|line| *line = line.replace("one", "PAIR").replace("two", "PAIR"));
        out.text("the log of the shutdown", &lines.join("\n"));
    });
}

#[test]
fn programs_start_in_the_order_of_their_priorities() {
    let mut config = String::from("[group:g]\nprograms=zulu,alpha\npriority=30\n");
    for (name, priority) in [("c", 10), ("b", 20), ("zulu", 999), ("alpha", 1), ("a", 40), ("aa", 40)] {
        config.push_str(&format!(
            "[program:{name}]\ncommand=/bin/sleep 100\nstartsecs=0\npriority={priority}\n"
        ));
    }
    config.push_str("[program:many]\ncommand=/bin/sleep 100\nnumprocs=3\nprocess_name=%(process_num)d\nstartsecs=0\npriority=50\n");
    compare(&config, |daemon, out| {
        daemon.wait_log_times("spawned: ", 9);
        let log = daemon.log();
        let order: Vec<&str> =
            log.lines().filter(|line| line.contains("spawned: ")).map(|line| &line[24..]).collect();
        out.text("order", &order.join("\n"));
    });
}

#[test]
fn hup_stops_everything_reads_the_file_anew_and_starts_in_the_same_pid() {
    let before = format!("{RECORDER_SECTION}[program:old]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    let after = "[program:new]\ncommand=/bin/sleep 200\nstartsecs=0\n";
    compare(&before, |daemon, out| {
        daemon.wait_state("old", "RUNNING");
        let pid = daemon.call("supervisor.getPID", &json!([])).value();
        daemon.configure(after);
        daemon.signal(Signal::HUP);
        daemon.wait_log_times("supervisord started with pid", 2);
        daemon.wait_log("spawned: 'new'");
        daemon.wait_ready();
        daemon.wait_state("new", "RUNNING");
        out.fact("same pid", daemon.call("supervisor.getPID", &json!([])).value() == pid);
        out.call(daemon, "supervisor.getAllProcessInfo", json!([]));
        out.text("the daemon's lines", &minder_tests::trace::daemon_lines(&daemon.log()).join("\n"));
    });
}

#[test]
fn hup_with_a_bad_file_stops_everything_and_ends_with_2() {
    compare("[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n", |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        daemon.configure("[program:a]\n");
        daemon.signal(Signal::HUP);
        let done = daemon.wait_end();
        out.fact("status", &done.status);
        let program = daemon.kind().program("supervisord", daemon.place()).display().to_string();
        out.text("stderr", &done.stderr.replace(&program, "supervisord"));
        out.trace_log(daemon);
    });
}

#[test]
fn the_signals_that_end_it_are_named_in_its_log() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        compare("", |daemon, out| {
            daemon.signal(signal);
            let done = daemon.wait_end();
            out.finished("supervisord", &minder_tests::Finished { stdout: String::new(), ..done });
            out.trace_log(daemon);
        });
    }
}

#[test]
fn shutdown_and_restart_by_call() {
    compare("[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n", |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        out.call(daemon, "supervisor.restart", json!([]));
        daemon.wait_log_times("supervisord started with pid", 2);
        daemon.wait_ready();
        daemon.wait_state("a", "RUNNING");
        out.call(daemon, "supervisor.shutdown", json!([]));
        out.fact("status", daemon.wait_end().status);
        out.trace_log(daemon);
    });
}

#[test]
fn while_it_shuts_down_every_call_is_refused() {
    let config = "
[program:slow]
command=/bin/sh -c 'trap \"\" TERM; touch {dir}/ready; while :; do sleep 0.1; done'
startsecs=0
stopwaitsecs=4
killasgroup=true
";
    compare(config, |daemon, out| {
        daemon.until("the trap is set", || daemon.place().path("ready").exists().then_some(()));
        daemon.wait_state("slow", "RUNNING");
        out.call(daemon, "supervisor.shutdown", json!([]));
        daemon.until("calls are refused", || {
            matches!(daemon.call("supervisor.getState", &json!([])), minder_tests::Reply::Fault(6, _))
                .then_some(())
        });
        for (method, arguments) in [
            ("supervisor.getPID", json!([])),
            ("supervisor.getAllProcessInfo", json!([])),
            ("supervisor.startProcess", json!(["slow"])),
            ("supervisor.stopAllProcesses", json!([])),
            ("supervisor.shutdown", json!([])),
            ("supervisor.reloadConfig", json!([])),
            ("supervisor.sendRemoteCommEvent", json!(["a", "b"])),
            ("supervisor.getSupervisorVersion", json!([])),
            ("system.listMethods", json!([1])),
        ] {
            out.call(daemon, method, arguments);
        }
        out.fact("status", daemon.wait_end().status);
        out.trace_log(daemon);
    });
}

#[test]
fn programs_in_backoff_are_given_up_at_shutdown() {
    compare("[program:a]\ncommand=/bin/sh -c 'exit 3'\nstartretries=30\nstartsecs=3\n", |daemon, out| {
        daemon.wait_log_times("exited: a", 4);
        daemon.signal(Signal::TERM);
        out.fact("status", daemon.wait_end().status);
        out.trace_log(daemon);
    });
}

#[test]
fn usr2_reopens_the_logs() {
    let config = "[program:a]\ncommand=/bin/sh -c 'while :; do echo line; sleep 0.1; done'\nstartsecs=0\nstopasgroup=true\n\
                  stdout_logfile={dir}/a.log\n";
    compare(config, |daemon, out| {
        daemon.wait_file("a.log", "line");
        for name in ["a.log", "main.log"] {
            std::fs::rename(daemon.place().path(name), daemon.place().path(&format!("{name}.old"))).unwrap();
        }
        daemon.signal(Signal::USR2);
        daemon.wait_file("a.log", "line");
        // The line about it is the last of the old file: it is written before the change.
        daemon.wait_file("main.log.old", "supervisord logreopen");
        daemon.until("a new main log", || daemon.place().path("main.log").exists().then_some(()));
        let old = daemon.read("main.log.old");
        daemon.call("supervisor.stopProcess", &json!(["a"])).value();
        daemon.wait_log("stopped: a");
        out.fact("last of the old log", old.lines().last().map_or("", |line| &line[24..]));
        let new = daemon.log();
        // What the shell was waiting for may end before it or after it.
        let unsure = |line: &&str| line.contains("waiting for") || line.contains("reaped unknown pid");
        let first = new.lines().find(|line| !unsure(line)).unwrap_or("");
        out.fact("first of the new log", first.get(24..).unwrap_or(""));
    });
}

//! The life of a program: states, events, log lines.
//!
//! Programs that are to fail young have `startsecs=3` or more: with 1 the original's poll decides by chance whether it
//! sees them as RUNNING first. With `startsecs=0` they live a moment: one that dies in the turn that spawned it has no
//! "success" line.

use minder_tests::events::RECORDER_SECTION;
use minder_tests::{Daemon, Transcript, compare, json};
use rustix::process::Signal;

/// Runs a configuration with the recorder, and compares the traces after `act`.
fn check(config: &str, act: impl Fn(&Daemon, &mut Transcript) + Sync) {
    compare(&format!("{RECORDER_SECTION}{config}"), |daemon, out| {
        act(daemon, out);
        out.trace(daemon);
    });
}

#[test]
fn a_program_starts_and_stops_and_starts_again() {
    check("[program:a]\ncommand=/bin/sleep 100\n", |daemon, out| {
        daemon.wait_transition("a", "RUNNING", 1);
        out.call(daemon, "supervisor.stopProcess", json!(["a"]));
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
    });
}

#[test]
fn a_program_that_always_dies_young_becomes_fatal_after_its_retries() {
    check("[program:a]\ncommand=/bin/sh -c 'exit 3'\nstartretries=2\nstartsecs=3\n", |daemon, out| {
        daemon.wait_transition("a", "FATAL", 1);
        out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
        out.call(daemon, "supervisor.startProcess", json!(["a", false]));
        daemon.wait_transition("a", "FATAL", 2);
        out.call(daemon, "supervisor.stopProcess", json!(["a"]));
    });
}

#[test]
fn no_retry_means_fatal_at_the_first_failure() {
    check("[program:a]\ncommand=/bin/sh -c 'exit 0'\nstartretries=0\nstartsecs=3\n", |daemon, out| {
        daemon.wait_transition("a", "FATAL", 1);
        out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
    });
}

#[test]
fn the_kinds_of_programs_that_cannot_be_spawned() {
    let config = "
[program:missing]
command=/no/such/file
startretries=1
[program:missing_word]
command=no-such-word
startretries=0
[program:plain_file]
command=/etc/passwd
startretries=0
[program:directory]
command=/tmp
startretries=0
[program:quoting]
command=/bin/echo \"open
startretries=0
[program:empty]
command=\"\"
startretries=0
[program:relative]
command=./here.sh
directory=/usr
startretries=0
[program:nodir]
command=/bin/sleep 100
directory=/no/such/directory
startretries=0
startsecs=3
redirect_stderr=true
stdout_logfile={dir}/nodir.log
[program:nointerpreter]
command={dir}/script
startretries=0
startsecs=3
redirect_stderr=true
stdout_logfile={dir}/nointerpreter.log
";
    check(config, |daemon, out| {
        for name in [
            "missing",
            "missing_word",
            "plain_file",
            "directory",
            "quoting",
            "empty",
            "relative",
            "nodir",
            "nointerpreter",
        ] {
            daemon.wait_transition(name, "FATAL", 1);
            out.call(daemon, "supervisor.getProcessInfo", json!([name]));
            if name != "nodir" && name != "nointerpreter" {
                out.call(daemon, "supervisor.startProcess", json!([name]));
            }
        }
        out.text("nodir.log", &daemon.read("nodir.log"));
        // A spawnerr line has no name, so it is not in the traces.
        let mut errors: Vec<String> = daemon
            .log()
            .lines()
            .filter_map(|line| line.split_once("spawnerr: "))
            .map(|(_, e)| e.to_owned())
            .collect();
        errors.sort();
        out.text("spawn errors", &errors.join("\n"));
    });
}

#[test]
fn an_executable_that_the_kernel_refuses_says_so_in_its_log() {
    let config = "
[program:a]
command={dir}/noexec.bin
autostart=false
startretries=0
startsecs=3
redirect_stderr=true
stdout_logfile={dir}/a.log
";
    check(config, |daemon, out| {
        use std::os::unix::fs::PermissionsExt;
        daemon.write("noexec.bin", "\u{1}\u{2}not a program");
        let path = daemon.place().path("noexec.bin");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
        daemon.wait_transition("a", "FATAL", 1);
        out.text("a.log", &daemon.read("a.log"));
    });
}

#[test]
fn an_expected_exit_is_no_reason_to_restart_and_an_unexpected_one_is() {
    let config = "
[program:zero]
command=/bin/sh -c 'sleep 0.2; exit 0'
startsecs=0
[program:listed]
command=/bin/sh -c 'sleep 0.2; exit 7'
startsecs=0
exitcodes=5,7
[program:unlisted_but_never_restarted]
command=/bin/sh -c 'sleep 0.2; exit 7'
startsecs=0
autorestart=false
[program:twice]
command=/bin/sh -c 'sleep 0.2; if [ -e {dir}/ran ]; then exit 0; fi; touch {dir}/ran; exit 9'
startsecs=0
autorestart=unexpected
[program:by_signal]
command=/bin/sh -c 'sleep 0.2; kill -SEGV $$'
startsecs=0
autorestart=false
";
    check(config, |daemon, out| {
        daemon.wait_transition("twice", "EXITED", 2);
        for name in ["zero", "listed", "unlisted_but_never_restarted", "by_signal"] {
            daemon.wait_transition(name, "EXITED", 1);
            out.call(daemon, "supervisor.getProcessInfo", json!([name]));
        }
    });
}

#[test]
fn a_program_with_autorestart_comes_back_from_a_good_exit() {
    let command =
        "/bin/sh -c 'sleep 0.2; echo x >> {dir}/count; [ $(wc -l < {dir}/count) -lt 3 ] || exec sleep 100'";
    check(&format!("[program:a]\ncommand={command}\nstartsecs=0\nautorestart=true\n"), |daemon, out| {
        daemon.wait_transition("a", "RUNNING", 3);
        daemon.until("the third one sleeps", || (daemon.read("count").lines().count() == 3).then_some(()));
        out.fact("state", daemon.state("a"));
    });
}

#[test]
fn a_program_killed_from_outside_comes_back() {
    check("[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n", |daemon, out| {
        daemon.wait_transition("a", "RUNNING", 1);
        minder_tests::daemon::signal_pid(daemon.pid_of("a"), Signal::KILL);
        daemon.wait_transition("a", "RUNNING", 2);
        out.fact("state", daemon.state("a"));
    });
}

#[test]
fn a_program_that_ignores_the_stop_signal_is_killed() {
    let config = "
[program:stubborn]
command=/bin/sh -c 'trap \"\" TERM; touch {dir}/ready; while :; do sleep 0.2; done'
startsecs=0
stopwaitsecs=2
killasgroup=true
";
    check(config, |daemon, out| {
        daemon.until("the trap is set", || daemon.place().path("ready").exists().then_some(()));
        daemon.wait_transition("stubborn", "RUNNING", 1);
        out.call(daemon, "supervisor.stopProcess", json!(["stubborn", false]));
        // While it is stopping: not running for a stop, nothing to start.
        out.fact("state", daemon.state("stubborn"));
        out.call(daemon, "supervisor.stopProcess", json!(["stubborn"]));
        out.call(daemon, "supervisor.startProcess", json!(["stubborn", false]));
        out.call(daemon, "supervisor.startProcess", json!(["stubborn"]));
        daemon.wait_transition("stubborn", "STOPPED", 1);
        out.call(daemon, "supervisor.getProcessInfo", json!(["stubborn"]));
    });
}

#[test]
fn every_stop_signal_reaches_the_program() {
    let mut config = String::new();
    let signals = ["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "SIGTERM", "15"];
    for (index, signal) in signals.iter().enumerate() {
        config.push_str(&format!(
            "[program:p{index}]\ncommand=/bin/sleep 100\nstartsecs=0\nstopsignal={signal}\nstopwaitsecs=30\n"
        ));
    }
    check(&config, |daemon, out| {
        for index in 0..signals.len() {
            let name = format!("p{index}");
            daemon.wait_transition(&name, "RUNNING", 1);
            out.call(daemon, "supervisor.stopProcess", json!([name]));
        }
    });
}

#[test]
fn the_group_of_a_program_is_stopped_and_killed_only_when_asked() {
    // Each writes the pid of a grandchild, whose fate tells whether the group got the signal.
    let mut config = String::new();
    for (name, keys) in [
        ("alone", ""),
        ("stopgroup", "stopasgroup=true"),
        ("killgroup", "killasgroup=true\nstopsignal=KILL"),
        ("killgroup_only", "killasgroup=true"),
    ] {
        config.push_str(&format!(
            "[program:{name}]\ncommand=/bin/sh -c 'sleep 100 & echo $! > {{dir}}/{name}.child; exec sleep 200'\n\
             startsecs=0\nstopwaitsecs=20\n{keys}\n"
        ));
    }
    check(&config, |daemon, out| {
        for name in ["alone", "stopgroup", "killgroup", "killgroup_only"] {
            let file = format!("{name}.child");
            daemon.wait_transition(name, "RUNNING", 1);
            let child =
                daemon.until("the grandchild's pid", || daemon.read(&file).trim().parse::<u32>().ok());
            let group = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap();
            let group: u32 =
                group.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().parse().unwrap();
            out.fact("grandchild is in the program's group", group == daemon.pid_of(name));
            out.call(daemon, "supervisor.stopProcess", json!([name]));
            let dead = || {
                std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |s| s.contains(") Z "))
            };
            let died =
                minder_tests::wait::within(std::time::Duration::from_millis(500), || dead().then_some(()));
            out.fact(&format!("grandchild of {name} died"), died.is_some());
            minder_tests::daemon::signal_pid(child, Signal::KILL);
        }
    });
}

#[test]
fn a_stop_during_backoff_is_immediate_and_the_next_start_counts_on() {
    check("[program:a]\ncommand=/bin/sh -c 'exit 3'\nstartretries=20\nstartsecs=3\n", |daemon, out| {
        daemon.wait_transition("a", "BACKOFF", 3);
        out.call(daemon, "supervisor.stopProcess", json!(["a"]));
        out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
        daemon.wait_transition("a", "BACKOFF", 4);
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
        out.call(daemon, "supervisor.stopProcess", json!(["a", false]));
    });
}

#[test]
fn a_stop_while_starting_ends_the_start() {
    check("[program:a]\ncommand=/bin/sleep 100\nstartsecs=60\n", |daemon, out| {
        daemon.wait_transition("a", "STARTING", 1);
        out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
        out.call(daemon, "supervisor.stopProcess", json!(["a"]));
        out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
    });
}

#[test]
fn someone_who_waits_for_a_start_that_is_stopped_hears_of_an_abnormal_end() {
    check("[program:a]\ncommand=/bin/sleep 100\nautostart=false\nstartsecs=60\n", |daemon, out| {
        let address = daemon.unix_address();
        let waiter = std::thread::spawn(move || {
            minder_tests::xmlrpc::call(&address, "supervisor.startProcess", &json!(["a", true]))
        });
        daemon.wait_transition("a", "STARTING", 1);
        out.call(daemon, "supervisor.stopProcess", json!(["a"]));
        out.reply("the waiting start", &waiter.join().unwrap());
    });
}

#[test]
fn a_start_that_waits_fails_when_the_program_dies_young() {
    check(
        "[program:a]\ncommand=/bin/sh -c 'exit 3'\nautostart=false\nstartsecs=3\nstartretries=0\n",
        |daemon, out| {
            out.call(daemon, "supervisor.startProcess", json!(["a", true]));
            daemon.wait_transition("a", "FATAL", 1);
            out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
        },
    );
}

#[test]
fn signals_go_to_the_program_and_only_while_it_runs() {
    let config = "
[program:a]
command=/bin/sh -c 'trap \"echo hup\" HUP; trap \"echo usr1\" USR1; echo set; while :; do sleep 0.1; done'
startsecs=0
stopasgroup=true
stdout_logfile={dir}/a.log
[program:off]
command=/bin/sleep 100
autostart=false
";
    check(config, |daemon, out| {
        daemon.wait_file("a.log", "set");
        daemon.wait_transition("a", "RUNNING", 1);
        for (signal, answer) in [("HUP", "hup"), ("SIGUSR1", "usr1"), ("1", "hup"), ("10", "usr1")] {
            std::fs::write(daemon.place().path("a.log"), "").unwrap();
            out.call(daemon, "supervisor.signalProcess", json!(["a", signal]));
            daemon.wait_file("a.log", answer);
        }
        for arguments in [
            json!(["a", "NOPE"]),
            json!(["a", ""]),
            json!(["off", "HUP"]),
            json!(["zz", "HUP"]),
            json!(["a", 0]),
        ] {
            out.call(daemon, "supervisor.signalProcess", arguments);
        }
        out.call(daemon, "supervisor.signalProcessGroup", json!(["a", "HUP"]));
        out.call(daemon, "supervisor.signalProcessGroup", json!(["zz", "HUP"]));
        out.call(daemon, "supervisor.signalAllProcesses", json!(["0"]));
    });
}

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
fn groups_start_stop_and_signal_together() {
    let config = "
[group:g]
programs=one,two,broken
[program:one]
command=/bin/sleep 100
startsecs=0
autostart=false
[program:two]
command=/bin/sleep 100
startsecs=0
autostart=false
priority=5
[program:broken]
command=/no/such
startretries=0
autostart=false
";
    check(config, |daemon, out| {
        let sorted = |out: &mut Transcript, method: &str, arguments: minder_tests::Value| {
            let reply = daemon.call(method, &arguments);
            let reply = match reply {
                minder_tests::Reply::Value(minder_tests::Value::Array(mut items)) => {
                    // The order is that of completion, which is a race between members.
                    items.sort_by_key(|item| item["name"].to_string());
                    minder_tests::Reply::Value(items.into())
                }
                other => other,
            };
            out.reply(&format!("{method}{arguments}"), &reply);
        };
        sorted(out, "supervisor.startProcessGroup", json!(["g"]));
        sorted(out, "supervisor.startProcessGroup", json!(["g"]));
        sorted(out, "supervisor.signalProcessGroup", json!(["g", "CONT"]));
        sorted(out, "supervisor.stopProcessGroup", json!(["g"]));
        sorted(out, "supervisor.stopProcessGroup", json!(["g"]));
        sorted(out, "supervisor.startProcess", json!(["g:*"]));
        sorted(out, "supervisor.stopProcess", json!(["g:", false]));
        daemon.wait_transition("g:two", "STOPPED", 2);
        daemon.wait_transition("g:one", "STOPPED", 2);
        sorted(out, "supervisor.startProcess", json!(["g:two"]));
        sorted(out, "supervisor.stopProcess", json!(["g:zz"]));
        sorted(out, "supervisor.stopProcess", json!(["two"]));
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
        out.fact(
            "first of the new log",
            daemon.log().lines().next().map_or(String::new(), |line| line[24..].to_owned()),
        );
    });
}

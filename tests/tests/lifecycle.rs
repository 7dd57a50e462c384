//! The life of a program: states, events, log lines.
//!
//! Programs that are to fail young have `startsecs=3` or more: with 1 the original's poll decides by chance whether it
//! sees them as RUNNING first. With `startsecs=0` they live a moment: one that dies in the turn that spawned it has no
//! "success" line.

use minder_tests::events::RECORDER_SECTION;
use minder_tests::{Daemon, Transcript, compare, compare_deviating, json};
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
    check(
        "[program:a]\ncommand=/bin/sh -c 'sleep 0.3; exit 3'\nstartretries=2\nstartsecs=3\n",
        |daemon, out| {
            daemon.wait_transition("a", "FATAL", 1);
            out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
            out.call(daemon, "supervisor.startProcess", json!(["a", false]));
            daemon.wait_transition("a", "FATAL", 2);
            out.call(daemon, "supervisor.stopProcess", json!(["a"]));
        },
    );
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
        minder_tests::signal_pid(daemon.pid_of("a"), Signal::KILL);
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

/// With the wish that what a program leaves is left alone, minder does as the original.
#[test]
fn the_group_of_a_program_is_stopped_and_killed_only_when_asked() {
    check(&groups("environment=MINDER_LEFTOVERS=\"leave\""), who_dies_with_the_program);
}

#[test]
fn what_a_program_leaves_at_a_stop_ends_as_well() {
    let config = format!("{RECORDER_SECTION}{}", groups(""));
    compare_deviating(&["the whole tree stops"], &config, |daemon, out| {
        who_dies_with_the_program(daemon, out);
        out.trace(daemon);
    });
}

const GROUPS: [&str; 4] = ["alone", "stopgroup", "killgroup", "killgroup_only"];

fn groups(more: &str) -> String {
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
             startsecs=0\nstopwaitsecs=20\n{keys}\n{more}\n"
        ));
    }
    config
}

fn who_dies_with_the_program(daemon: &Daemon, out: &mut Transcript) {
    for name in GROUPS {
        let file = format!("{name}.child");
        daemon.wait_transition(name, "RUNNING", 1);
        let child = daemon.until("the grandchild's pid", || daemon.read(&file).trim().parse::<u32>().ok());
        let group = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap();
        let group: u32 =
            group.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().parse().unwrap();
        out.fact("grandchild is in the program's group", group == daemon.pid_of(name));
        out.call(daemon, "supervisor.stopProcess", json!([name]));
        let dead =
            || std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |s| s.contains(") Z "));
        let died = minder_tests::wait::within(std::time::Duration::from_millis(500), || dead().then_some(()));
        out.fact(&format!("grandchild of {name} died"), died.is_some());
        minder_tests::signal_pid(child, Signal::KILL);
    }
}

#[test]
fn a_stop_during_backoff_is_immediate_and_the_next_start_counts_on() {
    check(
        "[program:a]\ncommand=/bin/sh -c 'sleep 0.3; exit 3'\nstartretries=20\nstartsecs=3\n",
        |daemon, out| {
            daemon.wait_transition("a", "BACKOFF", 3);
            out.call(daemon, "supervisor.stopProcess", json!(["a"]));
            out.call(daemon, "supervisor.getProcessInfo", json!(["a"]));
            out.call(daemon, "supervisor.startProcess", json!(["a"]));
            daemon.wait_transition("a", "BACKOFF", 4);
            out.call(daemon, "supervisor.startProcess", json!(["a"]));
            out.call(daemon, "supervisor.stopProcess", json!(["a", false]));
        },
    );
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
            daemon.wait_execs();
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

//! minder alone: its mind is killed, and nothing is lost.

use crate::modes::mind_of;
use minder_tests::events::RECORDER_SECTION;
use minder_tests::signal_pid;
use minder_tests::{Daemon, Kind, Value, json};
use rustix::process::Signal;
use std::process::Command;

/// Prints the numbers from 0, one a line, a few hundred a second.
pub(crate) const WRITER: &str =
    "import time\nn = 0\nwhile True:\n    print(n, flush=True)\n    n += 1\n    time.sleep(0.004)\n";

/// Whether there is a minder to try at all.
pub(crate) fn only_the_original() -> bool {
    std::env::var("MINDER_PROOF_SUBJECT").is_ok_and(|subject| subject == "original")
}

/// Kills the mind and waits until another one answers.
fn kill_mind(daemon: &Daemon) {
    let before = daemon.until("there is a mind", || mind_of(daemon));
    signal_pid(before, Signal::KILL);
    daemon.until("there is another mind", || mind_of(daemon).filter(|pid| *pid != before));
    daemon.wait_ready();
}

/// What must not change: everything but the clock.
pub(crate) fn facts(daemon: &Daemon) -> Vec<Value> {
    let all = daemon.call("supervisor.getAllProcessInfo", &json!([])).value();
    let mut all = all.as_array().unwrap().clone();
    for info in &mut all {
        let info = info.as_object_mut().unwrap();
        info.remove("now");
        info.remove("description");
    }
    all
}

/// Checks that a log is the numbers from 0, one a line, none lost, repeated or out of order; gives back how many.
pub(crate) fn count_lines(daemon: &Daemon, name: &str) -> usize {
    let text = daemon.read(name);
    for (expected, line) in text.lines().enumerate() {
        assert_eq!(line, expected.to_string(), "{name}: line {expected} is {line:?}");
    }
    text.lines().count()
}

#[test]
fn twenty_programs_their_logs_and_states_survive_three_deaths_of_the_mind() {
    if only_the_original() {
        return;
    }
    let mut config = String::new();
    for number in 0..16 {
        config.push_str(&format!(
            "[program:writer{number}]\ncommand=/usr/bin/python3 -SE {{dir}}/writer.py\nstartsecs=0\n\
             stdout_logfile={{dir}}/writer{number}.log\nstdout_logfile_maxbytes=0\n"
        ));
    }
    config.push_str(
        "[program:off]\ncommand=/bin/sleep 100\nautostart=false\n\
         [program:fatal]\ncommand=/no/such\nstartretries=0\n\
         [program:ended]\ncommand=/bin/sh -c 'sleep 0.2; exit 7'\nstartsecs=0\nautorestart=false\n\
         [program:reader]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/reader.log\n",
    );
    let daemon = Daemon::prepare(Kind::Minder, &config);
    daemon.write("writer.py", WRITER);
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    for number in 0..16 {
        daemon.wait_state(&format!("writer{number}"), "RUNNING");
        daemon.wait_file(&format!("writer{number}.log"), "20\n");
    }
    daemon.wait_state("ended", "EXITED");
    daemon.wait_state("fatal", "FATAL");
    let before = facts(&daemon);
    for _ in 0..3 {
        kill_mind(&daemon);
        assert_eq!(facts(&daemon), before, "what is known changed\n{}", daemon.evidence());
        let lines = count_lines(&daemon, "writer0.log");
        daemon.wait_file("writer0.log", &format!("\n{}\n", lines + 50));
        // A program's stdin is still there.
        daemon.call("supervisor.sendProcessStdin", &json!(["reader", "hello\n"])).value();
    }
    daemon.wait_file("reader.log", "hello\nhello\nhello\n");
    // Afterwards everything works on.
    daemon.call("supervisor.stopProcess", &json!(["writer0"])).value();
    daemon.call("supervisor.startProcess", &json!(["off", false])).value();
    daemon.wait_state("off", "STARTING");
    assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
    for number in 0..16 {
        assert!(count_lines(&daemon, &format!("writer{number}.log")) > 100);
    }
    assert!(daemon.leftovers().is_empty(), "{:?}", daemon.leftovers());
}

#[test]
fn an_exit_while_there_is_no_mind_is_seen_by_the_next_one() {
    if only_the_original() {
        return;
    }
    let config = format!(
        "{RECORDER_SECTION}[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\nautorestart=false\n\
         [program:b]\ncommand=/bin/sleep 100\nstartsecs=0\nautorestart=true\n"
    );
    let daemon = Daemon::start(Kind::Minder, &config);
    daemon.wait_transition("a", "RUNNING", 1);
    daemon.wait_transition("b", "RUNNING", 1);
    let (a, b) = (daemon.pid_of("a"), daemon.pid_of("b"));
    // Stopped, it cannot see the exits before it dies.
    let mind = mind_of(&daemon).expect("a mind");
    signal_pid(mind, Signal::STOP);
    signal_pid(a, Signal::KILL);
    signal_pid(b, Signal::KILL);
    signal_pid(mind, Signal::KILL);
    daemon.wait_state("a", "EXITED");
    daemon.until("b is back", || (![0, b].contains(&daemon.pid_of("b"))).then_some(()));
    assert_eq!(daemon.info("a")["exitstatus"], -1);
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_stop_that_was_begun_is_ended_by_the_next_mind() {
    if only_the_original() {
        return;
    }
    let config = "
[program:stubborn]
command=/bin/sh -c 'trap \"\" TERM; touch {dir}/ready; while :; do sleep 0.2; done'
startsecs=0
stopwaitsecs=3
killasgroup=true
[program:backoff]
command=/bin/sh -c 'exit 3'
startsecs=5
startretries=50
";
    let daemon = Daemon::start(Kind::Minder, config);
    daemon.until("the trap is set", || daemon.place().path("ready").exists().then_some(()));
    daemon.wait_state("stubborn", "RUNNING");
    daemon.wait_log_times("exited: backoff", 2);
    daemon.call("supervisor.stopProcess", &json!(["stubborn", false])).value();
    kill_mind(&daemon);
    assert_eq!(daemon.state("stubborn"), "STOPPING");
    daemon.wait_state("stubborn", "STOPPED");
    daemon.wait_log("killing 'stubborn'");
    let seen = daemon.log().matches("exited: backoff").count();
    daemon.wait_log_times("exited: backoff", seen + 1);
    assert_eq!(daemon.stop().status, "exit 0");
    assert!(daemon.leftovers().is_empty(), "{:?}", daemon.leftovers());
}

#[test]
fn a_configuration_that_broke_meanwhile_does_not_matter_to_the_next_mind() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::start(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    daemon.wait_state("a", "RUNNING");
    daemon.configure("[program:a]\n");
    let before = facts(&daemon);
    kill_mind(&daemon);
    assert_eq!(facts(&daemon), before);
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_mind_killed_while_everything_begins_leaves_no_program_behind() {
    if only_the_original() {
        return;
    }
    let config: String =
        (0..50).map(|n| format!("[program:p{n}]\ncommand=/bin/sleep 1000\nstartsecs=0\n")).collect();
    for pause in 0..6 {
        let daemon = Daemon::prepare(Kind::Minder, &config);
        daemon.launch(&["-n"]);
        let mind = daemon.until("there is a mind", || mind_of(&daemon));
        // The moment is what the test is about: somewhere between the first group and the last process.
        std::thread::sleep(std::time::Duration::from_millis(4 * pause));
        signal_pid(mind, Signal::KILL);
        daemon.wait_ready();
        for n in [0, 24, 49] {
            daemon.wait_state(&format!("p{n}"), "RUNNING");
        }
        let running = || facts(&daemon).iter().filter(|info| info["statename"] == "RUNNING").count();
        daemon.until("all fifty run", || (running() == 50).then_some(()));
        assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
        assert!(daemon.leftovers().is_empty(), "{:?}", daemon.leftovers());
    }
}

#[test]
fn what_was_read_again_changes_programs_but_neither_servers_nor_log() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::start(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    daemon.wait_state("a", "RUNNING");
    // The held sockets would be taken for others, and the log would go elsewhere.
    let usual = minder_tests::daemon::USUAL;
    let moved = usual
        .replace("supervisord.log", "elsewhere.log")
        .replace("[supervisord]", "[supervisord]\nidentifier=new");
    assert_ne!(usual, moved);
    daemon.configure(&(moved + "[program:b]\ncommand=/bin/sleep 100\nstartsecs=0\n"));
    daemon.call("supervisor.reloadConfig", &json!([])).value();
    daemon.call("supervisor.addProcessGroup", &json!(["b"])).value();
    daemon.wait_state("b", "RUNNING");
    let before = facts(&daemon);
    kill_mind(&daemon);
    assert_eq!(facts(&daemon), before);
    assert_eq!(daemon.call("supervisor.getIdentification", &json!([])).value(), "supervisor");
    assert!(!daemon.place().path("elsewhere.log").exists());
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_signal_to_every_process_of_the_name_ends_it_once_and_cleanly() {
    if only_the_original() {
        return;
    }
    for _ in 0..5 {
        let daemon = Daemon::start(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
        daemon.wait_state("a", "RUNNING");
        let mind = mind_of(&daemon).expect("a mind");
        signal_pid(daemon.pid(), Signal::TERM);
        signal_pid(mind, Signal::TERM);
        assert_eq!(daemon.wait_end().status, "exit 0", "{}", daemon.evidence());
        assert!(!daemon.log().contains("the mind was replaced"), "{}", daemon.log());
    }
}

#[test]
fn programs_never_take_the_descriptors_that_the_next_mind_needs() {
    if only_the_original() {
        return;
    }
    let config = minder_tests::daemon::USUAL.replace("user=root", "user=root\nminfds=100\nminprocs=10");
    let programs: String = (0..80)
        .map(|n| format!("[program:p{n}]\ncommand=/bin/sleep 100\nstartsecs=0\nstartretries=0\n"))
        .collect();
    let daemon = Daemon::prepare(Kind::Minder, &(config + &programs));
    let mut command = daemon.clean(Command::new("/usr/bin/prlimit"));
    command.arg("--nofile=256:256").arg(Kind::Minder.program("supervisord", daemon.place()));
    command.arg("-c").arg(daemon.place().path("supervisord.conf"));
    daemon.launch_command(command, &["-n"]);
    daemon.wait_ready();
    daemon.wait_log("too many open files to spawn 'p9'");
    // The others are tried again and again, so there may be more of them afterwards.
    let running = || -> Vec<(String, u64)> {
        let all = facts(&daemon);
        let up = all.iter().filter(|info| info["statename"] == "RUNNING");
        up.map(|info| (info["name"].to_string(), info["pid"].as_u64().unwrap_or(0))).collect()
    };
    let before = daemon.until("some run", || Some(running()).filter(|all| all.len() > 20));
    kill_mind(&daemon);
    let after = running();
    assert!(before.iter().all(|it| after.contains(it)), "{before:?} {after:?}\n{}", daemon.evidence());
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn whoever_reads_the_pidfile_may_signal_at_once() {
    if only_the_original() {
        return;
    }
    for _ in 0..5 {
        let daemon = Daemon::prepare(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
        daemon.launch(&["-n"]);
        while daemon.read_pid("main.pid").is_none() {
            std::thread::yield_now();
        }
        assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
        assert!(!daemon.place().path("main.pid").exists());
    }
}

#[test]
fn an_end_asked_for_during_a_restart_is_an_end() {
    if only_the_original() {
        return;
    }
    let config = "[program:a]\ncommand=/bin/sh -c 'trap \"sleep 0.5; exit 0\" TERM; touch {dir}/ready; while :; do sleep 0.1; done'\nstartsecs=0\n";
    let daemon = Daemon::start(Kind::Minder, config);
    daemon.until("the trap is set", || daemon.place().path("ready").exists().then_some(()));
    daemon.signal(Signal::HUP);
    daemon.wait_log("received SIGHUP");
    assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
}

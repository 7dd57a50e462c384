//! minder alone: its keeper is killed, the parent of all programs, and nothing is lost.

use crate::mind_death::{WRITER, count_lines, facts, only_the_original};
use crate::modes::mind_of;
use minder_tests::{Daemon, Kind, json, signal_pid, wait};
use rustix::process::Signal;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The process in the pidfile.
fn keeper(daemon: &Daemon) -> u32 {
    daemon.until("there is a pidfile", || daemon.read_pid("main.pid"))
}

/// Kills the keeper and waits until another one answers.
fn kill_keeper(daemon: &Daemon) {
    let before = keeper(daemon);
    signal_pid(before, Signal::KILL);
    daemon.until("there is another keeper", || daemon.read_pid("main.pid").filter(|pid| *pid != before));
    // The one that was killed may be answering still: its socket is the next one's.
    daemon.wait_log_times("takes its place", daemon.log().matches("takes its place").count().max(1));
    daemon.until("the pidfile's process answers", || {
        let reply = daemon.call("supervisor.getPID", &json!([]));
        matches!(reply, minder_tests::Reply::Value(pid) if pid == json!(keeper(daemon))).then_some(())
    });
}

/// Ends a daemon whose first process, which is all that [`Daemon`] knows, is long dead.
fn stop(daemon: &Daemon) {
    let last = keeper(daemon);
    signal_pid(last, Signal::TERM);
    daemon.until("the pidfile is gone", || (!daemon.place().path("main.pid").exists()).then_some(()));
    assert!(daemon.leftovers().is_empty(), "{:?}\n{}", daemon.leftovers(), daemon.evidence());
}

#[test]
fn programs_their_logs_and_states_survive_three_deaths_of_the_keeper() {
    if only_the_original() {
        return;
    }
    let mut config = String::new();
    for number in 0..8 {
        config.push_str(&format!(
            "[program:writer{number}]\ncommand=/usr/bin/python3 -SE {{dir}}/writer.py\nstartsecs=0\n\
             stdout_logfile={{dir}}/writer{number}.log\nstdout_logfile_maxbytes=0\n"
        ));
    }
    config.push_str(
        "[program:off]\ncommand=/bin/sleep 100\nautostart=false\n\
         [program:fatal]\ncommand=/no/such\nstartretries=0\n\
         [program:reader]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/reader.log\n\
         [program:halted]\ncommand=/bin/sleep 100\nstartsecs=0\n",
    );
    let daemon = Daemon::prepare(Kind::Minder, &config);
    daemon.write("writer.py", WRITER);
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    for number in 0..8 {
        daemon.wait_state(&format!("writer{number}"), "RUNNING");
        daemon.wait_file(&format!("writer{number}.log"), "20\n");
    }
    daemon.wait_state("fatal", "FATAL");
    daemon.call("supervisor.stopProcess", &json!(["halted"])).value();
    let before = facts(&daemon);
    for _ in 0..3 {
        kill_keeper(&daemon);
        assert_eq!(facts(&daemon), before, "what is known changed\n{}", daemon.evidence());
        let lines = count_lines(&daemon, "writer0.log");
        daemon.wait_file("writer0.log", &format!("\n{}\n", lines + 50));
        daemon.call("supervisor.sendProcessStdin", &json!(["reader", "hello\n"])).value();
    }
    daemon.wait_file("reader.log", "hello\nhello\nhello\n");
    // Children of a keeper that is no more are stopped like others, and new ones begin.
    daemon.call("supervisor.stopProcess", &json!(["writer0"])).value();
    daemon.call("supervisor.startProcess", &json!(["halted", false])).value();
    daemon.wait_state("halted", "RUNNING");
    stop(&daemon);
    for number in 0..8 {
        assert!(count_lines(&daemon, &format!("writer{number}.log")) > 100);
    }
}

#[test]
fn how_a_child_of_a_dead_keeper_ended_is_known() {
    if only_the_original() {
        return;
    }
    let wait = "while ! test -e {dir}/go; do sleep 0.02; done";
    let daemon = Daemon::start(
        Kind::Minder,
        &format!(
            "[program:code]\ncommand=/bin/sh -c '{wait}; echo last words; exit 7'\nstartsecs=0\nautorestart=false\n\
             stdout_logfile={{dir}}/code.log\n\
             [program:signal]\ncommand=/bin/sh -c '{wait}; kill -SEGV $$'\nstartsecs=0\nautorestart=false\n\
             [program:again]\ncommand=/bin/sh -c 'echo begun; while ! test -e {{dir}}/go; do sleep 0.02; done; \
             test -e {{dir}}/done && exec sleep 100; touch {{dir}}/done; exit 0'\nstartsecs=0\nautorestart=true\n"
        ),
    );
    for name in ["code", "signal", "again"] {
        daemon.wait_state(name, "RUNNING");
    }
    kill_keeper(&daemon);
    daemon.write("go", "");
    daemon.wait_log("exited: code (exit status 7; not expected)");
    daemon.wait_log("exited: signal (terminated by SIGSEGV");
    daemon.wait_log("exited: again (exit status 0; expected)");
    assert_eq!(daemon.read("code.log"), "last words\n");
    daemon.until("it was started again", || {
        (daemon.log().matches("spawned: 'again'").count() == 2).then_some(())
    });
    stop(&daemon);
}

/// Programs that begin and end all the time, and a keeper that is killed in the midst of it: nobody ever runs twice. Each
/// holds a lock for as long as it lives, and tells who could not have it.
#[test]
fn no_program_ever_runs_twice() {
    if only_the_original() {
        return;
    }
    let config = "[program:short]\nprocess_name=%(process_num)d\nnumprocs=6\nstartsecs=0\nautorestart=true\n\
                  command=/usr/bin/python3 -SE {dir}/short.py %(process_num)d\n\
                  stdout_logfile={dir}/short%(process_num)d.log\n";
    let daemon = Daemon::prepare(Kind::Minder, config);
    let text = "import fcntl, os, sys, time\n\
                lock = open('lock' + sys.argv[1], 'a')\n\
                try:\n    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n\
                except OSError:\n    open('twice', 'a').write('%s\\n' % sys.argv[1])\n\
                lock.write('begun\\n'); lock.flush()\n\
                time.sleep(0.02)\n\
                print('ended', flush=True)\n";
    daemon.write(
        "short.py",
        &text
            .replace("'lock'", &format!("{:?}", daemon.place().path("lock")))
            .replace("'twice'", &format!("{:?}", daemon.place().path("twice"))),
    );
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    for _ in 0..12 {
        let begun = daemon.log().matches("spawned: '0'").count();
        daemon.wait_log_times("spawned: '0'", begun + 3);
        kill_keeper(&daemon);
    }
    stop(&daemon);
    assert_eq!(daemon.read("twice"), "", "{}", daemon.evidence());
    for number in 0..6 {
        let begun = daemon.read(&format!("lock{number}")).lines().count();
        let told = daemon.log().matches(&format!("spawned: '{number}'")).count();
        let exits = daemon.log().matches(&format!("exited: {number} (exit status 0; expected)")).count();
        // The last one may have been stopped, even before it could write anything.
        assert!(
            told >= begun && told - begun <= 1,
            "of {number}: {told} told, {begun} begun\n{}",
            daemon.evidence()
        );
        assert!(told - exits <= 1, "of {number}: {told} begun, {exits} exits\n{}", daemon.evidence());
    }
}

/// Both at once: whoever asked gets an answer or an end, never silence.
#[test]
fn a_call_in_the_midst_gets_an_answer_or_an_end() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::start(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    daemon.wait_state("a", "RUNNING");
    let (done, asked) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let address = daemon.unix_address();
        for _ in 0..3 {
            let address = address.clone();
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    // It returns: that is all.
                    let _ = minder_tests::xmlrpc::call(&address, "supervisor.getState", &json!([]));
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..3 {
            kill_keeper(&daemon);
            let before = asked.load(Ordering::Relaxed);
            let went_on = || (asked.load(Ordering::Relaxed) > before + 20).then_some(());
            wait::until("the calls go on", went_on, || daemon.evidence());
        }
        done.store(true, Ordering::Relaxed);
    });
    stop(&daemon);
}

/// Kills keeper and mind, and these programs as well.
fn kill_both(daemon: &Daemon, programs: &[u32]) {
    let (keeper, mind) = (keeper(daemon), daemon.until("there is a mind", || mind_of(daemon)));
    // Not the other way round: a stopped mind is woken when it is orphaned, and becomes the keeper.
    signal_pid(keeper, Signal::STOP);
    let all: Vec<u32> = [mind, keeper].iter().chain(programs).copied().collect();
    all.iter().for_each(|pid| signal_pid(*pid, Signal::KILL));
    // What is dead and not reaped has no command line any more.
    let gone = |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).map_or(true, |line| line.is_empty());
    daemon.until("all are gone", || all.iter().all(gone).then_some(()));
}

/// As cron, systemd or a person would.
fn start_again(daemon: &Daemon) {
    daemon.launch(&["-n"]);
    daemon.wait_ready();
}

#[test]
fn whoever_is_started_next_takes_over_what_both_have_left() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::prepare(
        Kind::Minder,
        "[program:writer]\ncommand=/usr/bin/python3 -SE {dir}/writer.py\nstartsecs=0\nstdout_logfile={dir}/writer.log\n\
         stdout_logfile_maxbytes=0\n\
         [program:reader]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/reader.log\n\
         [program:halted]\ncommand=/bin/sleep 100\nstartsecs=0\n\
         [program:ends]\ncommand=/bin/sh -c 'while ! test -e {dir}/go; do sleep 0.02; done; exit 7'\nstartsecs=0\nautorestart=false\n\
         [program:dies]\ncommand=/bin/sleep 100\nstartsecs=0\nautorestart=false\n",
    );
    daemon.write("writer.py", WRITER);
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    for name in ["writer", "reader", "halted", "ends", "dies"] {
        daemon.wait_state(name, "RUNNING");
    }
    daemon.call("supervisor.stopProcess", &json!(["halted"])).value();
    daemon.wait_file("writer.log", "20\n");
    let before = facts(&daemon);
    kill_both(&daemon, &[]);
    start_again(&daemon);
    daemon.wait_log("was killed as a whole; 4 of its processes live and are taken over, 0 have ended");
    assert_eq!(facts(&daemon), before, "what is known changed\n{}", daemon.evidence());
    let lines = count_lines(&daemon, "writer.log");
    daemon.wait_file("writer.log", &format!("\n{}\n", lines + 50));
    daemon.call("supervisor.sendProcessStdin", &json!(["reader", "hello\n"])).value();
    daemon.wait_file("reader.log", "hello\n");
    daemon.write("go", "");
    daemon.wait_log("exited: ends (exit status 7; not expected)");

    // One that ends while there is nobody has ended, nobody knows how.
    kill_both(&daemon, &[daemon.pid_of("dies")]);
    start_again(&daemon);
    daemon.wait_state("dies", "EXITED");
    daemon.wait_log("2 of its processes live and are taken over, 1 have ended, nobody knows how");
    assert_eq!(daemon.state("halted"), "STOPPED");
    stop(&daemon);
    assert!(count_lines(&daemon, "writer.log") > lines + 50);
}

/// Where no program lives any more there is nothing to take over: the file counts as it is now.
#[test]
fn where_nothing_lives_everything_begins_anew() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::start(Kind::Minder, "[program:old]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    daemon.wait_state("old", "RUNNING");
    kill_both(&daemon, &[daemon.pid_of("old")]);
    let config = daemon.read("supervisord.conf").replace("[program:old]", "[program:new]");
    daemon.write("supervisord.conf", &config);
    start_again(&daemon);
    daemon.wait_state("new", "RUNNING");
    assert_eq!(facts(&daemon).len(), 1);
    stop(&daemon);
}

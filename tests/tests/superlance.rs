//! superlance's listeners at their real work.

use minder_tests::mail::{SmtpSink, letters};
use minder_tests::{Daemon, compare};
use std::time::Duration;

/// A letter without the lines that belong to one run.
fn normal(letter: &str) -> String {
    let letter = minder_tests::normal::without_numbers(letter);
    let keep =
        |line: &&str| !line.starts_with("Date:") && !line.contains("boundary") && !line.starts_with("--=");
    letter.lines().filter(keep).collect::<Vec<_>>().join("\n")
}

/// Waits for a letter and gives back the first.
fn first_letter(daemon: &Daemon) -> String {
    daemon.until("a letter", || letters(&daemon.place().path("letters")).into_iter().next())
}

#[test]
fn httpok_restarts_a_program_whose_page_is_not_there() {
    let config = "
[program:web]
command=/bin/sleep 100
startsecs=0
[eventlistener:httpok]
command={venv}/bin/httpok -p web -t 1 -s '{sendmail}' -m me@example.org http://127.0.0.1:{port}/
events=TICK_5
stderr_logfile={dir}/httpok.err
stopwaitsecs=3
";
    compare(config, |daemon, out| {
        daemon.wait_state("web", "RUNNING");
        let pid = daemon.pid_of("web");
        let letter = first_letter(daemon);
        daemon.wait_file("httpok.err", "web restarted");
        out.fact("another process", daemon.pid_of("web") != pid);
        out.text("letter", &normal(&letter).replace(&daemon.port().to_string(), "<PORT>"));
        let said = daemon.read("httpok.err");
        let said: Vec<&str> = said.lines().take(3).collect();
        out.text("said", &said.join("\n"));
    });
}

#[test]
fn memmon_restarts_a_program_that_is_too_large() {
    let config = "
[program:large]
command=/usr/bin/python3 -SE -c 'import time; x = b\"x\" * 60000000; time.sleep(1000)'
startsecs=0
[program:small]
command=/bin/sleep 100
startsecs=0
[eventlistener:memmon]
command={venv}/bin/memmon -p large=30MB -p small=30MB -s '{sendmail}' -m me@example.org
events=TICK_5
stderr_logfile={dir}/memmon.err
stopwaitsecs=3
";
    compare(config, |daemon, out| {
        daemon.wait_state("large", "RUNNING");
        daemon.wait_state("small", "RUNNING");
        let (large, small) = (daemon.pid_of("large"), daemon.pid_of("small"));
        let letter = first_letter(daemon);
        daemon.until("another large one", || (![0, large].contains(&daemon.pid_of("large"))).then_some(()));
        out.fact("the small one stays", daemon.pid_of("small") == small);
        out.text("letter", &normal(&letter));
        daemon.wait_file("memmon.err", "Restarting large:large");
    });
}

#[test]
fn crashmail_writes_about_an_unexpected_exit_only() {
    let config = "
[eventlistener:crashmail]
command={venv}/bin/crashmail -a -o station -s '{sendmail}' -m me@example.org
events=PROCESS_STATE_EXITED
buffer_size=100
stderr_logfile={dir}/crashmail.err
stopwaitsecs=3
[program:good]
command=/bin/sh -c 'sleep 0.2; exit 0'
startsecs=0
autorestart=false
[program:bad]
command=/bin/sh -c 'sleep 0.2; exit 3'
startsecs=0
autorestart=false
";
    compare(config, |daemon, out| {
        daemon.wait_state("good", "EXITED");
        daemon.wait_state("bad", "EXITED");
        let letter = first_letter(daemon);
        out.text("letter", &normal(&letter));
        out.fact("letters", letters(&daemon.place().path("letters")).len());
    });
}

#[test]
fn fatalmailbatch_sends_what_it_gathered() {
    // Each side has a sink of its own: its port is told by a file that the command reads.
    let config = "
[eventlistener:batch]
command=/bin/sh -c 'while [ ! -e {dir}/smtp ]; do sleep 0.1; done; . {dir}/smtp; exec {venv}/bin/fatalmailbatch -t me@example.org -f minder@example.org -H 127.0.0.1:$PORT -e TICK_5 -i 0.01'
events=PROCESS_STATE_FATAL,TICK_5
buffer_size=100
stderr_logfile={dir}/batch.err
stopwaitsecs=3
stopasgroup=true
[program:bad]
command=/no/such/thing
startretries=0
";
    compare(config, |daemon, out| {
        let sink = SmtpSink::start();
        // superlance 2.0.0 gives smtplib the host alone; a host with a port in it is taken apart there.
        daemon.write("smtp", &format!("PORT={}\n", sink.port));
        daemon.wait_state("bad", "FATAL");
        let letter = sink.letters.recv_timeout(Duration::from_secs(90));
        out.text(
            "letter",
            &normal(&letter.unwrap_or_else(|_| panic!("no letter\n{}", daemon.read("batch.err")))),
        );
    });
}

#[test]
fn crashmailbatch_sends_what_it_gathered() {
    let config = "
[eventlistener:batch]
command=/bin/sh -c 'while [ ! -e {dir}/smtp ]; do sleep 0.1; done; . {dir}/smtp; exec {venv}/bin/crashmailbatch -t me@example.org -f minder@example.org -H 127.0.0.1:$PORT -e TICK_5 -i 0.01'
events=PROCESS_STATE_EXITED,TICK_5
buffer_size=100
stderr_logfile={dir}/batch.err
stopwaitsecs=3
stopasgroup=true
[program:bad]
command=/bin/sh -c 'sleep 0.2; exit 3'
startsecs=0
autorestart=false
";
    compare(config, |daemon, out| {
        let sink = SmtpSink::start();
        daemon.write("smtp", &format!("PORT={}\n", sink.port));
        daemon.wait_state("bad", "EXITED");
        let letter = sink.letters.recv_timeout(Duration::from_secs(90));
        out.text(
            "letter",
            &normal(&letter.unwrap_or_else(|_| panic!("no letter\n{}", daemon.read("batch.err")))),
        );
    });
}

#[test]
fn crashsms_sends_what_it_gathered() {
    let config = "
[eventlistener:sms]
command=/bin/sh -c 'while [ ! -e {dir}/smtp ]; do sleep 0.1; done; . {dir}/smtp; exec {venv}/bin/crashsms -t me@example.org -f minder@example.org -H 127.0.0.1:$PORT -e TICK_5 -i 0.01'
events=PROCESS_STATE_EXITED,TICK_5
buffer_size=100
stderr_logfile={dir}/sms.err
stopwaitsecs=3
stopasgroup=true
[program:bad]
command=/bin/sh -c 'sleep 0.2; exit 3'
startsecs=0
autorestart=false
";
    compare(config, |daemon, out| {
        let sink = SmtpSink::start();
        daemon.write("smtp", &format!("PORT={}\n", sink.port));
        daemon.wait_state("bad", "EXITED");
        let letter = sink.letters.recv_timeout(Duration::from_secs(90));
        out.text(
            "letter",
            &normal(&letter.unwrap_or_else(|_| panic!("no letter\n{}", daemon.read("sms.err")))),
        );
    });
}

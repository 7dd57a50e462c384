//! The small programs that come with it: `echo_supervisord_conf` and `pidproxy`.

use minder_tests::{Daemon, Kind, Transcript, compare_prepared, process};
use rustix::process::Signal;

#[test]
fn the_sample_has_the_same_settings_in_force() {
    compare_prepared("", |daemon, out| {
        let done = process::finish(daemon.command(daemon.kind(), "echo_supervisord_conf"), "");
        out.fact("status", &done.status);
        // The remarks and examples are everybody's own; what is in force is not.
        let active = done
            .stdout
            .lines()
            .filter(|line| line.starts_with('[') || (!line.starts_with(';') && line.contains('=')));
        let active: Vec<String> = active
            .map(|line| line.split(" ;").next().unwrap_or("").replace(" = ", "=").trim_end().to_owned())
            .collect();
        out.text("settings", &active.join("\n"));
    });
}

#[test]
fn the_sample_can_be_started() {
    let daemon = Daemon::prepare(Kind::Minder, "");
    if std::env::var("MINDER_PROOF_SUBJECT").is_ok_and(|subject| subject == "original") {
        return;
    }
    let sample = process::finish(daemon.command(Kind::Minder, "echo_supervisord_conf"), "").stdout;
    let dir = daemon.place().dir().display().to_string();
    daemon.write("supervisord.conf", &sample.replace("/tmp", &dir));
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    assert_eq!(daemon.stop().status, "exit 0");
}

/// Runs pidproxy on a program that writes its pid, sends the signals, and writes what the program got.
fn proxy(daemon: &Daemon, out: &mut Transcript, signals: &[Signal]) {
    let script = "trap 'echo HUP >> {dir}/got' HUP\ntrap 'echo USR1 >> {dir}/got' USR1\ntrap 'echo TERM >> {dir}/got; exit 0' TERM\n\
                  echo $$ > {dir}/own.pid\nwhile :; do sleep 0.1; done\n";
    daemon.write("served.sh", script);
    let mut command = daemon.command(daemon.kind(), "pidproxy");
    command.arg(daemon.place().path("own.pid")).args(["/bin/sh"]).arg(daemon.place().path("served.sh"));
    daemon.launch_command(command, &[]);
    daemon.until("the program runs", || daemon.read_pid("own.pid"));
    for (index, signal) in signals.iter().enumerate() {
        daemon.signal(*signal);
        daemon.until("the program has got it", || (daemon.read("got").lines().count() > index).then_some(()));
    }
    out.fact("status", daemon.wait_end().status);
    out.text("got", &daemon.read("got"));
    out.fact("left over", format!("{:?}", daemon.leftovers()));
}

#[test]
fn pidproxy_hands_signals_on_to_the_pid_in_the_file() {
    compare_prepared("", |daemon, out| proxy(daemon, out, &[Signal::HUP, Signal::USR1, Signal::TERM]));
}

#[test]
fn pidproxy_without_enough_words_says_how_to_call_it() {
    compare_prepared("", |daemon, out| {
        for words in [&[][..], &["/no/such.pid"]] {
            let mut command = daemon.command(daemon.kind(), "pidproxy");
            let done = process::finish(
                {
                    command.args(words);
                    command
                },
                "",
            );
            out.fact("status", &done.status);
            out.fact("says something", !(done.stdout + &done.stderr).is_empty());
        }
    });
}

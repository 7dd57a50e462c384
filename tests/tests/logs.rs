//! What programs write, and where it goes.

use minder_tests::events::RECORDER_SECTION;
use minder_tests::{Daemon, compare, compare_launched, json};
use rustix::process::Signal;

/// Writes numbered lines of 100 bytes through `cat`, one at a time, and waits until each has arrived: so both sides
/// see the same chunks, and rotate at the same places.
fn feed(daemon: &Daemon, name: &str, lines: std::ops::Range<u32>) {
    for number in lines {
        let line = format!("{number:0>99}\n");
        daemon.call("supervisor.sendProcessStdin", &json!([name, line])).value();
        daemon.until("the line has arrived", || {
            daemon.files(name).iter().any(|(file, _)| daemon.read(file).contains(&line)).then_some(())
        });
    }
    // The line is there before the file moves; an answer comes after.
    daemon.call("supervisor.getState", &json!([])).value();
}

/// The files of a program with their sizes and first lines.
fn files(daemon: &Daemon, prefix: &str) -> String {
    let number = |line: &str| line.trim_start_matches('0').to_owned();
    daemon
        .files(prefix)
        .into_iter()
        .map(|(name, size)| {
            let text = daemon.read(&name);
            let first = text.lines().next().map(number).unwrap_or_default();
            let last = text.lines().last().map(number).unwrap_or_default();
            format!("{name}: {size} bytes, lines {first}..{last}\n")
        })
        .collect()
}

#[test]
fn a_full_log_moves_to_one_and_the_oldest_goes() {
    let config = "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/a.log\nstdout_logfile_maxbytes=1000\n\
                  stdout_logfile_backups=3\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        for turn in 0..3 {
            feed(daemon, "a", turn * 25..turn * 25 + 25);
            out.text("files", &files(daemon, "a.log"));
        }
        out.call(daemon, "supervisor.readProcessStdoutLog", json!(["a", -200, 0]));
        out.call(daemon, "supervisor.clearProcessLogs", json!(["a"]));
        out.text("after clearing", &files(daemon, "a.log"));
    });
}

#[test]
fn without_backups_a_full_log_begins_anew() {
    let config = "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/a.log\nstdout_logfile_maxbytes=1000\n\
                  stdout_logfile_backups=0\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        feed(daemon, "a", 1..9);
        out.text("files", &files(daemon, "a.log"));
        daemon.call("supervisor.sendProcessStdin", &json!(["a", "x".repeat(300)])).value();
        daemon.until("the file is empty", || (daemon.files("a.log")[0].1 == 0).then_some(()));
        out.text("files", &files(daemon, "a.log"));
        feed(daemon, "a", 21..25);
        out.text("files", &files(daemon, "a.log"));
    });
}

#[test]
fn a_limit_of_zero_never_rotates() {
    let config =
        "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/a.log\nstdout_logfile_maxbytes=0\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        feed(daemon, "a", 1..20);
        out.text("files", &files(daemon, "a.log"));
    });
}

#[test]
fn a_log_is_appended_to_across_starts() {
    let config = "[program:a]\ncommand=/bin/sh -c 'echo started; exec sleep 100'\nstartsecs=0\nstdout_logfile={dir}/a.log\n";
    compare(config, |daemon, out| {
        daemon.wait_file("a.log", "started");
        daemon.wait_state("a", "RUNNING");
        daemon.call("supervisor.stopProcess", &json!(["a"])).value();
        daemon.call("supervisor.startProcess", &json!(["a"])).value();
        daemon.wait_file("a.log", "started\nstarted\n");
        out.text("a.log", &daemon.read("a.log"));
    });
}

#[test]
fn both_channels_together_or_apart() {
    let mut config = String::new();
    for (name, keys) in [
        ("apart", "stdout_logfile={dir}/apart.out\nstderr_logfile={dir}/apart.err"),
        ("merged", "redirect_stderr=true\nstdout_logfile={dir}/merged.out"),
        ("none", "stdout_logfile=NONE\nstderr_logfile=none"),
        ("off", "stdout_logfile=off\nstderr_logfile={dir}/off.err"),
        ("same", "stdout_logfile={dir}/same.log\nstderr_logfile={dir}/same.log"),
    ] {
        config.push_str(&format!(
            "[program:{name}]\ncommand=/bin/sh -c 'echo out; sleep 0.3; echo err >&2; sleep 0.3; echo out2; touch \
             {{dir}}/{name}.done; exec sleep 100'\nstartsecs=0\n{keys}\n"
        ));
    }
    compare(&config, |daemon, out| {
        for name in ["apart", "merged", "none", "off", "same"] {
            daemon.until("it has written", || {
                daemon.place().path(&format!("{name}.done")).exists().then_some(())
            });
            daemon.wait_state(name, "RUNNING");
        }
        for name in ["apart.out", "merged.out", "same.log"] {
            daemon.wait_file(name, "out2");
        }
        for name in ["apart.out", "apart.err", "merged.out", "off.err", "same.log"] {
            out.text(name, &daemon.read(name));
        }
        out.call(daemon, "supervisor.getAllProcessInfo", json!([]));
    });
}

#[test]
fn automatic_logs_have_names_of_their_own_and_go_at_the_next_start() {
    let config = "[program:a]\ncommand=/bin/sh -c 'echo hello; exec sleep 100'\nstartsecs=0\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        let names = |daemon: &Daemon| {
            let names: Vec<String> =
                daemon.files("").into_iter().map(|(n, _)| n).filter(|n| n.contains("---")).collect();
            names.join("\n")
        };
        let stdout = daemon.info("a")["stdout_logfile"].as_str().unwrap().to_owned();
        daemon.until("the line is there", || {
            std::fs::read_to_string(&stdout).unwrap_or_default().contains("hello").then_some(())
        });
        out.text("names", &names(daemon));
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&stdout).unwrap());
        out.fact("mode", format!("{mode:o}"));
        // Left by another run, by another daemon, and something that only looks alike.
        for name in [
            "x-stdout---supervisor-abcdefgh.log",
            "x-stdout---supervisor-abcdefgh.log.3",
            "x-stdout---other-abcdefgh.log",
        ] {
            daemon.write(name, "old");
        }
        daemon.signal(Signal::HUP);
        daemon.wait_log_times("supervisord started with pid", 2);
        daemon.wait_ready();
        daemon.wait_state("a", "RUNNING");
        out.text("names after a restart", &names(daemon));
    });
}

#[test]
fn colours_can_be_taken_out() {
    let config = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
user=root
strip_ansi=true
[unix_http_server]
file={dir}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:a]
command=/usr/bin/printf 'plain \\033[1;31mred\\033[0m \\033[2Kgone \\033[Hhome \\033]0;title\\007 end\\n'
startsecs=0
autorestart=false
stdout_logfile={dir}/a.log
";
    compare(&config.replace("\\\\", "\\").replace("%", "%%"), |daemon, out| {
        daemon.wait_file("a.log", "end");
        out.text("a.log", &daemon.read("a.log"));
    });
}

#[test]
fn what_is_between_the_tokens_becomes_an_event() {
    let script = "printf \"before<!--XSUPERVISOR:BEGIN-->captured text<!--XSUPERVISOR:END-->after\\\\n\"; sleep 0.3; \
                  printf \"split <!--XSUPER\"; sleep 0.3; printf \"VISOR:BEGIN-->two\"; sleep 0.3; printf \" parts<!--XSUPERVISOR:\
                  END--> and the rest of the line goes on for long\\\\n\"; sleep 0.3; \
                  printf \"<!--XSUPERVISOR:BEGIN-->0123456789012345678901234567890123456789<!--XSUPERVISOR:END-->\"; sleep 0.3; \
                  echo the last line is long enough to be let out; exec sleep 100";
    let mut config = RECORDER_SECTION.to_owned();
    for channel in ["stdout", "stderr"] {
        let redirect = if channel == "stderr" { "exec >&2; " } else { "" };
        config.push_str(&format!(
            "[program:{channel}]\ncommand=/bin/sh -c '{redirect}{script}'\nstartsecs=0\n{channel}_capture_maxbytes=20\n\
             {channel}_logfile={{dir}}/{channel}.log\n"
        ));
    }
    compare(&config, |daemon, out| {
        for channel in ["stdout", "stderr"] {
            daemon.until("three events", || {
                let events = daemon.events();
                let ours = |e: &&minder_tests::events::Recorded| {
                    e.field("processname") == channel && e.name().starts_with("PROCESS_COMMUNICATION")
                };
                (events.iter().filter(ours).count() >= 3).then_some(())
            });
            daemon.wait_file(&format!("{channel}.log"), "the last line is");
            out.text(channel, &daemon.read(&format!("{channel}.log")));
        }
        out.trace(daemon);
    });
}

#[test]
fn output_can_be_published_as_events() {
    let config = format!(
        "{RECORDER_SECTION}[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_events_enabled=true\nstdout_logfile={{dir}}/a.log\n\
         [program:e]\ncommand=/bin/sh -c 'exec cat >&2'\nstartsecs=0\nstderr_events_enabled=true\nstderr_logfile=NONE\n"
    );
    compare(&config, |daemon, out| {
        daemon.wait_transition("a", "RUNNING", 1);
        daemon.wait_transition("e", "RUNNING", 1);
        for (name, text) in [("a", "one\n"), ("a", "größe €\n"), ("e", "no line end"), ("a", "two\nlines\n")]
        {
            daemon.call("supervisor.sendProcessStdin", &json!([name, text])).value();
            daemon.wait_event(text, |event| {
                event.name().starts_with("PROCESS_LOG") && event.payload.ends_with(text)
            });
        }
        out.trace(daemon);
    });
}

#[test]
fn a_log_that_someone_moved_is_found_again_after_usr2_and_rotates_on() {
    let config = "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/a.log\nstdout_logfile_maxbytes=500\n\
                  stdout_logfile_backups=2\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        feed(daemon, "a", 1..4);
        std::fs::rename(daemon.place().path("a.log"), daemon.place().path("a.log.moved")).unwrap();
        feed(daemon, "a", 4..5);
        daemon.signal(Signal::USR2);
        daemon.until("a new log", || daemon.place().path("a.log").exists().then_some(()));
        feed(daemon, "a", 5..12);
        out.text("files", &files(daemon, "a.log"));
    });
}

#[test]
fn a_deleted_log_stays_deleted_until_it_is_cleared() {
    let config = "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/a.log\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        feed(daemon, "a", 1..2);
        // Another name for the same file shows when the lost line has arrived in it.
        std::fs::rename(daemon.place().path("a.log"), daemon.place().path("other-name")).unwrap();
        daemon.call("supervisor.sendProcessStdin", &json!(["a", "lost\n"])).value();
        daemon.wait_file("other-name", "lost");
        out.call(daemon, "supervisor.readProcessStdoutLog", json!(["a", 0, 0]));
        out.call(daemon, "supervisor.tailProcessStdoutLog", json!(["a", 0, 10]));
        out.call(daemon, "supervisor.clearProcessLogs", json!(["a"]));
        feed(daemon, "a", 2..3);
        out.text("files", &files(daemon, "a.log"));
    });
}

#[test]
fn output_before_a_quick_end_is_all_there() {
    let config = "
[program:a]
command=/bin/sh -c 'seq 1 20000; echo end'
startsecs=0
autorestart=false
stdout_logfile={dir}/a.log
stdout_logfile_maxbytes=0
";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "EXITED");
        let text = daemon.read("a.log");
        out.fact("bytes", text.len());
        out.fact("last", text.lines().last().unwrap_or(""));
    });
}

#[test]
fn the_main_log_rotates_too_and_shows_output_at_debug() {
    let config = "
[supervisord]
logfile={dir}/main.log
logfile_maxbytes=2000
logfile_backups=2
loglevel=debug
pidfile={dir}/main.pid
childlogdir={dir}
user=root
[unix_http_server]
file={dir}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:a]
command=/bin/sh -c 'echo to be seen; exec cat'
startsecs=0
stdout_logfile={dir}/a.log
";
    compare(config, |daemon, out| {
        let everything = |daemon: &Daemon| {
            daemon.files("main.log").iter().map(|(name, _)| daemon.read(name)).collect::<Vec<_>>().join("")
        };
        daemon.until("the output is mirrored", || everything(daemon).contains("to be seen").then_some(()));
        out.fact("mirrored", everything(daemon).contains("'a' stdout output:\nto be seen\n"));
        daemon.wait_state("a", "RUNNING");
        for _ in 0..20 {
            daemon.call("supervisor.stopProcess", &json!(["a"])).value();
            daemon.call("supervisor.startProcess", &json!(["a"])).value();
            daemon.wait_state("a", "RUNNING");
        }
        let names: Vec<String> = daemon.files("main.log").into_iter().map(|(name, _)| name).collect();
        out.fact("files", format!("{names:?}"));
        let whole = daemon.files("main.log").iter().skip(1).all(|(_, size)| (2000..2400).contains(size));
        out.fact("each is a little above its limit", whole);
    });
}

#[test]
fn a_program_may_write_to_the_daemons_own_output_even_if_that_is_a_pipe() {
    let config = minder_tests::daemon::USUAL
        .replace("user=root\n", "user=root\nsilent=true\nlogfile_maxbytes=0\n")
        .replace("{dir}/main.log", "/dev/null")
        + "[program:a]\ncommand=/bin/sh -c 'echo to all; echo err >&2; exec sleep 100'\nstartsecs=0\n\
           stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nstderr_logfile=/dev/fd/1\nstderr_logfile_maxbytes=0\n";
    compare_launched(
        &config,
        |daemon| {
            let program = daemon.kind().program("supervisord", daemon.place()).display().to_string();
            let dir = daemon.place().dir().display().to_string();
            let mut command = daemon.clean(std::process::Command::new("/bin/sh"));
            command.arg("-c").arg(format!("{program} -n -c {dir}/supervisord.conf | cat > {dir}/piped"));
            daemon.launch_command(command, &[]);
            daemon.wait_ready();
        },
        |daemon, out| {
            daemon.wait_state("a", "RUNNING");
            daemon.wait_file("piped", "to all");
            daemon.wait_file("piped", "err");
            let text = daemon.read("piped");
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            out.text("piped", &lines.join("\n"));
            out.call(daemon, "supervisor.readProcessStdoutLog", json!(["a", 0, 10]));
            out.call(daemon, "supervisor.shutdown", json!([]));
            out.fact("end", daemon.wait_end().status);
        },
    );
}

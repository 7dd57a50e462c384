//! Events and those who listen.

use minder_tests::events::{RECORDER_SECTION, Recorded};
use minder_tests::{Daemon, Transcript, compare, json};

/// Writes the events that `keep` lets through, in the order they came.
fn write(out: &mut Transcript, daemon: &Daemon, keep: impl Fn(&Recorded) -> bool) {
    let lines: Vec<String> = daemon
        .events()
        .iter()
        .filter(|event| keep(event))
        .map(|event| format!("{} {:?} to {}", event.name(), event.payload, event.token("pool")))
        .collect();
    out.text("events", &lines.join("\n"));
}

#[test]
fn headers_tell_version_server_serials_and_length_in_characters() {
    compare(RECORDER_SECTION, |daemon, out| {
        for data in ["plain", "", "größe €𝄞", "two\nlines\n", "key:value other:thing"] {
            daemon.call("supervisor.sendRemoteCommEvent", &json!(["my type", data])).value();
            daemon.wait_event(data, |event| event.payload == format!("type:my type\n{data}"));
        }
        let events = daemon.events();
        let serials: Vec<u64> = events.iter().map(|event| event.token("serial").parse().unwrap()).collect();
        let pool: Vec<u64> = events.iter().map(|event| event.token("poolserial").parse().unwrap()).collect();
        out.fact("serials count up from 0", serials.iter().enumerate().all(|(i, s)| *s == i as u64));
        out.fact("pool serials count up from 0", pool.iter().enumerate().all(|(i, s)| *s == i as u64));
        for event in events.iter().filter(|event| event.name() == "REMOTE_COMMUNICATION") {
            let header: Vec<String> = event
                .header
                .iter()
                .filter(|(key, _)| !key.ends_with("serial"))
                .map(|(key, value)| format!("{key}:{value}"))
                .collect();
            out.fact("header", header.join(" "));
            out.fact("payload", format!("{:?}", event.payload));
            out.fact(
                "length is in characters",
                event.token("len") == event.payload.chars().count().to_string(),
            );
        }
    });
}

#[test]
fn the_header_on_the_wire_is_one_line_in_the_usual_order() {
    let script = "printf \"READY\\\\n\"; read -r line; echo \"$line\" > {dir}/header; head -c 4 > {dir}/body; exec sleep 100";
    let config = format!(
        "[eventlistener:l]\ncommand=/bin/sh -c '{script}'\nevents=REMOTE_COMMUNICATION\nstopwaitsecs=2\n"
    );
    compare(&config, |daemon, out| {
        daemon.wait_state("l", "RUNNING");
        daemon.call("supervisor.sendRemoteCommEvent", &json!(["a", "b"])).value();
        daemon.wait_file("body", "type");
        out.text("header", &daemon.read("header"));
        out.text("body", &daemon.read("body"));
    });
}

#[test]
fn the_events_of_a_daemons_start() {
    let config = format!("{RECORDER_SECTION}[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    compare(&config, |daemon, out| {
        daemon.wait_transition("a", "RUNNING", 1);
        write(out, daemon, |event| {
            event.name().starts_with("PROCESS_GROUP") || event.name().starts_with("SUPERVISOR")
        });
        write(out, daemon, |event| event.program() == "a:a");
        write(out, daemon, |event| event.program() == "recorder:recorder");
    });
}

#[test]
fn groups_that_come_and_go_are_announced() {
    let config = format!("{RECORDER_SECTION}[program:a]\ncommand=/bin/sleep 100\nautostart=false\n");
    compare(&config, |daemon, out| {
        out.call(daemon, "supervisor.removeProcessGroup", json!(["a"]));
        out.call(daemon, "supervisor.addProcessGroup", json!(["a"]));
        daemon.wait_event("a removed", |event| event.name() == "PROCESS_GROUP_REMOVED");
        daemon.until("a added again", || {
            let events = daemon.events();
            let added = |e: &&Recorded| e.name() == "PROCESS_GROUP_ADDED" && e.field("groupname") == "a";
            (events.iter().filter(added).count() == 2).then_some(())
        });
        write(out, daemon, |event| event.name().starts_with("PROCESS_GROUP"));
    });
}

#[test]
fn every_five_seconds_there_is_a_tick() {
    compare(&RECORDER_SECTION.replace("EVENT", "TICK"), |daemon, out| {
        let tick = daemon.wait_event("a tick", |event| event.name() == "TICK_5");
        let when: u64 = tick.field("when").parse().unwrap();
        out.fact("a multiple of five", when % 5);
        out.fact("payload", tick.payload.clone());
        daemon.until("the next one", || {
            daemon.events().iter().any(|e| e.field("when") == (when + 5).to_string()).then_some(())
        });
    });
}

#[test]
fn an_abstract_type_brings_all_below_it_and_case_does_not_matter() {
    let mut config = String::new();
    for (name, events) in [
        ("states", "PROCESS_STATE"),
        ("lower", "process_state_running,Process_State_Stopped"),
        ("comm", "REMOTE_COMMUNICATION"),
        ("groups", "PROCESS_GROUP"),
    ] {
        config.push_str(&format!(
            "[eventlistener:{name}]\ncommand={{recorder}}.{name}\nevents={events}\nbuffer_size=100\nstopwaitsecs=2\n"
        ));
    }
    config.push_str("[program:a]\ncommand=/bin/sleep 100\nautostart=false\nstartsecs=0\n");
    compare(&config, |daemon, out| {
        for name in ["states", "lower", "comm", "groups"] {
            daemon.wait_state(name, "RUNNING");
        }
        daemon.call("supervisor.startProcess", &json!(["a"])).value();
        daemon.wait_state("a", "RUNNING");
        daemon.call("supervisor.stopProcess", &json!(["a"])).value();
        daemon.call("supervisor.sendRemoteCommEvent", &json!(["t", "d"])).value();
        for (name, last) in [
            ("states", "STATE_STOPPED"),
            ("lower", "STATE_STOPPED"),
            ("comm", "type:t"),
            ("groups", "groupname:a"),
        ] {
            daemon.wait_file(&format!("events.{name}"), last);
            let events = minder_tests::events::read(&daemon.place().path(&format!("events.{name}")));
            let lines: Vec<String> = events
                .iter()
                .filter(|event| event.program().is_empty() || event.program() == "a:a")
                .map(|event| format!("{} {:?}", event.name(), event.payload))
                .collect();
            out.text(name, &lines.join("\n"));
        }
    });
}

#[test]
fn a_full_buffer_loses_the_oldest() {
    // The listener is ready only after a word from us.
    let script = "while [ ! -e {dir}/go ]; do sleep 0.1; done; exec {recorder}";
    let config = format!(
        "[eventlistener:l]\ncommand=/bin/sh -c '{script}'\nevents=REMOTE_COMMUNICATION\nbuffer_size=3\nstopasgroup=true\n"
    );
    compare(&config, |daemon, out| {
        daemon.wait_state("l", "RUNNING");
        for number in 0..7 {
            daemon.call("supervisor.sendRemoteCommEvent", &json!(["n", number.to_string()])).value();
        }
        daemon.write("go", "");
        daemon.wait_event("the last", |event| event.payload.ends_with("\n6"));
        write(out, daemon, |_| true);
        let log = daemon.log();
        let lines: Vec<&str> =
            log.lines().filter(|line| line.contains("overflow")).map(|line| &line[24..]).collect();
        out.text("log", &lines.join("\n"));
    });
}

#[test]
fn listeners_of_a_pool_share_the_work() {
    let config = "
[eventlistener:pool]
command={recorder}.%(process_num)d
process_name=%(program_name)s_%(process_num)d
numprocs=3
events=REMOTE_COMMUNICATION
buffer_size=100
stopwaitsecs=3
";
    compare(config, |daemon, out| {
        for number in 0..3 {
            daemon.wait_state(&format!("pool:pool_{number}"), "RUNNING");
        }
        for number in 0..30 {
            daemon.call("supervisor.sendRemoteCommEvent", &json!(["n", number.to_string()])).value();
        }
        let all = || {
            let read =
                |number: u32| minder_tests::events::read(&daemon.place().path(&format!("events.{number}")));
            (0..3).flat_map(read).collect::<Vec<Recorded>>()
        };
        daemon.until("all thirty are there", || (all().len() >= 30).then_some(()));
        let mut numbers: Vec<u32> =
            all().iter().map(|e| e.payload.lines().last().unwrap().parse().unwrap()).collect();
        numbers.sort_unstable();
        out.fact("each event once", format!("{numbers:?}"));
        let mut serials: Vec<u32> = all().iter().map(|e| e.token("poolserial").parse().unwrap()).collect();
        serials.sort_unstable();
        out.fact("pool serials", format!("{serials:?}"));
    });
}

/// A listener in shell: `$1` says what it answers to its first event; afterwards it behaves.
fn listener(answer: &str) -> String {
    format!(
        "#!/bin/sh\nwhile :; do\n  printf 'READY\\n'\n  read -r line || exit 0\n  len=${{line##*len:}}\n  body=$(head -c $len)\n  \
         echo \"$body\" | tail -n 1 >> {{dir}}/got\n  n=$(wc -l < {{dir}}/got)\n  if [ $n = 1 ]; then {answer}; else printf 'RESULT 2\\nOK'; fi\ndone\n"
    )
}

/// Runs a misbehaving listener through three events and compares its log and what it got.
fn misbehave(answer: &str, last: &str) {
    let config = "
[eventlistener:l]
command=/bin/sh {dir}/listener.sh
events=REMOTE_COMMUNICATION
startsecs=0
stopwaitsecs=2
autostart=false
stdout_logfile={dir}/l.out
stdout_logfile_maxbytes=0
";
    compare(config, |daemon, out| {
        daemon.write("listener.sh", &listener(answer));
        daemon.call("supervisor.startProcess", &json!(["l"])).value();
        daemon.wait_file("l.out", "READY");
        for number in 1..4 {
            daemon.call("supervisor.sendRemoteCommEvent", &json!(["n", format!("e{number}")])).value();
            if number == 1 {
                daemon.wait_file("got", "e1");
            }
        }
        if last.starts_with('e') {
            daemon.wait_file("got", last);
        } else {
            daemon.wait_log(last);
        }
        out.text("got", &daemon.read("got"));
        let log = daemon.log();
        let lines: Vec<&str> = log
            .lines()
            .skip(4)
            .filter(|line| !line.contains("waiting for"))
            .map(|line| &line[24..])
            .collect();
        out.text("log", &lines.join("\n"));
        out.fact("state", daemon.state("l"));
    });
}

#[test]
fn a_rejected_event_comes_again_before_the_next() {
    misbehave("printf 'RESULT 4\\nFAIL'", "e3");
}

#[test]
fn another_word_than_ok_is_a_rejection_too() {
    misbehave("printf 'RESULT 3\\nYES'", "e3");
}

#[test]
fn a_result_of_no_length_is_a_breach() {
    misbehave("printf 'RESULT x\\nOK'", "has entered the UNKNOWN state");
}

#[test]
fn chatter_instead_of_a_result_is_a_breach() {
    misbehave("printf 'hello world\\n'", "has entered the UNKNOWN state");
}

#[test]
fn a_result_may_come_in_pieces() {
    misbehave(
        "printf 'RES'; sleep 0.2; printf 'ULT 2'; sleep 0.2; printf '\\nO'; sleep 0.2; printf 'K'",
        "e3",
    );
}

#[test]
fn an_event_whose_listener_died_goes_to_its_successor() {
    misbehave("sleep 0.2; kill -9 $$", "e3");
}

#[test]
fn a_listener_that_talks_before_it_is_asked_is_in_the_unknown_state() {
    let config = "[eventlistener:l]\ncommand=/bin/sh -c 'echo hello there; exec sleep 100'\nevents=EVENT\nstartsecs=0\n";
    compare(config, |daemon, out| {
        daemon.wait_log("has entered the UNKNOWN state");
        daemon.wait_state("l", "RUNNING");
        let log = daemon.log();
        let line = log.lines().find(|line| line.contains("UNKNOWN state")).unwrap();
        out.fact("log", &line[24..]);
    });
}

#[test]
fn what_a_listener_says_on_stderr_is_its_log() {
    let config = "[eventlistener:l]\ncommand=/bin/sh -c 'echo note >&2; printf \"READY\\\\n\"; exec sleep 100'\nevents=TICK_60\n\
                  startsecs=0\nstdout_logfile={dir}/l.out\nstderr_logfile={dir}/l.err\n";
    compare(config, |daemon, out| {
        daemon.wait_file("l.err", "note");
        daemon.wait_file("l.out", "READY");
        daemon.wait_state("l", "RUNNING");
        out.text("stdout", &daemon.read("l.out"));
        out.text("stderr", &daemon.read("l.err"));
    });
}

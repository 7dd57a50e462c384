//! Reading the file again, and what is done about it.

use minder_tests::{Daemon, Transcript, compare, json};

/// One program that sleeps, with further keys.
fn program(name: &str, keys: &str) -> String {
    format!("[program:{name}]\ncommand=/bin/sleep 100\nautostart=false\nstartsecs=0\n{keys}\n")
}

/// Reads each of the texts in turn, and writes what was found to differ.
fn rereads(daemon: &Daemon, out: &mut Transcript, texts: &[(&str, String)]) {
    for (what, text) in texts {
        daemon.configure(text);
        let reply = daemon.call("supervisor.reloadConfig", &json!([]));
        out.reply(what, &reply);
    }
}

#[test]
fn each_key_of_a_program_counts_as_a_change() {
    compare(&program("a", ""), |daemon, out| {
        let keys = [
            "command=/bin/sleep 200",
            "process_name=b",
            "numprocs=2\nprocess_name=%(process_num)d",
            "numprocs_start=5",
            "priority=5",
            "autostart=true",
            "autorestart=true",
            "startsecs=7",
            "startretries=7",
            "exitcodes=0,7",
            "stopsignal=HUP",
            "stopwaitsecs=7",
            "stopasgroup=true",
            "killasgroup=true",
            "user=nobody",
            "umask=027",
            "directory=/usr",
            "redirect_stderr=true",
            "stdout_logfile=NONE",
            "stdout_logfile={dir}/x",
            "stdout_logfile_maxbytes=7",
            "stdout_logfile_backups=7",
            "stdout_capture_maxbytes=7",
            "stdout_events_enabled=true",
            "stdout_syslog=true",
            "stderr_logfile=NONE",
            "stderr_logfile_maxbytes=7",
            "stderr_logfile_backups=7",
            "stderr_capture_maxbytes=7",
            "stderr_events_enabled=true",
            "stderr_syslog=true",
            "environment=A=1",
            "serverurl=http://x/",
            "nonsense=1",
            "",
        ];
        let texts: Vec<(&str, String)> = keys.iter().map(|key| (*key, program("a", key))).collect();
        rereads(daemon, out, &texts);
    });
}

#[test]
fn groups_that_come_go_and_change() {
    let group = |programs: &str, keys: &str| {
        format!(
            "{}{}{}[group:g]\nprograms={programs}\n{keys}",
            program("a", ""),
            program("b", ""),
            program("c", "")
        )
    };
    compare(&group("a,b", ""), |daemon, out| {
        rereads(
            daemon,
            out,
            &[
                ("same", group("a,b", "")),
                ("order", group("b,a", "")),
                ("less", group("a", "")),
                ("more", group("a,b,c", "")),
                ("priority", group("a,b", "priority=5")),
                ("none", String::new()),
                ("only a program", program("g", "")),
                (
                    "listener",
                    group("a,b", "[eventlistener:l]\ncommand=/bin/cat\nevents=TICK\nautostart=false\n"),
                ),
                ("several", program("z", "") + &program("y", "priority=1") + &program("c", "startsecs=3")),
                ("back", group("a,b", "")),
            ],
        );
    });
}

#[test]
fn listeners_and_fcgi_programs_compare_their_own_keys() {
    let listener = |keys: &str| {
        format!(
            "[eventlistener:l]\ncommand=/bin/cat\nautostart=false\nevents=TICK_5\n{keys}\n[fcgi-program:f]\ncommand=/bin/cat\nautostart=false\nsocket=unix://{{dir}}/f.sock\n"
        )
    };
    compare(&listener(""), |daemon, out| {
        rereads(
            daemon,
            out,
            &[
                ("same", listener("")),
                ("events", listener("events=TICK_60")),
                ("buffer", listener("buffer_size=20")),
                ("priority", listener("priority=20")),
                ("fcgi mode", listener("") + "socket_mode=0777\n"),
                ("fcgi socket", listener("").replace("f.sock", "g.sock")),
                ("fcgi backlog", listener("") + "socket_backlog=7\n"),
                ("fcgi command", listener("") + "command=/bin/true\n"),
            ],
        );
    });
}

#[test]
fn a_file_that_cannot_be_read_changes_nothing() {
    compare(&program("a", ""), |daemon, out| {
        rereads(
            daemon,
            out,
            &[
                ("no command", "[program:a]\n".into()),
                ("bad number", program("a", "startsecs=x")),
                ("bad expansion", program("a", "directory=%(nope)s")),
                ("bad line", "[program:a]\nnonsense\n".into()),
                ("bad user", program("a", "user=nobodyatall")),
                ("bad group", "[group:g]\nprograms=zz\n".into()),
                ("bad event", "[eventlistener:l]\ncommand=/bin/cat\nevents=NOPE\n".into()),
                ("no main section", "[supervisord\n".into()),
                ("good again", program("a", "")),
            ],
        );
        std::fs::remove_file(daemon.place().path("supervisord.conf")).unwrap();
        out.call(daemon, "supervisor.reloadConfig", json!([]));
        out.call(daemon, "supervisor.getAllProcessInfo", json!([]));
    });
}

#[test]
fn adding_and_removing_groups_by_call() {
    compare(&(program("a", "") + &program("b", "autostart=true")), |daemon, out| {
        daemon.wait_state("b", "RUNNING");
        for (method, name) in [
            ("supervisor.addProcessGroup", "a"),
            ("supervisor.addProcessGroup", "new"),
            ("supervisor.removeProcessGroup", "b"),
            ("supervisor.removeProcessGroup", "nope"),
            ("supervisor.removeProcessGroup", "a"),
            ("supervisor.getProcessInfo", "a"),
            ("supervisor.removeProcessGroup", "a"),
            ("supervisor.addProcessGroup", "a"),
            ("supervisor.getProcessInfo", "a"),
        ] {
            out.call(daemon, method, json!([name]));
        }
        daemon.configure(&(program("new", "autostart=true") + &program("b", "")));
        out.call(daemon, "supervisor.addProcessGroup", json!(["new"]));
        out.call(daemon, "supervisor.reloadConfig", json!([]));
        out.call(daemon, "supervisor.getAllConfigInfo", json!([]));
        out.call(daemon, "supervisor.addProcessGroup", json!(["new"]));
        daemon.wait_state("new", "RUNNING");
        out.call(daemon, "supervisor.stopProcess", json!(["b"]));
        out.call(daemon, "supervisor.removeProcessGroup", json!(["b"]));
        out.call(daemon, "supervisor.addProcessGroup", json!(["b"]));
        out.call(daemon, "supervisor.getAllProcessInfo", json!([]));
        out.call(daemon, "supervisor.getAllConfigInfo", json!([]));
        out.call(daemon, "supervisor.reloadConfig", json!([]));
        let log = daemon.log();
        let lines: Vec<&str> =
            log.lines().skip(4).filter(|l| !l.contains("waiting for")).map(|line| &line[24..]).collect();
        out.text("log", &lines.join("\n"));
    });
}

#[test]
fn included_files_are_read_again_too() {
    let config = format!("{}[include]\nfiles=conf.d/*.conf\n", program("a", ""));
    compare(&config, |daemon, out| {
        daemon.write("conf.d/b.conf", &program("b", ""));
        out.call(daemon, "supervisor.reloadConfig", json!([]));
        daemon.write("conf.d/c.conf", &program("c", "directory=%(here)s"));
        out.call(daemon, "supervisor.reloadConfig", json!([]));
        out.call(daemon, "supervisor.addProcessGroup", json!(["c"]));
        out.call(daemon, "supervisor.getAllConfigInfo", json!([]));
        daemon.write("conf.d/c.conf", "[program:c]\n");
        out.call(daemon, "supervisor.reloadConfig", json!([]));
    });
}

#[test]
fn removing_a_group_while_its_program_runs_is_refused_and_the_update_of_supervisorctl_does_it_in_order() {
    compare(
        &(program("a", "autostart=true") + &program("b", "autostart=true") + &program("keep", "")),
        |daemon, out| {
            for name in ["a", "b"] {
                daemon.wait_state(name, "RUNNING");
            }
            daemon.configure(
                &(program("a", "autostart=true\nstopwaitsecs=5")
                    + &program("new", "autostart=true")
                    + &program("keep", "")),
            );
            for arguments in [
                &["update", "nope"][..],
                &["update", "b"],
                &["reread"],
                &["update"],
                &["update"],
                &["reread"],
            ] {
                out.ctl(daemon, arguments);
            }
            for name in ["a", "new"] {
                daemon.wait_state(name, "RUNNING");
            }
            out.ctl(daemon, &["avail"]);
            out.call(daemon, "supervisor.getAllProcessInfo", json!([]));
            let log = daemon.log();
            let lines: Vec<&str> = log
                .lines()
                .skip_while(|line| !line.contains("stopped: "))
                .filter(|line| !line.contains("waiting for"))
                .map(|line| &line[24..])
                .collect();
            out.text("log", &lines.join("\n"));
        },
    );
}

//! supervisorctl: both against both. Each action's output and exit status, to the letter.

use minder_tests::{Daemon, Finished, Kind, Side, Transcript, compare_mixed, json};

const STATION: &str = "
[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/cat.out
stderr_logfile={dir}/cat.err
[program:manual]
command=/bin/sleep 100
startsecs=0
autostart=false
stdout_logfile=NONE
[program:nofile]
command=/no/such/file
autostart=false
[program:notexec]
command=/etc/passwd
startretries=0
[program:quick]
command=/bin/sh -c 'exit 3'
autostart=false
startsecs=3
startretries=0
[program:once]
command=/bin/sh -c 'sleep 0.2; echo done'
startsecs=0
stdout_logfile={dir}/once.out
[program:g1]
command=/bin/sleep 100
startsecs=0
[program:g2]
command=/bin/sleep 100
startsecs=0
autostart=false
[group:grp]
programs=g1,g2
priority=20
[program:a_program_with_a_name_longer_than_thirty_letters]
command=/bin/sleep 100
startsecs=0
autostart=false
";

/// Runs supervisorctl with each line's words, on a station at rest.
fn check(lines: &[&str]) {
    compare_mixed(STATION, |daemon, out| {
        for name in ["cat", "grp:g1"] {
            daemon.wait_state(name, "RUNNING");
        }
        daemon.wait_state("notexec", "FATAL");
        daemon.wait_state("once", "EXITED");
        daemon.wait_file("once.out", "done");
        lines.iter().for_each(|line| ask(daemon, out, line));
    });
}

/// One line. Results of several programs come in the order of their completion, so those are sorted.
fn ask(daemon: &Daemon, out: &mut Transcript, line: &str) {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let mut done = daemon.ctl(&words);
    if line.contains('*') || line.contains("all") {
        let mut lines: Vec<&str> = done.stdout.lines().collect();
        lines.sort_unstable();
        done.stdout = lines.join("\n") + "\n";
    }
    done.stdout = without_prose(&done.stdout);
    out.finished(line, &done);
    // What was started is to be itself before the next line signals it.
    daemon.wait_execs();
}

/// After an `Error:` line comes the help of the action: its first column is everybody's, its prose each one's own.
fn without_prose(text: &str) -> String {
    let mut lines =
        text.lines().skip_while(|line| !line.starts_with("Error") && !line.starts_with("ERROR: no process"));
    let (Some(_), true) = (lines.next(), lines.clone().any(|line| line.contains('\t'))) else {
        return text.to_owned();
    };
    let keep = |line: &str| match line.split_once('\t') {
        Some((syntax, _)) => Some(format!("{}\n", syntax.trim_end())),
        None if line.starts_with("Error") || line.starts_with("ERROR") => Some(format!("{line}\n")),
        None => None,
    };
    text.lines().filter_map(keep).collect()
}

#[test]
fn status_in_all_its_forms() {
    check(&[
        "status",
        "status all",
        "status cat",
        "status cat manual",
        "status nope",
        "status grp:*",
        "status grp:",
        "status grp",
        "status nope:*",
        "status grp:g1 nope cat",
        "status grp:nope",
        "avail",
        "avail x",
        "pid x y",
        "version",
        "version x",
    ]);
}

#[test]
fn start_stop_and_restart() {
    check(&[
        "start",
        "start cat",
        "start manual",
        "start manual cat",
        "start nope",
        "start nofile",
        "start notexec",
        "start quick",
        "start grp",
        "start grp:*",
        "start nope:*",
        "start grp:nope",
        "stop",
        "stop manual",
        "stop manual",
        "stop nope",
        "stop nope:*",
        "stop grp:*",
        "stop grp:*",
        "restart",
        "restart manual",
        "restart manual cat",
        "restart nope",
        "restart grp:*",
        "restart nofile",
        "stop all",
        "start cat manual grp:g1",
        "stop cat manual nope grp:g1",
        "status",
    ]);
}

#[test]
fn signal_clear_and_pid() {
    check(&[
        "signal",
        "signal CONT",
        "signal CONT cat",
        "signal SIGCONT cat grp:g1",
        "signal 18 cat",
        "signal NOPE cat",
        "signal CONT nope",
        "signal CONT manual",
        "signal CONT grp:*",
        "signal CONT nope:*",
        "signal CONT all",
        "clear",
        "clear cat",
        "clear cat once",
        "clear nope",
        "clear manual",
        "clear grp:*",
        "clear all",
        "pid manual",
        "pid nope",
        "pid cat nope",
        "pid all",
    ]);
}

#[test]
fn tails() {
    compare_mixed(STATION, |daemon, out| {
        daemon.wait_state("cat", "RUNNING");
        let long: String = (0..400).map(|number| format!("line {number:04}\n")).collect();
        std::fs::write(daemon.place().path("cat.out"), &long).unwrap();
        std::fs::write(daemon.place().path("cat.err"), "trouble without end").unwrap();
        for line in [
            "tail",
            "tail cat",
            "tail -100 cat",
            "tail cat stderr",
            "tail cat stdout",
            "tail -5 cat stderr",
            "tail cat foo",
            "tail -x cat",
            "tail nope",
            "tail manual",
            "tail -f",
            "tail -f nope",
            "tail -f manual",
            "tail grp:*",
            "tail a b c d",
            "maintail x",
            "maintail -f x",
            "maintail 1 2 3",
        ] {
            ask(daemon, out, line);
        }
        let done = daemon.ctl(&["maintail", "-30"]);
        out.fact("maintail -30", format!("{} {}", done.status, done.stdout.len()));
    });
}

#[test]
fn groups_and_files() {
    compare_mixed(STATION, |daemon, out| {
        daemon.wait_state("cat", "RUNNING");
        let program = |name: &str, keys: &str| {
            format!("[program:{name}]\ncommand=/bin/sleep 100\nstartsecs=0\n{keys}\n")
        };
        for line in [
            "reread",
            "update",
            "add",
            "add cat",
            "add nope",
            "remove",
            "remove cat",
            "remove nope",
            "remove quick nofile",
        ] {
            ask(daemon, out, line);
        }
        ask(daemon, out, "add quick nofile");
        let text = format!("{STATION}{}{}", program("new1", ""), program("new2", "autostart=false"));
        daemon.configure(
            &text
                .replace("[program:manual]", "[program:renamed]")
                .replace("command=/bin/cat", "command=/usr/bin/tail -f /dev/null"),
        );
        for line in ["reread", "reread", "update nope", "update new1", "update", "update", "reread", "avail"]
        {
            ask(daemon, out, line);
        }
        daemon.configure("[program:x]\n");
        for line in ["reread", "update", "add x"] {
            ask(daemon, out, line);
        }
    });
}

#[test]
fn what_it_does_not_know() {
    check(&[
        "foo",
        "foo bar",
        "help foo",
        "help",
        "open",
        "open ftp://x",
        "open http://localhost:1/",
        "fg",
        "fg a b",
        "fg nope",
        "fg manual",
        "quit",
        "exit",
        "shutdown x",
        "reload x",
    ]);
}

#[test]
fn a_session_typed_into_it() {
    compare_mixed(STATION, |daemon, out| {
        daemon.wait_state("cat", "RUNNING");
        daemon.wait_state("notexec", "FATAL");
        daemon.wait_state("once", "EXITED");
        for typed in [
            "status cat\nstart cat\nfoo\n\nversion\nquit\n",
            "stop cat\nstart cat",
            "shutdown\nn\nreload\nno\nexit\n",
            "help foo\npid nope\n",
        ] {
            out.finished(typed, &daemon.ctl_typing(typed, &[]));
        }
        out.finished("-i", &daemon.ctl_typing("version\n", &["-i"]));
    });
}

#[test]
fn reload_and_shutdown() {
    compare_mixed("[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n", |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        ask(daemon, out, "reload");
        daemon.wait_log_times("supervisord started with pid", 2);
        daemon.wait_ready();
        daemon.wait_state("a", "RUNNING");
        ask(daemon, out, "shutdown");
        out.fact("end", daemon.wait_end().status);
        for line in [
            "status", "start a", "stop a", "reread", "update", "avail", "pid", "version", "shutdown",
            "reload", "tail a", "maintail",
        ] {
            ask(daemon, out, line);
        }
    });
}

#[test]
fn other_servers_users_and_options() {
    let config = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
user=root
[unix_http_server]
file={dir}/supervisor.sock
[inet_http_server]
port=127.0.0.1:{port}
username=ann
password=secret
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=http://127.0.0.1:{port}
username=ann
password=secret
prompt=mine
[program:a]
command=/bin/sleep 100
startsecs=0
";
    compare_mixed(config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        let url = format!("http://127.0.0.1:{}", daemon.port());
        let unix = format!("unix://{}/supervisor.sock", daemon.place().dir().display());
        let nobody = format!("unix://{}/nobody.sock", daemon.place().dir().display());
        for arguments in [
            vec!["status"],
            vec!["-u", "ann", "-p", "wrong", "status"],
            vec!["-s", &url, "-u", "ann", "-p", "secret", "version"],
            vec!["-s", &unix, "status"],
            vec!["-s", &nobody, "status"],
            vec!["-s", &nobody, "start", "a"],
            vec!["-s", &nobody, "avail"],
            vec!["-s", "http://127.0.0.1:1", "status"],
            vec!["-s", "http://127.0.0.1:1", "version"],
            vec!["-s", "nonsense", "status"],
            vec!["--serverurl", &unix, "version"],
            vec!["--serverurl=", "version"],
            vec!["--bogus"],
            vec!["-u"],
        ] {
            let done = daemon.ctl(&arguments);
            out.finished(&arguments.join(" "), &usage(daemon, done));
        }
        out.finished("typed", &daemon.ctl_typing("version\n", &[]));
    });
}

/// A usage error names the program by its path, which is a side's own.
fn usage(daemon: &Daemon, done: Finished) -> Finished {
    let mut stderr = done.stderr;
    for kind in [Kind::Original, Kind::Minder] {
        if kind == Kind::Original || stderr.contains("links") {
            stderr = stderr.replace(
                &kind.program("supervisorctl", daemon.place()).display().to_string(),
                "supervisorctl",
            );
        }
    }
    Finished { stderr, ..done }
}

#[test]
fn following_a_log_until_someone_stops_it() {
    compare_mixed(STATION, |daemon, out| {
        daemon.wait_state("cat", "RUNNING");
        std::fs::write(daemon.place().path("cat.out"), "before\n").unwrap();
        for words in [&["tail", "-f", "cat"][..], &["fg", "cat"]] {
            let file = format!("{}.txt", words[0]);
            let mut command = daemon.ctl_command();
            command.args(words).stdin(std::process::Stdio::piped());
            command.stdout(std::fs::File::create(daemon.place().path(&file)).unwrap());
            let mut child = command.spawn().unwrap();
            daemon.wait_file(&file, "before");
            if words[0] == "fg" {
                std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"typed\n").unwrap();
                daemon.wait_file(&file, "typed");
            } else {
                daemon.call("supervisor.sendProcessStdin", &json!(["cat", "after\n"])).value();
                daemon.wait_file(&file, "after");
            }
            minder_tests::signal_pid(child.id(), rustix::process::Signal::INT);
            let status = daemon.until("it ends", || {
                // The original's `fg` sees that it was interrupted only when something more comes.
                if words[0] == "fg" {
                    daemon.call("supervisor.sendProcessStdin", &json!(["cat", "wake\n"])).value();
                }
                child.try_wait().unwrap()
            });
            out.fact(words[0], format!("{:?}", status.code()));
            out.text("printed", &daemon.read(&file).replace("wake\n", ""));
        }
    });
}

/// The pairs are what they say.
#[test]
fn a_side_is_a_pair() {
    let side = Side { daemon: Kind::Original, ctl: Kind::Minder };
    assert_ne!(side.daemon, side.ctl);
}

//! What a program finds around itself: environment, files, directory, group, limits; and sockets handed to it.

use minder_tests::{compare, json};

/// Runs `script` as a program with `keys`, and compares what it wrote to `seen`.
fn look(script: &str, keys: &str) {
    let config = format!(
        "[program:a]\ncommand=/bin/sh {{dir}}/look.sh\nautostart=false\nstartsecs=0\nstopasgroup=true\n\
         stdout_logfile={{dir}}/a.out\nstderr_logfile={{dir}}/a.err\n{keys}\n"
    );
    compare(&config, |daemon, out| {
        daemon.write("look.sh", &format!("cat > {{dir}}/inner.sh <<'END'\n{script}\nEND\nsh {{dir}}/inner.sh > {{dir}}/seen 2>&1\ntouch {{dir}}/done\nexec sleep 100\n"));
        daemon.call("supervisor.startProcess", &json!(["a"])).value();
        daemon.until("it has looked around", || daemon.place().path("done").exists().then_some(()));
        daemon.wait_state("a", "RUNNING");
        let mut seen: Vec<String> = daemon
            .read("seen")
            .lines()
            // The mark differs from run to run, and `_` is the shell's own.
            .filter(|line| !line.starts_with("MINDER_PROOF_MARK") && !line.starts_with("_="))
            .map(str::to_owned)
            .collect();
        if script.starts_with("env") {
            seen.sort();
        }
        out.text("seen", &seen.join("\n"));
    });
}

#[test]
fn the_environment_is_the_daemons_plus_the_files() {
    look(
        "env",
        "environment=A=1,B=\"two words\",PATH=\"/usr/bin:/bin\",C=\"%(program_name)s-%(group_name)s-%(ENV_HOME)s\"",
    );
}

#[test]
fn a_server_url_of_ones_own() {
    look("env | grep SUPERVISOR", "serverurl=http://elsewhere:1/");
}

#[test]
fn members_of_a_pool_know_their_names() {
    let config = "
[program:p]
command=/bin/sh -c 'env | grep SUPERVISOR_ > {dir}/env.%(process_num)d; exec sleep 100'
process_name=%(program_name)s_%(process_num)02d
numprocs=2
numprocs_start=5
startsecs=0
environment=NUMBER=\"%(process_num)d of %(numprocs)d\"
[group:team]
programs=p
";
    compare(config, |daemon, out| {
        for number in [5, 6] {
            daemon.wait_file(&format!("env.{number}"), "SERVER_URL");
            daemon.wait_state(&format!("team:p_0{number}"), "RUNNING");
            let env = daemon.read(&format!("env.{number}"));
            let mut lines: Vec<&str> = env.lines().collect();
            lines.sort_unstable();
            out.text("env", &lines.join("\n"));
        }
        out.call(daemon, "supervisor.getAllProcessInfo", json!([]));
    });
}

#[test]
fn input_and_output_are_pipes_and_nothing_else_is_open() {
    let config = "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n[program:m]\ncommand=/bin/sleep 100\nstartsecs=0\n\
                  redirect_stderr=true\n";
    compare(config, |daemon, out| {
        for name in ["a", "m"] {
            daemon.wait_state(name, "RUNNING");
            let pid = daemon.pid_of(name);
            let kind = |fd: u32| {
                let target = std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).unwrap_or_default();
                target.display().to_string()
            };
            let mut fds: Vec<u32> = std::fs::read_dir(format!("/proc/{pid}/fd"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
                .collect();
            fds.sort_unstable();
            out.fact("open", format!("{fds:?}"));
            out.fact(
                "kinds",
                format!("{:?}", [0, 1, 2].map(|fd| kind(fd).split(':').next().unwrap().to_owned())),
            );
            out.fact("one for both", kind(1) == kind(2));
        }
    });
}

#[test]
fn each_has_a_group_but_no_session_of_its_own() {
    let script = "set -- $(sed 's/.*) //' /proc/$$/stat); [ $3 = $$ ] && echo own group; [ $4 = $$ ] || echo not own session; \
                  [ $2 = $(cat {dir}/main.pid) ] && echo child of the pidfile";
    look(script, "");
}

#[test]
fn directory_and_umask() {
    look("pwd; umask; touch {dir}/made; stat -c %a {dir}/made", "directory=/usr/share\numask=027");
}

#[test]
fn without_a_directory_it_is_the_daemons() {
    look("pwd; umask", "");
}

#[test]
fn another_user_comes_with_all_groups_and_the_same_home() {
    look("id; echo $HOME $USER; ls /root 2>&1 | head -n 1", "user=nobody");
}

#[test]
fn limits_are_inherited() {
    look("ulimit -n; ulimit -u; ulimit -c", "");
}

#[test]
fn signals_are_as_in_a_fresh_process() {
    // Python ignores SIGPIPE and hands that on; what matters is that nothing is blocked.
    look("grep -E 'SigBlk' /proc/self/status", "");
}

#[test]
fn words_are_split_as_a_shell_would_without_being_one() {
    let config = "[program:words]\ncommand=/usr/bin/printf '<%%s>\\n' one 'two three' \"four \\\"five\\\"\" six\\ seven $HOME * ~ '' \
                  a'b'c '>' x 'it'\\''s'\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/words.out\n";
    compare(config, |daemon, out| {
        daemon.wait_file("words.out", "<it's>");
        out.text("words", &daemon.read("words.out"));
    });
}

#[test]
fn a_command_without_a_slash_is_found_on_the_path_of_the_program() {
    let config = "
[program:a]
command=tool first
environment=PATH=\"{dir}/tools:/usr/bin:/bin\"
autostart=false
startsecs=0
autorestart=false
stdout_logfile={dir}/a.out
";
    compare(config, |daemon, out| {
        use std::os::unix::fs::PermissionsExt;
        daemon.write("tools/tool", "#!/bin/sh\necho tool $0 $1\n");
        let set = |mode| {
            let path = daemon.place().path("tools/tool");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        set(0o644);
        out.call(daemon, "supervisor.startProcess", json!(["a"]));
        set(0o755);
        out.call(daemon, "supervisor.startProcess", json!(["a", false]));
        daemon.wait_file("a.out", "first");
        out.text("a.out", &daemon.read("a.out"));
    });
}

#[test]
fn the_pidfile_holds_the_pid_and_goes_at_the_end() {
    compare("", |daemon, out| {
        out.fact("pidfile", daemon.read("main.pid") == format!("{}\n", daemon.pid()));
        use std::os::unix::fs::MetadataExt;
        for name in ["main.pid", "supervisor.sock", "main.log"] {
            let mode = std::fs::metadata(daemon.place().path(name)).unwrap().mode();
            out.fact(name, format!("{:o}", mode & 0o7777));
        }
        let names: Vec<String> = daemon
            .files("")
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| !name.contains("links"))
            .map(|name| name.replace(&daemon.pid().to_string(), "<PID>"))
            .collect();
        out.fact("files", format!("{names:?}"));
    });
}

#[test]
fn the_mode_and_owner_of_the_socket() {
    let config = minder_tests::daemon::USUAL
        .replace("supervisor.sock\n[rpc", "supervisor.sock\nchmod=0770\nchown=nobody:nogroup\n[rpc");
    compare(&config, |daemon, out| {
        use std::os::unix::fs::MetadataExt;
        let meta = std::fs::metadata(daemon.place().path("supervisor.sock")).unwrap();
        out.fact("socket", format!("{:o} {} {}", meta.mode() & 0o7777, meta.uid(), meta.gid()));
    });
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    compare("", |daemon, out| {
        let second = minder_tests::Daemon::prepare(daemon.kind(), "");
        let text = std::fs::read_to_string(daemon.place().path("supervisord.conf")).unwrap();
        let text = text.replace("main.log", "second.log").replace("main.pid", "second.pid");
        second.write("supervisord.conf", &text);
        second.launch(&["-n"]);
        let done = second.wait_end();
        let program = daemon.kind().program("supervisord", second.place()).display().to_string();
        out.fact("status", &done.status);
        out.text("stderr", &done.stderr.replace(&program, "supervisord"));
        let stale = minder_tests::Daemon::prepare(daemon.kind(), "");
        drop(std::os::unix::net::UnixListener::bind(stale.place().path("supervisor.sock")).unwrap());
        stale.launch(&["-n"]);
        stale.wait_ready();
        let said = stale.stop().stderr.replace(&stale.place().dir().display().to_string(), "<DIR>");
        out.text("of the stale one", &said);
    });
}

#[test]
fn members_of_an_fcgi_program_share_one_socket() {
    for (socket, mode) in [
        ("unix://{dir}/fcgi.sock", "socket_mode=0707\nsocket_owner=nobody:nogroup\n"),
        ("tcp://127.0.0.1:{port}", ""),
    ] {
        let config = format!(
            "[fcgi-program:f]\ncommand=/usr/bin/python3 -SE {{dir}}/answer.py\nsocket={socket}\n{mode}numprocs=2\n\
             process_name=%(program_name)s_%(process_num)d\nautostart=false\nstartsecs=0\nstderr_logfile={{dir}}/f%(process_num)d.err\n"
        );
        compare(&config, |daemon, out| {
            use std::io::Read;
            use std::os::unix::fs::MetadataExt;
            let script = "import socket\ns = socket.socket(fileno=0)\nwhile True:\n    c, _ = s.accept()\n    c.sendall(b'hello')\n    c.close()\n";
            daemon.write("answer.py", script);
            daemon.call("supervisor.startProcess", &json!(["f:*"])).value();
            daemon.wait_state("f:f_0", "RUNNING");
            daemon.wait_state("f:f_1", "RUNNING");
            let ask = || {
                let mut answer = String::new();
                if socket.starts_with("unix") {
                    let mut stream =
                        std::os::unix::net::UnixStream::connect(daemon.place().path("fcgi.sock")).unwrap();
                    stream.read_to_string(&mut answer).unwrap();
                } else {
                    let mut stream = std::net::TcpStream::connect(("127.0.0.1", daemon.port())).unwrap();
                    stream.read_to_string(&mut answer).unwrap();
                }
                answer
            };
            out.fact("answer", ask());
            if socket.starts_with("unix") {
                let meta = std::fs::metadata(daemon.place().path("fcgi.sock")).unwrap();
                out.fact("socket", format!("{:o} {} {}", meta.mode() & 0o7777, meta.uid(), meta.gid()));
            }
            // One member goes; the socket stays.
            daemon.call("supervisor.stopProcess", &json!(["f:f_0"])).value();
            out.fact("answer of the other", ask());
            out.call(daemon, "supervisor.sendProcessStdin", json!(["f:f_1", "x"]));
            daemon.call("supervisor.stopProcess", &json!(["f:f_1"])).value();
            daemon.wait_log_times("Closing socket", 2);
            daemon.call("supervisor.startProcess", &json!(["f:f_1"])).value();
            daemon.wait_state("f:f_1", "RUNNING");
            out.fact("answer after all had gone", ask());
            daemon.call("supervisor.stopProcess", &json!(["f:f_1"])).value();
            let log = daemon.log();
            let lines: Vec<&str> =
                log.lines().filter(|line| line.contains(" socket ")).map(|line| &line[24..]).collect();
            out.text("log", &lines.join("\n"));
        });
    }
}

//! Corners where two features meet: other people's clients, followed logs that rotate, pools that disagree, files that
//! are wrong in between.

use minder_tests::http::{exchange, request};
use minder_tests::terminal::Terminal;
use minder_tests::{Daemon, Kind, Transcript, compare, json, process::finish};
use std::process::Command;

const SERVERS: &str = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
user=root
[unix_http_server]
file={dir}/supervisor.sock
[unix_http_server:guarded]
file={dir}/guarded.sock
username=joe
password=secret
[inet_http_server]
port=127.0.0.1:{port}
username=me
password={SHA}7c4a8d09ca3762af61e59520943dc26494f8941b
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{dir}/supervisor.sock
";

/// Runs a Python program of the virtual environment and writes what it printed.
fn python(daemon: &Daemon, out: &mut Transcript, name: &str, text: &str) {
    daemon.write(name, text);
    let mut command = daemon.clean(Command::new(minder_tests::place::reference_venv().join("bin/python")));
    command.arg(daemon.place().path(name));
    out.finished(name, &finish(command, ""));
}

#[test]
fn a_deploy_tool_in_python_speaks_over_every_server() {
    let config = format!(
        "{SERVERS}[program:cat]\ncommand=/bin/cat\nstartsecs=0\nautostart=false\n[program:no]\ncommand=/no/such\nautostart=false\n"
    );
    compare(&config, |daemon, out| {
        python(
            daemon,
            out,
            "deploy.py",
            "
import xmlrpc.client, http.client
from supervisor.xmlrpc import SupervisorTransport
sock = 'unix://{dir}/'
servers = {
    'tcp': xmlrpc.client.ServerProxy('http://me:123456@127.0.0.1:{port}/RPC2'),
    'tcp, wrong': xmlrpc.client.ServerProxy('http://me:1234567@127.0.0.1:{port}/RPC2'),
    'tcp, hash as password': xmlrpc.client.ServerProxy('http://me:{SHA}7c4a8d09ca3762af61e59520943dc26494f8941b@127.0.0.1:{port}/RPC2'),
    'unix': xmlrpc.client.ServerProxy('http://127.0.0.1', transport=SupervisorTransport(None, None, sock + 'supervisor.sock')),
    'guarded': xmlrpc.client.ServerProxy('http://127.0.0.1', transport=SupervisorTransport('joe', 'secret', sock + 'guarded.sock')),
    'guarded, nobody': xmlrpc.client.ServerProxy('http://127.0.0.1', transport=SupervisorTransport(None, None, sock + 'guarded.sock')),
}
for name, server in servers.items():
    def attempt(what, *args):
        try:
            method = server
            for part in what.split('.'):
                method = getattr(method, part)
            print(name, what, method(*args))
        except xmlrpc.client.Fault as fault:
            print(name, what, 'fault', fault.faultCode, fault.faultString)
        except xmlrpc.client.ProtocolError as error:
            print(name, what, 'error', error.errcode, error.errmsg)
    attempt('supervisor.getState')
    attempt('supervisor.startProcess', 'cat')
    attempt('supervisor.startProcess', 'cat', True)
    attempt('supervisor.sendProcessStdin', 'cat', 'gr\\u00fc\\u00dfe <&> \\U0001f600\\n')
    attempt('supervisor.sendProcessStdin', 'cat', 5)
    attempt('supervisor.sendProcessStdin', 'cat', xmlrpc.client.Binary(b'bytes'))
    attempt('supervisor.sendRemoteCommEvent', 'a', 'b')
    attempt('supervisor.sendRemoteCommEvent', 5, 7)
    attempt('supervisor.startProcess', 'no', False)
    attempt('supervisor.stopProcess', 'cat')
    attempt('supervisor.stopProcess', 'cat')
    attempt('supervisor.stopProcessGroup', 'nope')
    attempt('supervisor.nope')
    attempt('nope.nope')
    attempt('nope')
    attempt('system.methodSignature', 'supervisor.startProcess')
    attempt('supervisor.getProcessInfo', True)
    attempt('supervisor.startProcess')
    attempt('supervisor.getState', 1, 2)
    many = xmlrpc.client.MultiCall(server)
    for _ in range(500):
        many.supervisor.getPID()
        many.supervisor.getProcessInfo('nope')
    try:
        answers = many()
        print(name, len(answers.results), sorted({type(x).__name__ for x in answers.results}))
    except Exception as error:
        print(name, 'multicall', type(error).__name__)
",
        );
    });
}

#[test]
fn old_and_careful_http_clients_get_their_answers() {
    let config =
        "[program:a]\ncommand=/bin/echo hello\nstartsecs=0\nautorestart=false\nstdout_logfile={dir}/a.log\n";
    compare(config, |daemon, out| {
        daemon.wait_state("a", "EXITED");
        let body = "<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>";
        let length = body.len();
        let raw = |text: String| text.into_bytes();
        for (name, bytes) in [
            ("1.0 get", raw("GET /ok.html HTTP/1.0\r\n\r\n".into())),
            ("1.1 without a host", raw("GET /ok.html HTTP/1.1\r\n\r\n".into())),
            ("lower case", raw(format!("post /RPC2 HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}"))),
            ("a query", request("GET", "/ok.html?x=y", &[], b"")),
            ("two slashes", request("GET", "//ok.html", &[], b"")),
            ("type of a form", request("POST", "/RPC2", &[("Content-Type", "x/y")], body.as_bytes())),
            ("log of nobody", request("GET", "/logtail/nope", &[], b"")),
            ("log of no channel", request("GET", "/logtail/a/nope", &[], b"")),
            ("log posted to", request("POST", "/logtail/a", &[], b"x")),
            ("style", request("GET", "/stylesheets/nope.css", &[], b"")),
        ] {
            out.response(
                name,
                &exchange(&daemon.unix_address(), &bytes).map(|mut response| {
                    response.status_line = response
                        .status_line
                        .replacen("HTTP/1.0", "HTTP/1.x", 1)
                        .replacen("HTTP/1.1", "HTTP/1.x", 1);
                    response
                }),
            );
        }
    });
}

/// Only for minder: the original's reader looks ten times a second, and misses what was rotated away meanwhile.
#[test]
fn a_followed_log_goes_on_across_rotation() {
    let config = "[program:a]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile={dir}/a.log\n\
                  stdout_logfile_maxbytes=100\nstdout_logfile_backups=1\n";
    for ctl in [Kind::Minder, Kind::Original] {
        let daemon = Daemon::start(Kind::Minder, config).with_ctl(ctl);
        daemon.wait_state("a", "RUNNING");
        let mut command = daemon.ctl_command();
        command.args(["tail", "-f", "a"]);
        let mut terminal = Terminal::start(&command);
        terminal.wait("Press Ctrl-C");
        for number in 0..8 {
            let line = format!("line {number} {}\n", "x".repeat(30));
            daemon.call("supervisor.sendProcessStdin", &json!(["a", line])).value();
            terminal.wait(&format!("line {number}"));
        }
    }
}

#[test]
fn a_file_that_was_wrong_in_between_is_read_when_it_is_right() {
    let program =
        |name: &str, keys: &str| format!("[program:{name}]\ncommand=/bin/sleep 100\nstartsecs=0\n{keys}");
    let worker = |count: u32| program("w", &format!("numprocs={count}\nprocess_name=w%(process_num)d\n"));
    compare(&(worker(2) + &program("a", "")), |daemon, out| {
        daemon.wait_state("w:w1", "RUNNING");
        daemon.configure(&(worker(3) + &program("a", "startsecs=nope\n")));
        for command in
            [&["reread"][..], &["update"], &["status", "w:*", "nope"], &["add", "w"], &["remove", "w"]]
        {
            out.ctl(daemon, command);
        }
        daemon.configure(&(worker(3) + &program("a", "") + "[group:g]\nprograms=a\n"));
        for command in [
            &["reread"][..],
            &["reread"],
            &["update", "w"],
            &["avail"],
            &["update", "nope", "g"],
            &["update", "all"],
            &["update"],
        ] {
            out.ctl(daemon, command);
        }
        daemon.configure(
            &(worker(1)
                + &program("a", "")
                + &program("b", "autostart=false\n")
                + "[group:g]\nprograms=a,b\n"),
        );
        for command in [&["reread"][..], &["update"], &["start", "g:b", "g:*"], &["restart", "w:*"]] {
            out.ctl(daemon, command);
        }
        out.call(daemon, "supervisor.reloadConfig", json!([]));
    });
}

/// Lines about calls, whose order is a race, and about objects and signals that only a Python program has.
fn unlike(line: &str) -> bool {
    ["TRAC", "BLAT", "sig SIGCONT", "stopped monitoring", "SIGCHLD", "waiting for"]
        .iter()
        .any(|part| line.contains(part))
}

#[test]
fn what_each_level_of_the_log_says() {
    for level in ["warn", "debug", "trace", "blather"] {
        let config = minder_tests::daemon::USUAL
            .replace("user=root", &format!("user=root\nloglevel={level}"))
            + "[program:a]\ncommand=/bin/sh -c 'echo out; echo err >&2; exec /bin/cat'\nstartsecs=0\nautostart=false\n\
               [program:m]\ncommand=/bin/sh -c \"printf 'gr\\\\374n\\\\n'; exec /bin/cat\"\nstartsecs=0\nautostart=false\nredirect_stderr=true\n";
        compare(&config, |daemon, out| {
            for name in ["a", "m"] {
                out.call(daemon, "supervisor.startProcess", json!([name]));
                if level != "warn" {
                    daemon.wait_log(&format!("'{name}' stdout output"));
                }
            }
            if level != "warn" {
                daemon.wait_log("'a' stderr output");
            }
            out.call(daemon, "supervisor.signalProcess", json!(["a", "CONT"]));
            // One after the other: of two that end at once the original tells the first one that it notices.
            for name in ["a", "m"] {
                out.call(daemon, "supervisor.stopProcess", json!([name]));
            }
            let log = daemon.log();
            for wanted in ["'a'", "'m'", "killing", "signal", " a ", "Undecodable", "stopped", "output"] {
                let mut lines: Vec<&str> =
                    log.lines().filter(|line| line.contains(wanted) && !unlike(line)).collect();
                lines.sort_by_key(|line| line.get(24..));
                out.text(wanted, &(lines.join("\n") + "\n"));
            }
        });
    }
}

#[test]
fn silent_keeps_the_log_from_the_screen_only() {
    minder_tests::compare_launched(
        "[program:a]\ncommand=/bin/cat\nautostart=false\n",
        |daemon| {
            daemon.launch(&["-n", "--silent"]);
            daemon.wait_ready();
        },
        |daemon, out| {
            daemon.wait_log("supervisord started with pid");
            out.text("screen", &daemon.read("stdout.txt"));
            out.text("log", &daemon.log());
        },
    );
}

//! supervisorctl's shell as a person meets it, in a terminal: completion, history, passwords, and Ctrl-C in the middle
//! of things. Every scenario holds for the original's shell too, which is what makes it one.

use minder_tests::terminal::Terminal;
use minder_tests::{Daemon, Kind};

const CONFIG: &str = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
user=root
[unix_http_server]
file={dir}/supervisor.sock
[inet_http_server]
port=127.0.0.1:{port}
username=me
password={SHA}7c4a8d09ca3762af61e59520943dc26494f8941b
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{dir}/supervisor.sock
history_file={dir}/history
prompt=station
[program:cat]
command=cat -u
startsecs=0
[program:ticker]
command=sh -c 'while echo tick; do sleep 0.1; done'
startsecs=0
[program:worker]
command=sleep 1000
process_name=%(process_num)d
numprocs=2
startsecs=0
";

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const UP: &str = "\u{1b}[A";
const PROMPT: &str = "station> ";

/// Runs a scenario in both shells, each with minder as its server.
fn in_both(args: &[&str], scenario: impl Fn(&Daemon, &mut Terminal)) {
    for kind in [Kind::Original, Kind::Minder] {
        let daemon = Daemon::start(Kind::Minder, CONFIG).with_ctl(kind);
        daemon.wait_state("cat", "RUNNING");
        let mut command = daemon.ctl_command();
        command.args(args.iter().map(|arg| arg.replace("{port}", &daemon.port().to_string())));
        scenario(&daemon, &mut Terminal::start(&command));
    }
}

#[test]
fn the_tab_key_completes_actions_groups_and_processes() {
    in_both(&[], |_, shell| {
        shell.wait(PROMPT);
        shell.keys("sta\t\t");
        shell.wait("start    status");
        shell.wait(PROMPT);
        shell.keys("rt ca\t");
        shell.wait("start cat ");
        shell.keys("\r");
        shell.wait("cat: ERROR (already started)");
        shell.wait(PROMPT);
        shell.keys("pid wor\t\t\t");
        for name in ["worker:*", "worker:0", "worker:1", PROMPT] {
            shell.wait(name);
        }
        shell.keys("1\r");
        shell.wait(PROMPT);
        shell.keys("help sho\t");
        shell.wait("help sho");
        shell.keys(CTRL_C);
        assert_eq!(shell.end(), Some(0));
    });
}

#[test]
fn lines_are_remembered_until_the_next_time() {
    in_both(&[], |daemon, shell| {
        shell.wait(PROMPT);
        shell.keys("version\r");
        shell.wait("4.3.0");
        shell.wait(PROMPT);
        shell.keys("avail nothing\r");
        shell.wait("accepts no arguments");
        shell.wait(PROMPT);
        shell.keys(&format!("{UP}{UP}\r"));
        shell.wait("4.3.0");
        shell.wait(PROMPT);
        shell.keys(CTRL_D);
        assert_eq!(shell.end(), Some(0));
        assert!(daemon.read("history").contains("version\navail nothing\n"), "{}", daemon.read("history"));

        let mut again = Terminal::start(&daemon.ctl_command());
        again.wait(PROMPT);
        again.keys(&format!("{UP}\r"));
        again.wait("4.3.0");
        again.wait(PROMPT);
        again.keys("exit\r");
        assert_eq!(again.end(), Some(0));
    });
}

#[test]
fn ctrl_c_ends_what_goes_on_and_not_the_shell() {
    in_both(&[], |_, shell| {
        shell.wait(PROMPT);
        for follow in ["tail -f ticker", "tail -f ticker stdout", "maintail -f"] {
            shell.keys(&format!("{follow}\r"));
            shell.wait("==> Press Ctrl-C to exit <==");
            shell.wait(if follow.starts_with("main") { "INFO" } else { "tick\r\ntick\r\n" });
            shell.keys(CTRL_C);
            shell.wait(PROMPT);
        }
        shell.keys("fg cat\r");
        shell.wait("==> Press Ctrl-C to exit <==");
        shell.keys("a wörd\r");
        // Once by the terminal, once by the program.
        shell.wait("a wörd");
        shell.wait("a wörd");
        shell.keys("more\r");
        shell.wait("more");
        shell.wait("more");
        shell.keys(CTRL_C);
        shell.wait("Exiting foreground");
        shell.wait(PROMPT);
        shell.keys("shutdown\r");
        shell.wait("Really shut the remote supervisord process down y/N? ");
        shell.keys("n\r");
        shell.wait(PROMPT);
        shell.keys("version\r");
        shell.wait("4.3.0");
        // The original would not end for half a minute here: its readers of logs go on behind its back.
    });
}

#[test]
fn a_password_is_asked_for_until_it_is_right_and_never_shown() {
    let args = ["-s", "http://127.0.0.1:{port}"];
    in_both(&args, |_, shell| {
        for (password, then) in [("wrong", "Server requires authentication"), ("123456", PROMPT)] {
            shell.wait("Username:");
            shell.keys("me\r");
            shell.wait("Password:");
            shell.keys(&format!("{password}\r"));
            let shown = shell.wait(then);
            assert!(!shown.contains(password), "{shown:?}");
        }
        shell.keys("tail -f ticker\r");
        shell.wait("tick\r\n");
        shell.keys(CTRL_C);
        shell.wait(PROMPT);
        shell.keys("quit\r");
        assert_eq!(shell.end(), Some(0));
    });
    for typed in ["", "half"] {
        in_both(&args, |_, shell| {
            shell.wait("Username:");
            shell.keys("me\r");
            shell.wait("Password:");
            shell.keys(typed);
            shell.keys(CTRL_C);
            assert_eq!(shell.end(), Some(0));
        });
    }
}

//! Python's supervisorctl and ours, side by side.
//!
//! Two servers of the original with the same configuration: one is told things by the original client, the other the same
//! things by ours. What both print and exit with must agree once process ids, times and places in Python source are taken
//! out. What a healthy server never says comes from a scripted one, which both clients ask.
//!
//! Long because the lines to compare are a list, and the list is the test.

#[path = "ctl_side_by_side/mod.rs"]
mod side_by_side;

use side_by_side::clients::{Client, Said, run_both, until_interrupted};
use side_by_side::scripted::{Reply, Script, Scripted};
use side_by_side::servers::{Pair, Server};

/// Becomes supervisorctl when a test runs this very program once more; does nothing in an ordinary run.
#[test]
fn supervisorctl_itself() {
    side_by_side::clients::become_supervisorctl_if_asked();
}

const CONFIG: &str = "
[unix_http_server]
file=%(here)s/s.sock
[supervisord]
nodaemon=true
logfile=%(here)s/main.log
pidfile=%(here)s/main.pid
childlogdir=%(here)s
identifier=%(ENV_IDENTIFIER)s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(here)s/s.sock
[program:cat]
command=cat
stdout_logfile=%(here)s/cat.out
stderr_logfile=%(here)s/cat.err
[program:talker]
command=sh -c 'printf \"one\\ntwo\\r\\n<three>&\\n\"; echo bad >&2; exec sleep 1000'
stdout_logfile=%(here)s/talker.out
stderr_logfile=%(here)s/talker.err
[program:manual]
command=sleep 1000
autostart=false
[program:quick]
command=sh -c 'exit 3'
autostart=false
startretries=0
[program:brief]
command=sh -c 'exit 0'
startsecs=0
autorestart=false
[program:nofile]
command=/nonexistent/program
autostart=false
[program:noexec]
command=/etc/passwd
autostart=false
[program:nolog]
command=sleep 1000
stdout_logfile=NONE
stderr_logfile=NONE
[program:a]
command=sleep 1000
[program:b]
command=sleep 1000
autostart=false
priority=5
[group:grp]
programs=a,b
priority=20
[program:a_name_that_is_longer_than_thirty_characters]
command=sleep 1000
[program:w\u{e9}b]
command=sleep 1000
[program:many]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=2
";

/// What is worth waiting for before processes are looked at.
const AUTOSTARTED: &[&str] = &[
    "cat",
    "talker",
    "nolog",
    "grp:a",
    "a_name_that_is_longer_than_thirty_characters",
    "w\u{e9}b",
    "many:many_00",
    "many:many_01",
];

/// Each is run by both clients against the server of its own, in this order.
const LINES: &[&str] = &[
    "status",
    "status all",
    "status cat",
    "status cat manual",
    "status grp:*",
    "status grp:",
    "status grp:b grp:a",
    "status grp",
    "status nope",
    "status nope:*",
    "status nope cat many:*",
    "status cat nope:x manual",
    "pid",
    "pid cat",
    "pid cat manual",
    "pid manual nope",
    "pid nope",
    "pid all",
    "pid grp:*",
    "version",
    "version x",
    "avail",
    "avail x",
    "start",
    "start cat",
    "start manual",
    "start manual cat",
    "start nope",
    "start nope:x manual",
    "start nope:*",
    "start grp",
    "start grp:*",
    "start grp:a grp:b",
    "start grp:b",
    "start nofile",
    "start noexec",
    "start quick",
    "start quick cat",
    "start cat quick",
    "start nofile noexec nope grp:zz",
    "status",
    "stop",
    "stop manual",
    "stop manual",
    "stop grp:a grp:b",
    "stop grp:*",
    "stop grp:a",
    "stop nope",
    "stop nope:*",
    "stop nope cat",
    "start cat",
    "stop cat many:many_00 nope:a",
    "start cat many:many_00",
    "restart",
    "restart manual",
    "restart manual cat",
    "restart nope",
    "restart nope:*",
    "signal",
    "signal CONT",
    "signal CONT cat",
    "signal SIGCONT cat talker",
    "signal 18 cat",
    "signal NOSUCH cat",
    "signal CONT nope",
    "signal CONT nope:*",
    "signal CONT quick",
    "signal CONT grp:*",
    "signal CONT cat nope quick cat",
    "signal NOSUCH many:*",
    "signal CONT many:many_00",
    "tail",
    "tail talker",
    "tail talker stdout",
    "tail talker STDERR",
    "tail -5 talker",
    "tail -5 talker stderr",
    "tail -+4 talker",
    "tail --4 talker",
    "tail -0 talker",
    "tail -99999999999 talker",
    "tail -x talker",
    "tail - talker",
    "tail -5",
    "tail talker nochannel",
    "tail talker it's",
    "tail talker x stderr",
    "tail a b c d",
    "tail -f a b c",
    "tail nope",
    "tail nope:*",
    "tail nolog",
    "tail nolog stderr",
    "tail-5 talker",
    "maintail x",
    "maintail -x",
    "maintail a b",
    "maintail -f x",
    "clear",
    "clear talker",
    "clear nope",
    "clear grp:*",
    "clear grp:a nope cat",
    "tail talker",
    "fg",
    "fg a b",
    "fg nope",
    "fg quick",
    "reread",
    "reread x",
    "update",
    "update nope",
    "update nope cat",
    "add",
    "add cat",
    "add nope cat",
    "remove",
    "remove cat",
    "remove nope cat",
    "remove nofile",
    "add nofile",
    "open",
    "open foo",
    "open ftp://x",
    "open unix:///nonexistent/s.sock",
    "open http://localhost:nix",
    "reload x",
    "shutdown x",
    "foo",
    "foo bar",
    "start-cat",
    "!ls",
    "-x",
    "",
    "help",
    "help help",
    "help nope",
    "help start stop",
    "help EOF",
    "?",
    "? start",
    "quit",
    "exit now",
    "EOF",
];

#[test]
fn every_line_prints_and_exits_as_the_original() {
    let pair = Pair::start(CONFIG);
    pair.wait_until_running(AUTOSTARTED);
    pair.wait_until_logged("talker.err", "bad\n");
    pair.wait_until_exited("brief");
    let mut differences = Vec::new();
    for line in LINES {
        pair.compare(&line.split(' ').collect::<Vec<_>>(), "", &mut differences);
    }
    for action in LINES.iter().filter_map(|line| line.split(' ').next()).filter(|word| word.len() > 2) {
        pair.compare(&["help", action], "", &mut differences);
    }
    assert!(LINES.len() >= 80);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn all_and_groups_mean_each_of_their_processes() {
    // A process that is gone at once is sometimes seen running by the original and sometimes not.
    let pair = Pair::start(&without(&without(CONFIG, "brief"), "quick"));
    pair.wait_until_running(AUTOSTARTED);
    let mut differences = Vec::new();
    for line in [
        "start all",
        "stop many:*",
        "start many:*",
        "restart many:* grp:*",
        "signal CONT all",
        "signal CONT many:* cat",
        "clear all",
        "stop grp:*",
        "restart all",
        "stop all",
        "status all",
        "pid all",
    ] {
        // Which of many is ready first is a matter of chance.
        pair.compare_sorted(&line.split(' ').collect::<Vec<_>>(), &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A configuration without one of its programs.
fn without(config: &str, program: &str) -> String {
    let (before, rest) = config.split_once(&format!("[program:{program}]\n")).expect("the program is there");
    let after = rest.find('[').map_or("", |start| &rest[start..]);
    format!("{before}{after}")
}

#[test]
fn options_are_read_as_the_original_reads_them() {
    let pair = Pair::start(CONFIG);
    let mut differences = Vec::new();
    let url = "unix://HERE/s.sock";
    for args in [
        &["-z"][..],
        &["--nope"],
        &["--configuration"],
        &["-s", "foo", "status"],
        &["--serverurl=foo", "status"],
        &["-i", "-i", "status"],
        &["-s", url, "-s", url, "version"],
        &["--user"],
        &["--i=x"],
        &["-s", url, "version"],
        &["--serv", url, "version"],
        &["-s", url, "-u", "x", "-p", "y", "version"],
        &["-i", "-s", url, "version"],
        &["-s", url, "--", "version"],
        &["-s", "ftp://nothing", "version"],
        &["-s", "localhost:9001", "avail"],
    ] {
        pair.compare(args, "", &mut differences);
    }
    for args in [
        &["-c", "/nonexistent.conf", "status"][..],
        &["-c", "HERE", "status"],
        &["-c", "HERE/empty.conf", "status"],
        &["-c", "HERE/env.conf", "status"],
        &["-c", "HERE/percent.conf", "status"],
        &["-c", "HERE/relative.conf", "version"],
        &["-c", "HERE/prompt.conf"],
    ] {
        pair.write("empty.conf", "[supervisord]\n");
        pair.write("env.conf", "[supervisorctl]\nserverurl=unix://%(ENV_NOPE_NOPE)s\n");
        pair.write("percent.conf", "[supervisorctl]\nserverurl=unix://100%\n");
        pair.write("relative.conf", "[supervisorctl]\nserverurl=unix://%(here)s/x/../s.sock ; here\n");
        pair.write(
            "prompt.conf",
            "[supervisorctl]\nprompt=a%%b\nserverurl = unix://%(here)s/s.sock\n[include]\nfiles=nothing\n",
        );
        pair.compare_without_config(args, "version\n", &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_shell_fed_with_lines_prints_what_the_original_prints() {
    let pair = Pair::start(CONFIG);
    pair.wait_until_running(AUTOSTARTED);
    pair.wait_until_exited("brief");
    let mut differences = Vec::new();
    for lines in [
        "",
        "\n",
        "pid\nversion",
        "  status cat  \n\n?\n? stop\n!x\nfoo bar\nhelp help\nEOF\nversion\n",
        "start manual\nstop manual nope\nexit\nversion\n",
        "quit",
        "shutdown\nn\nreload\n\nshutdown\nno\nversion\n",
        "shutdown\n",
        "reload",
        "open foo\nopen unix:///nonexistent\nstatus\nversion\npid\navail\nshutdown\ny\n",
        "tail -f nope\nfg nope\nfg quick\n",
        "version\r\nversion x\r\n",
    ] {
        pair.compare(&[], lines, &mut differences);
    }
    pair.compare(&["-i", "shutdown"], "n\n", &mut differences);
    pair.compare(&["-i", "reload"], "", &mut differences);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn update_and_reread_tell_what_changes() {
    let pair = Pair::start(CONFIG);
    pair.wait_until_running(AUTOSTARTED);
    let mut differences = Vec::new();
    let changed = CONFIG
        .replace("[program:noexec]\ncommand=/etc/passwd", "[program:fresh]\ncommand=sleep 99")
        .replace("[program:nolog]\ncommand=sleep 1000", "[program:nolog]\ncommand=sleep 1001")
        .replace("numprocs=2", "numprocs=3");
    pair.configure(&changed);
    for line in
        ["reread", "avail", "update nope nolog", "reread", "update fresh", "update", "update all", "reread"]
    {
        pair.compare(&line.split(' ').collect::<Vec<_>>(), "", &mut differences);
    }
    pair.configure(&changed.replace("[program:cat]", "[program:cat]\npriority=x"));
    for line in ["reread", "update", "update cat"] {
        pair.compare(&line.split(' ').collect::<Vec<_>>(), "", &mut differences);
    }
    pair.configure(&CONFIG.replace("[program:cat]\ncommand=cat", "[program:dog]\ncommand=cat"));
    for line in
        ["update cat", "add dog", "stop nolog", "remove nolog", "add nolog", "update", "status cat dog"]
    {
        pair.compare(&line.split(' ').collect::<Vec<_>>(), "", &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn logs_are_followed_until_an_interrupt() {
    let pair = Pair::start(CONFIG);
    pair.wait_until_running(&["cat", "talker"]);
    pair.wait_until_logged("talker.out", "&\n");
    pair.wait_until_logged("talker.err", "bad\n");
    for (args, awaited) in [
        (&["tail", "-f", "talker"][..], "<three>&\n"),
        (&["tail", "-f", "talker", "stderr"], "bad\n"),
        (&["maintail", "-f"], "entered RUNNING state"),
    ] {
        let [original, ours] =
            pair.each(|client, server| until_interrupted(client, server, args, "", awaited));
        assert_eq!(original.exit, ours.exit, "{args:?}");
        if args[0] == "tail" {
            assert_eq!(original.out, ours.out, "{args:?}");
        }
    }
    let [original, ours] = pair.each(|client, server| {
        until_interrupted(client, server, &["fg", "cat"], "hello there\n", "hello there\n")
    });
    assert_eq!((original.out, original.exit), (ours.out, ours.exit));
    let mut differences = Vec::new();
    for line in ["tail -f nope", "tail -f nolog", "tail -f cat:*", "maintail", "maintail -7"] {
        let args: Vec<&str> = line.split(' ').collect();
        match line.starts_with("maintail") {
            // Two logs never hold the same times.
            true => pair.compare_exit(&args, &mut differences),
            false => pair.compare(&args, "", &mut differences),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_end_of_a_server_is_told_as_the_original_tells_it() {
    let mut pair = Pair::start(CONFIG);
    let mut differences = Vec::new();
    pair.compare(&["reload"], "", &mut differences);
    pair.wait_until_running(&["cat"]);
    pair.compare(&["shutdown"], "", &mut differences);
    pair.wait_for_end();
    for line in [
        "shutdown",
        "status",
        "start cat",
        "pid",
        "tail cat",
        "avail",
        "reread",
        "update",
        "reload",
        "add cat",
    ] {
        pair.compare(&line.split(' ').collect::<Vec<_>>(), "", &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

const LOCKED: &str = "
[unix_http_server]
file=%(here)s/s.sock
username=me
password=se%%cret
[supervisord]
nodaemon=true
logfile=%(here)s/main.log
pidfile=%(here)s/main.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(here)s/s.sock
[program:manual]
command=sleep 1000
autostart=false
";

#[test]
fn a_server_that_wants_a_password_is_told_of_and_given_one() {
    let server = Server::start(LOCKED);
    let mut differences = Vec::new();
    for args in [
        &["status"][..],
        &["avail"],
        &["-u", "me", "status", "manual"],
        &["-u", "me", "-p", "wrong", "version"],
        &["-u", "me", "-p", "se%cret", "version"],
        &["--username", "me", "--password", "se%cret", "tail", "-f", "nope"],
    ] {
        run_both(&server, &server, args, "", &mut differences);
    }
    for lines in ["me\nse%cret\nversion\n", "me\nwrong\nme\nse%cret\nstatus manual\n", "", "me\n"] {
        run_both(&server, &server, &[], lines, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn strange_answers_are_met_as_the_original_meets_them() {
    let mut differences = Vec::new();
    let scripts: [(Script, &[&str]); 6] = [
        (|_| Reply::Value("2.0".into()), &["status", "pid", "start x", "version"]),
        (|_| Reply::Fault(1, "UNKNOWN_METHOD"), &["status", "stop x", "avail", "reread", "add x"]),
        (|_| Reply::Status(500, "Internal Server Error"), &["status", "avail", "shutdown", "reread"]),
        (|_| Reply::HangUp, &["status", "avail", "shutdown"]),
        (shutting_down, SHUTTING_DOWN),
        (failing, FAILING),
    ];
    for (script, lines) in scripts {
        let server = Scripted::start(script);
        for line in lines {
            let args = [&["-s", server.url()][..], &line.split(' ').collect::<Vec<_>>()].concat();
            server.compare(&args, &mut differences);
        }
    }
    let nobody = Scripted::nobody();
    for line in
        ["status", "start x", "shutdown", "avail", "tail -f x", "reload", "clear x", "fg x", "maintail"]
    {
        let args = [&["-s", nobody.url()][..], &line.split(' ').collect::<Vec<_>>()].concat();
        nobody.compare(&args, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

const SHUTTING_DOWN: &[&str] = &[
    "start x",
    "start x:*",
    "start all",
    "stop x",
    "stop x:*",
    "signal HUP x",
    "signal HUP x:*",
    "clear x",
    "tail x",
    "maintail",
    "pid",
    "pid x",
    "fg x",
    "reread",
    "update",
    "add x",
    "remove x",
    "avail",
    "shutdown",
    "reload",
    "status",
    "restart x",
];

fn shutting_down(method: &str) -> Reply {
    match method {
        "supervisor.getVersion" => Reply::Value("3.0".into()),
        _ => Reply::Fault(6, "SHUTDOWN_STATE"),
    }
}

const FAILING: &[&str] = &[
    "start x",
    "stop x",
    "stop x:*",
    "signal HUP x",
    "clear x",
    "tail x",
    "tail x stderr",
    "maintail",
    "pid x",
    "fg x",
    "update x",
    "reread",
    "add x",
    "remove x",
    "avail",
    "shutdown",
    "reload",
];

fn failing(method: &str) -> Reply {
    match method {
        "supervisor.getVersion" => Reply::Value("3.0".into()),
        "supervisor.reloadConfig" => Reply::Fault(92, "CANT_REREAD: it's \"bad\"\n\u{e9}"),
        _ => Reply::Fault(30, "FAILED: it's \"bad\"\n\u{e9}"),
    }
}

#[test]
fn what_is_said_is_normalised() {
    let said = Said {
        out: "cat   RUNNING   pid 17, uptime 1 days, 0:00:06\nbad   EXITED    Nov 21 06:09 AM\n123\n0\n\
              error: <class 'X'>, y: file: /a/b.py line: 7\nstart <name>\t\tprose\n"
            .to_owned(),
        ..Said::default()
    };
    assert_eq!(
        said.normalised("/tmp/x", Client::Ours).out,
        "cat   RUNNING   pid N, uptime T\nbad   EXITED    DATE\nPID\n0\nerror: <class 'X'>, y\nstart <name>\n"
    );
}

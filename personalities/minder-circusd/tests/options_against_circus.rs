//! Our reader and our watchers against the real Circus: the same file, the same settings or the same exception; the same
//! message, the same watcher or the same refusal.
//!
//! Long because most of it is tables of texts.

mod against_circus;

use against_circus::{Added, Place, Question, Reference};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

/// Differences that a failure shows.
const SHOWN_MAX: usize = 40;

/// Asks both and collects every difference, so that all are shown and not only the first.
struct Comparison {
    reference: Reference,
    asked: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn start() -> Self {
        Self { reference: Reference::start(), asked: 0, differences: Vec::new() }
    }

    fn ask(&mut self, place: &Place, question: &Question, what: &str) {
        self.asked += 1;
        let (theirs, ours) = (self.reference.ask(place, question), question.ours(place));
        if !same(&theirs, &ours) {
            let (theirs, ours) = narrowed(&theirs, &ours);
            self.differences.push(format!("--- {what}\n{question:?}\n  circus: {theirs}\n  ours:   {ours}"));
        }
    }

    /// Asks everything that can be asked about a file.
    fn file(&mut self, text: &str) {
        let place = Place::new().with("circus.ini", text);
        for question in [Question::Read, Question::Watchers, Question::Sockets, Question::Command] {
            self.ask(&place, &question, text);
        }
    }

    fn end(self) {
        let count = self.differences.len();
        let shown = &self.differences[..count.min(SHOWN_MAX)];
        assert!(count == 0, "{count} of {} differ:\n\n{}", self.asked, shown.join("\n\n"));
    }
}

/// Equal but for the kind of number and what a socket of the other family has no use for.
fn same(theirs: &Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let socket = a.contains_key("so_reuseport") && a.contains_key("interface");
            if socket {
                return b.iter().all(|(key, value)| a.get(key).is_some_and(|theirs| same(theirs, value)));
            }
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|ours| same(value, ours)))
        }
        _ => theirs == ours,
    }
}

/// Only what differs.
fn narrowed(theirs: &Value, ours: &Value) -> (Value, Value) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let differing = a.iter().find(|(key, value)| b.get(*key).is_none_or(|ours| !same(value, ours)));
            match differing {
                Some((key, value)) if b.contains_key(key) => narrowed(value, &b[key]),
                Some((key, value)) => (json!({key: value}), json!("(absent)")),
                None => (theirs.clone(), ours.clone()),
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            match a.iter().zip(b).find(|(a, b)| !same(a, b)) {
                Some((a, b)) => narrowed(a, b),
                None => (theirs.clone(), ours.clone()),
            }
        }
        _ => (theirs.clone(), ours.clone()),
    }
}

const EVERYTHING: &str = include_str!("against_circus/everything.ini");
const FERMENTRACK: &str = include_str!("against_circus/fermentrack.ini");
const GUNICORN: &str = include_str!("against_circus/gunicorn.ini");

/// A home with a virtual environment of the Python that the real Circus runs on, and the application's directories.
fn home(text: &str) -> Place {
    let place = Place::new().with("circus.ini", text);
    let library =
        std::fs::read_dir(Reference::virtualenv().join("lib")).expect("lib").next().expect("a Python");
    let python = library.expect("a Python").file_name().into_string().expect("a name");
    let site = format!("home/venv/lib/{python}/site-packages");
    let home = place.file("home");
    place
        .with("home/venv/bin/python", "")
        .with(&format!("{site}/package/__init__.py"), "")
        .with(&format!("{site}/paths.pth"), "# a comment\nimport os\n../extra/\n/nowhere\n")
        .with("home/venv/lib/extra/module.py", "")
        .with("home/fermentrack/log/circusd.log", "")
        .with_variable("HOME", &home)
}

#[test]
fn whole_files_of_the_field_say_the_same() {
    let mut comparison = Comparison::start();
    comparison.file(EVERYTHING);
    comparison.file(GUNICORN);
    let bare = FERMENTRACK.replace("copy_env = True\n", "copy_env = True\nvirtualenv_py_ver = 9.9\n");
    let given =
        FERMENTRACK.replace("[env:Fermentrack]", "[env:*]\nPYTHONPATH = $HOME/lib/\n[env:Fermentrack]");
    for text in [FERMENTRACK, &bare, &given] {
        let place = home(text);
        for question in [Question::Read, Question::Watchers, Question::Sockets, Question::Command] {
            comparison.ask(&place, &question, text);
        }
    }
    comparison.end();
}

#[test]
fn every_line_is_cut_as_the_original_cuts_it() {
    let mut comparison = Comparison::start();
    let bodies = [
        "cmd = a ; comment",
        "cmd = a;no comment",
        "cmd = a ;one ;two",
        "cmd = a; b ; c",
        "cmd =;first",
        "cmd = ;first ",
        "cmd = a # b",
        "cmd = \"\"",
        "cmd =",
        "cmd = \"\" ; comment",
        "cmd: a = b",
        "cmd a = b : c",
        "  cmd = indented",
        "\tcmd = indented\ncmd = not",
        "cmd = a\n  b\n\n  c ; d\n# e\n  f",
        "cmd = a\n b",
        "cmd = a\ncmd = b\n  c",
        "cmd =\n  a\n  b",
        "CMD = a\nCmd = b\ncmd = c",
        "rem cmd = x\nREM\ncmd = a\nremark = b\nrem= c",
        "cmd = a\n rem b",
        "= nothing\ncmd = a",
        ": nothing\n  more\ncmd = a",
        "cmd = a\r\nargs = b\r\n  c\r\n",
        "cmd = a\rargs = b\r",
        "cmd = a\n[watcher:y]\n  b = c\ncmd = d",
        "cmd = a\n[watcher:x\nargs = b",
        "cmd = a\nnonsense\nargs = b\n  more\nworse\n",
        "cmd = a\nnonsense",
        "cmd = a\n[watcher:y]z]\ncmd = b",
        "cmd = a\n[watcher:y] trailing\ncmd = b",
        "cmd = a\n[]\nargs = b",
        "cmd = a\n[DEFAULT]\nargs = b\nnumprocesses = 2\ncmd = c",
        "cmd = a\n[DEFAULT]\n[env]\nA = 1",
        "cmd = a\n[watcher:w]\n[watcher:x]\nargs = b\ncmd = c",
        "__name__ = y\ncmd = a",
        "cmd = a\u{a0}; b\u{a0}",
        "cmd\u{a0}= a\u{2003}",
        "cmd = é\n args = ü",
        "cmd = a\u{c}b\n\u{c}c",
        "cmd = a\u{1c}\n\u{1c}c",
        "cmd = %(x)s %% 100%",
        "cmd = $(circus.env.HOME) ((circus.env.home)) $(CIRCUS.ENV.Home)",
        "cmd = $(circus.env.NOPE) $(circus.env.) $(circus.circus.env.HOME) $(circus.circusx)",
        "cmd = $(circus.env.Word) $(circus.env.GREETING)\ncopy_env = 1",
    ];
    for body in bodies {
        comparison.file(&format!("[circus]\n[watcher:x]\n{body}"));
    }
    for text in [
        "",
        "\n\n# only\n",
        "cmd = a\n[circus]",
        "  [circus]\n",
        "[circus]",
        "  x = 1\n[circus]\n",
        "[watcher:x]\ncmd=a",
    ] {
        comparison.file(text);
    }
    comparison.end();
}

/// Values by the keys of `[circus]` that they are put into.
const CIRCUS_VALUES: [(&[&str], &[&str]); 5] = [
    (&["warmup_delay", "httpd_port"], NUMBERS),
    (&["statsd", "httpd", "debug", "debug_gc"], TRUTHS),
    (&["check_delay"], REALS),
    (&["umask"], &["022", "22", "0o22", "8", "x", "0"]),
    (
        &["endpoint", "pidfile", "loglevel", "stats_endpoint", "fqdn_prefix", "endpoint_owner"],
        &["", "x", "$(circus.env.HOME)"],
    ),
];

/// Values by the keys of a watcher that they are put into.
const WATCHER_VALUES: [(&[&str], &[&str]); 8] = [
    (&["numprocesses", "warmup_delay", "max_retry", "priority", "max_age", "max_age_variance"], NUMBERS),
    (
        &[
            "shell",
            "copy_env",
            "autostart",
            "singleton",
            "close_child_stdin",
            "check_flapping",
            "on_demand",
            "copy_path",
        ],
        TRUTHS,
    ),
    (&["graceful_timeout"], REALS),
    (
        &["stop_signal"],
        &[
            "TERM",
            "sigint",
            "9",
            "SIGRTMIN+3",
            "RTMIN",
            "NOPE",
            "",
            "$(circus.env.NUMBER)",
            "INT-3",
            "hup x",
            "SIGKILL+x",
            "-5",
        ],
    ),
    (&["rlimit_nofile", "rlimit_NOPE", "rlimit_"], &["", "100", "x", "-1"]),
    (&["uid", "gid"], &["", "root", "0", "daemon", "1", "nobody-knows", "99999", "-1"]),
    (
        &["hooks.before_start"],
        &[
            "os.path.exists",
            "os.path.exists,true",
            "os.path.exists , No",
            "os.path.exists,maybe",
            "os.path.exists,true,x",
        ],
    ),
    (
        &[
            "name",
            "executable",
            "working_dir",
            "virtualenv_py_ver",
            "retry_in",
            "free",
            "flapping.window",
            "stdin_socket",
            "prereload_fn",
        ],
        &["", "other", "$(circus.env.HOME)"],
    ),
];

const NUMBERS: &[&str] =
    &["", "5", " 5", "-1", "0", "1.5", "x", "1_0", "0x1", "+2", "$(circus.env.NUMBER)", "$(circus.env.nope)"];
const TRUTHS: &[&str] =
    &["", "yes", "TRUE", "On", "1", "no", "False", "OFF", "0", "y", "2", "$(circus.env.nope)"];
const REALS: &[&str] =
    &["", "5", "1.5", "1e3", "-2", ".5", "5.", "x", "1_0.5", "1,5", "$(circus.env.NUMBER)"];

#[test]
fn every_key_converts_as_the_original_converts_it() {
    let mut comparison = Comparison::start();
    let pairs = |(keys, values): (&'static [&str], &'static [&str])| {
        keys.iter().flat_map(|key| values.iter().map(move |value| format!("{key} = {value}\n")))
    };
    for line in CIRCUS_VALUES.into_iter().flat_map(pairs) {
        comparison.file(&format!("[circus]\n{line}"));
    }
    let cmd = "cmd = $(circus.uid) $(circus.gid) $(circus.free) $(circus.rlimits.nofile)";
    for line in WATCHER_VALUES.into_iter().flat_map(pairs) {
        comparison.file(&format!("[circus]\n[watcher:x]\n{cmd}\n{line}"));
    }
    comparison.end();
}

#[test]
fn every_stream_is_what_the_original_makes_of_it() {
    let mut comparison = Comparison::start();
    for body in [
        "stdout_stream.class = FileStream",
        "stdout_stream.class = StdoutStream",
        "stdout_stream.class = Nope",
        "stdout_stream.class =",
        "stdout_stream.class = nope.Stream",
        "stdout_stream.class = circus.stream.file_stream.FileStream\nstdout_stream.filename = a.log",
        "stdout_stream.class = circus.stream.FancyStdoutStream",
        "stdout_stream.filename = a.log\nstdout_stream.max_bytes = 10\nstdout_stream.backup_count = x",
        "stdout_stream.filename = a.log\nstdout_stream.max_bytes = 1.5",
        "stdout_stream.filename = a.log\nstdout_stream.refresh_time = 0.5",
        "stdout_stream.time_format = %H",
        "stdout_stream = a.log",
        "stdout_stream. = x",
        "stdout_streams.filename = x",
        "stderr_stream.class = WatchedFileStream\nstderr_stream.filename = b.log\nstderr_stream.time_format = %H:%M",
        "stderr_stream.class = TimedRotatingFileStream\nstderr_stream.filename = b.log",
        "stderr_stream.class = TimedRotatingFileStream\nstderr_stream.filename = b.log\nstderr_stream.rotate_when = midnight",
        "stderr_stream.class = TimedRotatingFileStream\nstderr_stream.filename = b.log\nstderr_stream.rotate_when = W7",
        "stderr_stream.class = TimedRotatingFileStream\nstderr_stream.filename = b.log\nstderr_stream.rotate_when = W",
        "stderr_stream.class = TimedRotatingFileStream\nstderr_stream.filename = b.log\nstderr_stream.rotate_when = W0\nstderr_stream.rotate_interval = 2\nstderr_stream.utc = False",
        "stderr_stream.class = TimedRotatingFileStream\nstderr_stream.filename = b.log\nstderr_stream.rotate_when = S\nstderr_stream.rotate_interval = x",
        "stderr_stream.class = FancyStdoutStream\nstderr_stream.color = pink",
        "stderr_stream.class = QueueStream",
        "singleton = 1\nnumprocesses = 3",
        "copy_path = 1",
        "copy_env = 1\nenv = x",
        "virtualenv = /nowhere",
        "shell_args = a 'b c' $(circus.wid)",
        "shell = 1\nshell_args = a 'b c' $(circus.wid)",
        "args = 'open",
        "args = back\\",
        "args = \"a\\\"b\" 'c'd e\\ f \"\\x\"",
        "shell = 1\nargs = a'b \"c d\" '' ; | $HOME é",
        "args = $WID",
        "use_sockets = 1\nargs = $(circus.use_fds) $(circus.sockets.WEB) $(circus.cmd) $(circus.executable) $(circus.stop_signal) $(circus.env.home) $(circus.graceful_timeout) $(circus.stdout_stream_conf.filename) $(circus.name) $(circus.priority) $(circus.max_age)",
    ] {
        comparison.file(&format!("[circus]\n[watcher:x]\ncmd = x\n{body}\n"));
    }
    comparison.file("[circus]\n[watcher:x]\nargs = a\n");
    comparison.file("[circus]\n[watcher:x]\ncmd = 'open\n");
    comparison.end();
}

#[test]
fn environments_come_from_the_same_places() {
    let mut comparison = Comparison::start();
    for text in [
        "[env]\nA = $HOME\nB = $(circus.env.a)\nHOME = /other\n[watcher:x]\ncmd = $(circus.env.A) $(circus.env.home)\n",
        "[env]\nHOME = /other\n[watcher:x]\ncopy_env = 1\ncmd = $(circus.env.HOME)\nnumprocesses = $(circus.env.NUMBER)\n",
        "[env:x]\nA = $(circus.env.HOME)\nNUMBER = 9\n[watcher:x]\ncmd = $(circus.env.A) $(circus.env.NUMBER)\nnumprocesses = $(circus.env.NUMBER)\n",
        "[env:x*, [ab]?]\nA = 1\nB = ${HOME} $HOMEx $HOME-x $_ $1 $A $Mixed $MixeD $EMPTY.\n[env:*]\nA = 2\n[env:X*]\nA = 3\n[watcher:xy]\ncmd = a\n[watcher:az]\ncmd = a\n[watcher:c]\ncmd = a\n",
        "[env:]\nA = 1\n[env: x , ]\nB = 1\n[watcher:x]\ncmd = a\n[watcher:]\ncmd = b\n",
        "[DEFAULT]\nD = 1\n[env]\nA = 1\n[env:x]\nB = 2\n[watcher:x]\ncmd = a\n[socket:s]\nport = 1\n",
        "[env]\n[watcher:x]\ncmd = a\ncopy_env = 1\n",
        "[watcher:x]\ncmd = a\nenv = y\n",
        "[env]\nSpaced Name = 1\nA=  b  \n[watcher:x]\ncmd = a\n",
    ] {
        comparison.file(text);
    }
    comparison.end();
}

#[test]
fn sockets_and_plugins_are_read_the_same() {
    let mut comparison = Comparison::start();
    for body in [
        "port = 0",
        "port = x",
        "port =",
        "host = a\nfamily = AF_NOPE",
        "type = nope",
        "type = sock_seqpacket\nfamily = af_inet6",
        "path = a.sock",
        "path = a.sock\numask = 022",
        "path = a.sock\numask = x",
        "backlog = x",
        "so_reuseport = maybe",
        "replace = maybe",
        "replace = 1\npath = $(circus.env.HOME)/x",
        "blocking = maybe",
        "blocking = 1",
        "proto = tcp",
        "proto = nope",
        "name = other\nport = 1",
        "unknown = 1",
        "interface = lo",
    ] {
        comparison.file(&format!("[socket:S]\n{body}\n"));
    }
    comparison.file("[socket:a]\nport = 1\n[socket:B socket:C]\nport = 2\n[socket:]\nport = 3\n");
    for body in [
        "use = circus.plugins.flapping.Flapping\npriority = 3",
        "use = x\npriority = x",
        "use = x\nname = y\nwindow = 1 ; s",
    ] {
        comparison.file(&format!("[plugin:P]\n{body}\n[plugin:A]\nuse = z\n"));
    }
    comparison.end();
}

#[test]
fn includes_extend_and_the_first_value_wins() {
    let mut comparison = Comparison::start();
    let cases: [(&str, &[(&str, &str)]); 7] = [
        (
            "[circus]\ninclude = more.ini\n[watcher:x]\ncmd = a\n",
            &[("more.ini", "[watcher:x]\ncmd = b\nargs = c\n  d\n[watcher:y]\ncmd = e\n")],
        ),
        (
            "[circus]\ninclude_dir = conf.d\n",
            &[
                ("conf.d/one.ini", "[watcher:x]\ncmd = b\n[circus]\ncheck_delay = 7\n"),
                ("conf.d/no.conf", "[watcher:z]\ncmd = c"),
            ],
        ),
        (
            "[circus]\ninclude = a.ini   conf.d/*.ini\n  b.ini nothing*\n",
            &[
                ("a.ini", "[watcher:a]\ncmd=1\n[circus]\ninclude = c.ini\n"),
                ("b.ini", "[watcher:b]\ncmd=2"),
                ("c.ini", "[watcher:c]\ncmd=3"),
                ("conf.d/d.ini", "[watcher:d]\ncmd=4"),
            ],
        ),
        ("[circus]\ninclude = a.ini\n", &[("a.ini", "no section")]),
        ("[circus]\ninclude = a.ini\n", &[("a.ini", "[x]\nnonsense\n[y")]),
        ("[circus]\ninclude = $(circus.env.NUMBER).ini\n", &[("3.ini", "[watcher:three]\ncmd=3")]),
        (
            "[circus]\ninclude_dir = conf.d/\n[env]\nA=1",
            &[("conf.d/x.ini", "[env]\nA=2\nB=3\n[watcher:x]\ncmd = $(circus.env.A)$(circus.env.B)")],
        ),
    ];
    for (text, files) in cases {
        let place = files
            .iter()
            .fold(Place::new().with("circus.ini", text), |place, (path, text)| place.with(path, text));
        for question in [Question::Read, Question::Watchers, Question::Command] {
            comparison.ask(&place, &question, text);
        }
    }
    comparison.ask(&Place::new(), &Question::Read, "no file");
    for bytes in [&b"[circus]\nx = \xff\n"[..], b"\x80", b"a\xc3", b"[c]\na=\xe2\x82x"] {
        comparison.ask(&Place::new().with("circus.ini", bytes), &Question::Read, "no UTF-8");
    }
    comparison.end();
}

/// Lines of the dialect, and lines that are nearly some.
fn line() -> impl Strategy<Value = String> {
    let key = select(vec![
        "cmd",
        "args",
        "numprocesses",
        "shell",
        "copy_env",
        "stop_signal",
        "uid",
        "graceful_timeout",
        "max_age",
        "free.x",
        "rlimit_core",
        "shell_args",
        "stderr_stream.filename",
        "A",
        "B",
        "port",
        "use",
        "name",
        "check_delay",
        "DEFAULT",
        "rem",
    ]);
    let value = prop_oneof![
        select(vec![
            "",
            "1",
            "2",
            "True",
            "no",
            "TERM",
            "root",
            "$(circus.env.HOME)",
            "((circus.env.a))",
            "$(circus.wid)",
            "$(circus.args)",
            "$A",
            "$HOME/x",
            "StdoutStream",
            "x.log",
            "a 'b c'",
            "a ; b",
            "\"\"",
            "'",
            "\\",
            "$(circus.sockets.Web)",
            "$(circus.cmd)",
            "$(circus.env.B) x",
        ])
        .prop_map(str::to_owned),
        "[ a-c;#=:$()'\"\\\\]{0,10}",
    ];
    let separator = select(vec!["=", " = ", ":", " : ", "  =", "= "]);
    prop_oneof![
        6 => (key, separator, value.clone()).prop_map(|(key, separator, value)| format!("{key}{separator}{value}")),
        2 => (select(vec![" ", "\t", "    "]), value).prop_map(|(space, value)| format!("{space}{value}")),
        2 => select(vec!["[circus]", "[env]", "[DEFAULT]", "[watcher:x]", "[watcher:y z]", "[socket:Web]", "[env:x]", "[env:*,y*]", "[other]"]).prop_map(str::to_owned),
        1 => select(vec!["StdoutStream", "FileStream", "Nope", "x.log"]).prop_map(|class| format!("stdout_stream.class = {class}")),
        1 => select(vec!["", "# c", "; c", " # c", "rem x", "Rem", "nonsense", "[", "[]", "[watcher:x"]).prop_map(str::to_owned),
    ]
}

#[test]
fn files_made_by_chance_say_the_same() {
    let mut reference = Reference::start();
    let mut runner =
        TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
    let questions = [Question::Read, Question::Watchers, Question::Sockets, Question::Command];
    let files = (vec(line(), 0..14), select(vec!["", "[circus]", "[watcher:x]", "[watcher:x]\ncmd = a"]));
    let reference = std::cell::RefCell::new(&mut reference);
    let outcome = runner.run(&files, |(lines, head)| {
        let text = format!("{head}\n{}\n", lines.join("\n"));
        let place = Place::new().with("circus.ini", &text);
        for question in &questions {
            let (theirs, ours) = (reference.borrow_mut().ask(&place, question), question.ours(&place));
            if !same(&theirs, &ours) {
                let (theirs, ours) = narrowed(&theirs, &ours);
                return Err(TestCaseError::fail(format!(
                    "{text}\n{question:?}\n  circus: {theirs}\n  ours:   {ours}"
                )));
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// How many files chance makes; more if somebody has the time.
fn cases() -> u32 {
    std::env::var("MINDER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

/// Values of every kind.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-3),
        json!(2.5),
        json!(""),
        json!("x"),
        json!("7"),
        json!("yes"),
        json!("a'b"),
        json!([]),
        json!(["a", 1]),
        json!({}),
        json!({"A": "b"}),
        json!({"A": 1}),
        json!({"before_start": "os.path.exists"}),
        json!({"nope": "x"}),
        json!({"class": "StdoutStream"}),
        json!({"filename": "a.log"}),
        json!({"class": "FileStream", "filename": "a.log", "max_bytes": 10}),
    ]
}

const KEYS: [&str; 44] = [
    "numprocesses",
    "warmup_delay",
    "working_dir",
    "uid",
    "gid",
    "send_hup",
    "stop_signal",
    "stop_children",
    "shell",
    "env",
    "cmd",
    "args",
    "copy_env",
    "retry_in",
    "max_retry",
    "graceful_timeout",
    "stdout_stream",
    "stderr_stream",
    "max_age",
    "max_age_variance",
    "respawn",
    "singleton",
    "hooks",
    "close_child_stdin",
    "close_child_stdout",
    "close_child_stderr",
    "stdout_stream.filename",
    "stderr_stream.max_bytes",
    "stdout_stream.",
    "stdout_streams",
    "hooks.before_start",
    "hooks.nope",
    "hooks.",
    "rlimit_nofile",
    "rlimit_CORE",
    "rlimit_nope",
    "rlimit_",
    "priority",
    "use_sockets",
    "autostart",
    "nope",
    "",
    "it's",
    "stdout_stream.class",
];

#[test]
fn messages_are_refused_with_the_same_words() {
    let mut comparison = Comparison::start();
    let place = Place::new();
    for key in KEYS {
        for value in values() {
            comparison.ask(&place, &Question::Validate(key.to_owned(), value), key);
        }
    }
    for key in KEYS {
        for text in [
            "",
            "5",
            "-1",
            "x",
            "1.5",
            "yes",
            "FALSE",
            "TERM",
            "A=b,C=d",
            "before_start:os.path,after_stop:x",
            "nope:x",
            "before_start",
            "a:b:c",
            ",before_start:x,",
        ] {
            // The original cannot convert an environment at all.
            if key != "env" {
                comparison.ask(&place, &Question::Convert(key.to_owned(), text.to_owned()), key);
            }
        }
    }
    comparison.end();
}

#[test]
fn a_client_adds_the_same_watcher() {
    let mut comparison = Comparison::start();
    let place = Place::new();
    let ask = |comparison: &mut Comparison, added: Added, what: &str| {
        comparison.ask(&place, &Question::Add(added.clone()), what);
        comparison.ask(&place, &Question::AddedCommand(added), what);
    };
    let added = |options: Value| Added { cmd: json!("sleep $(circus.wid) 1"), args: Value::Null, options };
    ask(&mut comparison, added(json!({})), "no options");
    for args in [json!(null), json!(""), json!("a 'b c'"), json!(["a b", "$(circus.wid)", ""]), json!([])] {
        let added = Added { cmd: json!("echo $(circus.args)"), args, options: json!({"copy_env": true}) };
        ask(&mut comparison, added, "args");
    }
    for key in KEYS {
        for value in values() {
            if deviates_when_added(key, &value) {
                continue;
            }
            ask(&mut comparison, added(json!({key: value})), key);
        }
    }
    for options in [
        json!({"copy_env": true, "env": {"HOME": "$HOME/x", "A": "$(circus.wid)"}}),
        json!({"env": {"A": "b"}, "stdout_stream": {"class": "FileStream", "filename": "x.log", "max_bytes": "12", "backup_count": 2}}),
        json!({"singleton": true, "numprocesses": 3}),
        json!({"singleton": true, "numprocesses": true}),
        json!({"shell": true, "numprocesses": 2, "graceful_timeout": 3, "warmup_delay": 1}),
        json!({"hooks": {"before_start": ["os.path.exists", true], "after_stop": ["os.path.isdir", false]}}),
        json!({"hooks": {"before_start": ["os.path.exists"]}}),
        json!({"hooks": {"before_start": 5}}),
        json!({"uid": "root", "gid": "daemon"}),
        json!({"uid": 1}),
        json!({"uid": "nobody-knows"}),
        json!({"gid": "nobody-knows"}),
        json!({"stdout_stream": {"class": "TimedRotatingFileStream", "filename": "t.log", "rotate_when": "H", "rotate_interval": 2}}),
        json!({"stdout_stream": {"class": 5}}),
        json!([]),
        json!("x"),
    ] {
        ask(&mut comparison, added(options), "options");
    }
    comparison.end();
}

/// What the original cannot do, or does only later: see `docs/from-circus.md`.
fn deviates_when_added(key: &str, value: &Value) -> bool {
    match key {
        // It crashes on every limit but null.
        "rlimit_nofile" | "rlimit_CORE" => !value.is_null(),
        // It notices at the first spawn.
        "working_dir" => !value.is_string() && !value.is_null(),
        // It shows what is no truth, or no number, as it was sent.
        "singleton" => !value.is_boolean(),
        "warmup_delay" => value.is_boolean(),
        "uid" | "gid" | "stop_signal" => value.is_boolean(),
        _ => false,
    }
}

#[test]
fn a_client_changes_a_watcher_to_the_same_effect() {
    let mut comparison = Comparison::start();
    let place = Place::new();
    for key in KEYS {
        for value in values() {
            if deviates_when_changed(key, &value) {
                continue;
            }
            let options =
                json!({"singleton": true, "stdout_stream": {"class": "FileStream", "filename": "s.log"}});
            let changes = vec![(key.to_owned(), value)];
            comparison.ask(&place, &Question::Change { options, changes }, key);
        }
    }
    for (options, changes) in [
        (
            json!({"numprocesses": 2}),
            json!([["numprocesses", 5], ["numprocesses", -2], ["numprocesses", true]]),
        ),
        (json!({"singleton": true}), json!([["numprocesses", 2], ["numprocesses", 1]])),
        (json!({"retry_in": 5}), json!([["retry_in", 6]])),
        (json!({}), json!([["retry_in", 6], ["max_retry", 9], ["respawn", false], ["rlimit_nofile", 5]])),
        (
            json!({}),
            json!([["uid", "root"], ["gid", "0"], ["uid", "nobody-knows"], ["gid", 99999], ["uid", 1]]),
        ),
        (json!({}), json!([["stdout_stream.filename", "a.log"]])),
        (
            json!({}),
            json!([
                ["hooks.before_start", "os.path.exists,true"],
                ["hooks.before_start", "os.path.isdir"],
                ["hooks.after_stop", "os.path.isdir,maybe"]
            ]),
        ),
        (
            json!({"copy_env": true}),
            json!([["env", {"A": "b"}], ["working_dir", "/"], ["args", ["a"]], ["cmd", "x"]]),
        ),
    ] {
        let changes = serde_json::from_value(changes).expect("pairs");
        comparison.ask(&place, &Question::Change { options, changes }, "changes");
    }
    comparison.end();
}

/// See `docs/from-circus.md`.
fn deviates_when_changed(key: &str, value: &Value) -> bool {
    match key {
        // A file name that is a number is an open descriptor to it, which it closes. One that it refuses, it keeps.
        "stdout_stream.filename" => !value.is_string() || value == "",
        // It notices at the first spawn.
        "working_dir" | "cmd" => !value.is_string(),
        "args" => !(value.is_string() || value.is_null() || *value == json!([])),
        // It imports what a hook names, which is the work of the hooks here.
        _ => key.starts_with("hooks.") && value.is_string(),
    }
}

#[test]
fn messages_made_by_chance_come_to_the_same() {
    let mut reference = Reference::start();
    let mut runner =
        TestRunner::new(Config { cases: cases(), failure_persistence: None, ..Config::default() });
    let place = Place::new();
    let pair = || (select(KEYS.to_vec()), select(values()));
    let added = pair().prop_filter("alike", |(key, value)| !deviates_when_added(key, value));
    // A stream forgets its class there, and keeps a key that it has refused.
    let changed = pair()
        .prop_filter("alike", |(key, value)| !deviates_when_changed(key, value) && !key.contains("_stream."));
    let messages = (vec(added, 0..4), vec(changed, 1..5));
    let reference = std::cell::RefCell::new(&mut reference);
    let outcome = runner.run(&messages, |(options, changes)| {
        let options = options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let changes = changes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let question = Question::Change { options, changes };
        let (theirs, ours) = (reference.borrow_mut().ask(&place, &question), question.ours(&place));
        if same(&theirs, &ours) {
            return Ok(());
        }
        let (theirs, ours) = narrowed(&theirs, &ours);
        Err(TestCaseError::fail(format!("{question:?}\n  circus: {theirs}\n  ours:   {ours}")))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

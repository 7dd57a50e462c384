//! Our reader of `supervisord.conf` against the real one: the same file, the same settings or the same text of refusal.
//!
//! The real Supervisor runs in one Python process a test (`conf/reference.py`). The tables below are the cases; the matrices
//! put many values of a kind into a setting of that kind.
//!
//! Long because most of it is tables of texts.

mod conf;

use conf::{Case, Place, Reference, ours};
use minder_supervisord::conf::overrides::{Given, Overrides};
use minder_supervisord::conf::types::LogLevel;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use proptest::{collection::vec, prelude::*, sample::select};

/// Compares all cases and shows every difference, not only the first.
fn check(cases: &[Case]) {
    let mut reference = Reference::start();
    let differences: Vec<String> = cases.iter().filter_map(|case| difference(&mut reference, case)).collect();
    let count = differences.len();
    assert!(count == 0, "{count} of {} differ:\n\n{}", cases.len(), differences.join("\n\n"));
}

fn difference(reference: &mut Reference, case: &Case) -> Option<String> {
    let place = Place::of(case);
    let (theirs, ours) = (reference.ask(&place, case), ours(&place, case));
    if theirs == ours {
        return None;
    }
    if bearable(&theirs, &ours) {
        return None;
    }
    let text = String::from_utf8_lossy(&case.files[0].1);
    let (theirs, ours) = narrowed(&theirs, &ours);
    Some(format!("--- {}\n{text}\n  supervisor: {theirs}\n  ours:       {ours}", case.name))
}

/// Differences that cannot be avoided.
fn bearable(theirs: &serde_json::Value, ours: &serde_json::Value) -> bool {
    let Some(text) = ours["refused"].as_str() else { return false };
    // Where the original dies of an exception that it does not expect, there is nothing to be equal to.
    theirs.get("crashed").is_some()
        // It takes any object of any Python module and fails later, or not at all; we have none of them.
        || text.contains(" cannot be resolved within [")
        // Of several unknown events it names any.
        || text.starts_with("Unknown event type") && theirs["refused"].as_str().is_some_and(|theirs| theirs.starts_with("Unknown event type"))
}

/// Only what differs of two accepted readings.
fn narrowed(theirs: &serde_json::Value, ours: &serde_json::Value) -> (serde_json::Value, serde_json::Value) {
    let (Some(a), Some(b)) = (theirs.as_object(), ours.as_object()) else {
        return (theirs.clone(), ours.clone());
    };
    let keys: Vec<&String> = a.keys().chain(b.keys()).filter(|key| a.get(*key) != b.get(*key)).collect();
    match keys.first() {
        Some(key) if a.contains_key(*key) && b.contains_key(*key) => narrowed(&a[*key], &b[*key]),
        _ => (theirs.clone(), ours.clone()),
    }
}

/// A file with one program that has one more line.
fn program(line: &str) -> String {
    format!("[supervisord]\n[program:web]\ncommand=/bin/cat\n{line}\n")
}

/// The lists of texts that `conf/texts.txt` holds.
const TEXTS: &str = include_str!("conf/texts.txt");

/// The list of that name, without escapes.
fn texts(name: &str) -> Vec<String> {
    let lines = TEXTS.lines().skip_while(|line| line.strip_prefix("@ ") != Some(name)).skip(1);
    let texts: Vec<String> = lines
        .take_while(|line| !line.starts_with('@'))
        .filter_map(|line| line.strip_prefix('|'))
        .map(unescaped)
        .collect();
    assert!(!texts.is_empty(), "no list {name}");
    texts
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    let code =
        |digits: String| u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).expect("a character");
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('0')) => out.push('\0'),
            ('\\', Some('x')) => out.push(code(chars.by_ref().take(2).collect())),
            ('\\', Some('u')) => out.push(code(chars.by_ref().skip(1).take_while(|c| *c != '}').collect())),
            ('\\', Some(c)) => out.push(c),
            (c, _) => out.push(c),
        }
    }
    out
}

#[test]
fn every_line_is_cut_as_the_original_cuts_it() {
    let mut cases = Vec::new();
    for value in texts("continuations") {
        let file = format!("[supervisord]\n[program:web]\ncommand={value}\n");
        cases.push(Case::new(format!("command={value:?}"), file));
        let file = format!("[supervisord]\n[program:web]\ncommand :{value}\nuser=root");
        cases.push(Case::new(format!("command :{value:?}"), file));
    }
    cases.extend(texts("files").into_iter().map(|text| Case::new(format!("file {text:?}"), text)));
    check(&cases);
}

#[test]
fn files_that_are_no_utf8_are_refused_with_the_same_text() {
    let long = |length: usize| "[supervisord]\n".to_owned() + &"; comment\n".repeat(length);
    let tails: [&[u8]; 12] = [
        b"\xff",
        b"a\x80b",
        b"\xc3",
        b"\xe2\x82",
        b"\xe2\x82x",
        b"\xf0\x9f\x98",
        b"\xf0\x9f\x98z",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf5\x80",
        b"\xe0\x80\x80",
        b"\xf4\x90\x80\x80",
    ];
    let mut cases = Vec::new();
    for tail in tails {
        for head in [
            String::new(),
            long(1),
            long(2000),
            long(816) + "xxxxxxxxxxxxxxx",
            long(816) + "; xxxxxxxxxxxxxxxxx",
        ] {
            let bytes = [head.as_bytes(), tail].concat();
            cases.push(Case::new(format!("{} bytes and {tail:?}", head.len()), bytes));
        }
    }
    for pad in 8180..8196 {
        let bytes =
            ["[supervisord]\n;".as_bytes(), "x".repeat(pad - 15).as_bytes(), b"\xe2\x82\xff\n"].concat();
        cases.push(Case::new(format!("a bad character at {pad}"), bytes));
    }
    cases.push(Case::new(
        "an earlier line wins",
        [b"foo\n".as_slice(), long(2000).as_bytes(), b"\xff"].concat(),
    ));
    cases.push(Case::new("but not within the chunk", b"foo\n\xff".to_vec()));
    check(&cases);
}

#[test]
fn every_expansion_gives_the_same_text() {
    let mut cases = Vec::new();
    for value in texts("expansions") {
        let numbered = "[supervisord]\n[program:w\u{e9}b]\nnumprocs_start=65\nprocess_name=p";
        cases.push(Case::new(format!("command {value:?}"), format!("{numbered}\ncommand={value}\n")));
        cases.push(Case::new(
            format!("stdout_logfile {value:?}"),
            program(&format!("stdout_logfile={value}")),
        ));
        cases
            .push(Case::new(format!("identifier {value:?}"), format!("[supervisord]\nidentifier={value}\n")));
        let both = format!("environment=A=\"{value}\"\ndirectory=%(ENV_A)s");
        cases.push(Case::new(format!("environment {value:?}"), program(&both)));
        let daemon = format!("[supervisord]\nenvironment=A=\"{value}\"\n");
        cases.push(Case::new(format!("daemon environment {value:?}"), daemon));
    }
    for line in [
        "process_name=%(program_name)s_%(process_num)02d",
        "process_name=%(nope)s",
        "process_name=x%",
        "user=%(program_name)s",
        "startsecs=%(process_num)d",
        "startsecs=%(ENV_ONE)s",
        "startsecs=%(numprocs)s",
        "priority=%(nope)s",
        "priority=%(group_name)s",
        "stdout_logfile=%%(program_name)s.log",
        "stdout_logfile=%%%%.log",
        "stderr_logfile=%%(nope)s",
        "autostart=%(ENV_ONE)s",
        "stdout_logfile_maxbytes=%(process_num)dMB",
        "serverurl=%(ENV_ONE)s",
        "umask=0%(ENV_ONE)s",
        "stopsignal=%(ENV_ONE)s",
    ] {
        cases.push(Case::new(line, program(line)));
        cases.push(Case::new(format!("3 x {line}"), program(&format!("numprocs=3\n{line}"))));
    }
    check(&cases);
}

/// Which list of texts each key of a program is given.
const PROGRAM_KEYS: [(&str, &str); 23] = [
    ("startsecs", "integers"),
    ("numprocs_start", "integers"),
    ("priority", "integers"),
    ("stopwaitsecs", "integers"),
    ("startretries", "integers"),
    ("stdout_logfile_backups", "integers"),
    ("autostart", "booleans"),
    ("autorestart", "booleans"),
    ("stdout_syslog", "booleans"),
    ("stopasgroup", "booleans"),
    ("killasgroup", "booleans"),
    ("redirect_stderr", "booleans"),
    ("stderr_events_enabled", "booleans"),
    ("stdout_capture_maxbytes", "sizes"),
    ("stdout_logfile_maxbytes", "sizes"),
    ("stderr_logfile_maxbytes", "sizes"),
    ("umask", "octals"),
    ("stopsignal", "signals"),
    ("exitcodes", "exit codes"),
    ("stdout_logfile", "paths"),
    ("stderr_logfile", "paths"),
    ("user", "users"),
    ("directory", "directories"),
];

/// Which list of texts each key of the daemon is given.
const DAEMON_KEYS: [(&str, &str); 15] = [
    ("minfds", "integers"),
    ("minprocs", "integers"),
    ("nodaemon", "booleans"),
    ("silent", "booleans"),
    ("nocleanup", "booleans"),
    ("strip_ansi", "booleans"),
    ("logfile_maxbytes", "sizes"),
    ("logfile_backups", "integers"),
    ("umask", "octals"),
    ("loglevel", "levels"),
    ("logfile", "paths"),
    ("pidfile", "paths"),
    ("user", "users"),
    ("directory", "directories"),
    ("childlogdir", "directories"),
];

#[test]
fn every_kind_of_value_accepts_the_same_texts() {
    let mut cases = Vec::new();
    for (key, list) in PROGRAM_KEYS {
        cases.extend(texts(list).iter().map(|value| Case::new(key, program(&format!("{key}={value}")))));
    }
    for (key, list) in DAEMON_KEYS {
        cases.extend(
            texts(list).iter().map(|value| Case::new(key, format!("[supervisord]\n{key}={value}\n"))),
        );
    }
    for line in
        ["serverurl=AUTO", "serverurl=auto ", "serverurl=", "serverurl=http://x:1", "serverurl=no url"]
    {
        cases.push(Case::new(line, program(line)));
    }
    for name in ["a b", "a:b", "a/b", "", "x", "'q /'", "\u{e9}"] {
        cases.push(Case::new(name, program(&format!("process_name={name}"))));
    }
    for number in ["0", "1", "2", "-1", "x", ""] {
        cases.push(Case::new(number, program(&format!("numprocs={number}"))));
    }
    for name in ["", "x y", "%(here)s", "%(host_node_name)s"] {
        cases.push(Case::new(name, format!("[supervisord]\nidentifier={name}\n")));
    }
    check(&cases);
}

#[test]
fn every_environment_is_cut_into_the_same_variables() {
    let mut cases = Vec::new();
    for value in texts("environments") {
        cases.push(Case::new(format!("program {value:?}"), program(&format!("environment={value}"))));
        let other = "[program:x]\ncommand=y\nenvironment=A=z\n";
        let daemon = format!("[supervisord]\nenvironment={value}\n{other}");
        cases.push(Case::new(format!("daemon {value:?}"), daemon));
    }
    check(&cases);
}

#[test]
fn every_section_means_the_same() {
    // The same behind and before another mistake shows which of the two comes first.
    let others = [
        ("", ""),
        ("umask=9", ""),
        ("", "[program:zz]\ncommand=x\nstartsecs=x\n"),
        ("", "[unix_http_server:zz]\n"),
    ];
    let mut cases = Vec::new();
    for text in texts("sections") {
        for (daemon, behind) in others {
            let file = format!("[supervisord]\n{daemon}\n{text}\n{behind}");
            cases.push(Case::new(format!("{text:?} with {daemon:?}, {behind:?}"), file));
        }
    }
    check(&cases);
}

#[test]
fn included_files_are_found_and_merged_in_the_same_way() {
    let main = "[supervisord]\nidentifier=%(here)s\n[include]\nfiles=conf.d/*.conf\n";
    let cases = [
        Case::new("two files in order", main)
            .with("conf.d/b.conf", "[program:b]\ncommand=%(here)s/b\n")
            .with("conf.d/a.conf", "[program:a]\ncommand=a\n[program:b]\ncommand=from a\ndirectory=/x\n"),
        Case::new("a mistake in an included section", main).with("conf.d/a.conf", "[program:a]\nstartsecs=x\n"),
        Case::new("a mistake in an extended section", main.to_owned() + "[program:a]\ncommand=x\n").with("conf.d/a.conf", "[program:a]\nstartsecs=x\n"),
        Case::new("a line that is not understood", main).with("conf.d/a.conf", "[program:a]\nfoo\n"),
        Case::new("no section", main).with("conf.d/a.conf", "foo=bar\n"),
        Case::new("no utf8", main).with("conf.d/a.conf", b"[a]\n\xff".to_vec()),
        Case::new("a directory", main).with("conf.d/a.conf/x", ""),
        Case::new("hidden", main).with("conf.d/.a.conf", "[program:a]\ncommand=x\n").with("conf.d/b.conf", ""),
        Case::new("recursion is none", main).with("conf.d/a.conf", "[include]\nfiles=other.conf\n[program:a]\ncommand=x\n").with("other.conf", "[program:o]\ncommand=x\n"),
        Case::new("supervisord in an included file", "[include]\nfiles=a.conf\n").with("a.conf", "[supervisord]\nidentifier=x\n"),
        Case::new("no supervisord", "[include]\nfiles=a.conf\n").with("a.conf", "[program:x]\ncommand=x\n"),
        Case::new("defaults and here", "[DEFAULT]\ndirectory=%(here)s\n".to_owned() + main).with("conf.d/a.conf", "[DEFAULT]\ndirectory=/other\n[program:a]\ncommand=x\n"),
        Case::new("classes", "[supervisord]\n[include]\nfiles=[ab].conf ?.ini [!a].cfg [x\n").with("a.conf", "[program:a]\ncommand=1\n").with("b.conf", "[program:b]\ncommand=1\n").with("c.conf", "[program:c]\ncommand=1\n").with("d.ini", "[program:d]\ncommand=1\n").with("a.cfg", "[program:e]\ncommand=1\n").with("b.cfg", "[program:f]\ncommand=1\n").with("[x", "[program:g]\ncommand=1\n"),
        Case::new("directories by pattern", "[supervisord]\n[include]\nfiles=*/x.conf l*s/ **/*.conf d/*/\n").with("d/x.conf", "[program:a]\ncommand=1\n").with("e/y.conf", "[program:b]\ncommand=1\n").with("d/e/x.conf", "[program:c]\ncommand=1\n"),
        Case::new("the same file twice", "[supervisord]\n[include]\nfiles=a.conf ./a.conf\n  b.conf\n").with("a.conf", "[program:a]\ncommand=1\n").with("b.conf", "[program:a]\ncommand=2\n"),
        Case::new("here in a subdirectory", "[supervisord]\n[include]\nfiles=conf.d/../conf.d/*.conf %(here)s/z.conf\n[program:m]\ncommand=%(here)s\n").with("conf.d/a.conf", "[program:a]\ncommand=%(here)s\n[program:m]\ndirectory=%(here)s\n").with("z.conf", "[program:z]\ncommand=%%(here)s\n"),
        Case::new("a percent sign in the path", main).with("conf.d/50%.conf", "[program:a]\ncommand=x\nstartsecs=y"),
        Case::new("a quote in the path", main).with("conf.d/it's.conf", "[program:a]\ncommand=x\nstartsecs=y"),
    ];
    check(&cases);
}

/// The options of the command line, and what they are converted to.
fn options() -> [(&'static str, Overrides); 16] {
    let given = Some(Given);
    let none = Overrides::default;
    let text = |text: &str| Some(text.to_owned());
    [
        ("-n", Overrides { nodaemon: given, ..none() }),
        ("-s", Overrides { silent: given, ..none() }),
        ("-k", Overrides { nocleanup: given, ..none() }),
        ("-t", Overrides { strip_ansi: given, ..none() }),
        ("-u nobody", Overrides { user: text("nobody"), ..none() }),
        ("-u zz", Overrides { user: text("zz"), ..none() }),
        ("-m 077", Overrides { umask: Some(0o77), ..none() }),
        ("-d /", Overrides { directory: text("/"), ..none() }),
        ("-l x/../y.log", Overrides { logfile: text("x/../y.log"), ..none() }),
        ("-y 1MB", Overrides { logfile_maxbytes: Some(1 << 20), ..none() }),
        ("-z 3", Overrides { logfile_backups: Some(3), ..none() }),
        ("-e debug", Overrides { loglevel: Some(LogLevel::Debug), ..none() }),
        ("-j z.pid", Overrides { pidfile: text("z.pid"), ..none() }),
        ("-i me", Overrides { identifier: text("me"), ..none() }),
        ("-q /", Overrides { childlogdir: text("/"), ..none() }),
        ("-a 5 --minprocs 6", Overrides { minfds: Some(5), minprocs: Some(6), ..none() }),
    ]
}

#[test]
fn the_command_line_wins_over_the_file() {
    let mut cases = Vec::new();
    let mistaken = "[supervisord]\nuser=zz\nloglevel=x\n";
    for file in ["[supervisord]\n", EVERYTHING, mistaken, "[supervisord]\nuser=zz\nlogfile=\n"] {
        for (arguments, overrides) in options() {
            // The directory of a log file has to exist for the original to take the path.
            let mut case = Case::new(arguments, file).with("x/keep", "");
            case.arguments = arguments.split(' ').map(str::to_owned).collect();
            case.overrides = overrides;
            cases.push(case);
        }
    }
    check(&cases);
}

/// A file that uses everything, for mutations to start from.
const EVERYTHING: &str = include_str!("conf/everything.conf");

#[test]
fn files_with_random_damage_are_accepted_or_refused_alike() {
    let reference = std::cell::RefCell::new(Reference::start());
    let count = u32::try_from(mutations()).unwrap_or(400);
    let mut runner = TestRunner::new(Config { cases: count, failure_persistence: None, ..Config::default() });
    let lines: Vec<String> = EVERYTHING.lines().map(str::to_owned).collect();
    let snippets = [
        "%",
        "%%",
        "%(",
        "%(here)s",
        "%(nope)s",
        "%(process_num)d",
        "\n",
        " ",
        "\t",
        ";",
        "#",
        " ;",
        " #",
        "[",
        "]",
        "=",
        ":",
        ",",
        "'",
        "\"",
        "0",
        "-1",
        "x",
        "\u{e9}",
        "\r",
        "\n ",
        "true",
        "program:",
        "group:",
        "/",
        "~",
        "\\",
        "1",
    ];
    let mutation =
        (0..6_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), select(snippets.to_vec()));
    let result = runner.run(&vec(mutation, 1..5), |mutations| {
        let mut lines = lines.clone();
        for (what, one, two, snippet) in mutations {
            mutate(&mut lines, what, (&one, &two), snippet);
        }
        let case = Case::new("damaged", lines.join("\n"));
        match difference(&mut reference.borrow_mut(), &case) {
            None => Ok(()),
            Some(text) => Err(TestCaseError::fail(text)),
        }
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Fragments of values, of environments and of whole files, to be put together at random.
const FORMATS: [&str; 26] = [
    "%",
    "%",
    "%",
    "(",
    ")",
    "(process_num)",
    "(here)",
    "(program_name)",
    "(nope)",
    "s",
    "d",
    "x",
    "0",
    "5",
    "-",
    "+",
    " ",
    "#",
    ".",
    "*",
    "r",
    "c",
    "f",
    "g",
    "e",
    "a",
];
const VARIABLES: [&str; 22] = [
    "A", "B1", "=", "=", "=", ",", ",", "\"", "\"", "'", "'", " ", "\n  ", "#", "/", ":", "-", "\u{e9}",
    "x y", "\\", "%%", "$",
];
const LINES: [&str; 24] = [
    "[supervisord]",
    "[program:a]",
    "[DEFAULT]",
    "\n",
    "\n",
    "\n",
    "\n",
    " ",
    "  ",
    "\t",
    ";",
    "#",
    "=",
    ":",
    "[",
    "]",
    "command",
    "umask",
    "=022",
    "a",
    "\r",
    "\u{a0}",
    "\u{1c}",
    "x",
];

#[test]
fn random_texts_are_accepted_or_refused_alike() {
    let reference = std::cell::RefCell::new(Reference::start());
    let count = u32::try_from(mutations()).unwrap_or(400);
    let mut runner = TestRunner::new(Config { cases: count, failure_persistence: None, ..Config::default() });
    let text =
        |fragments: &[&'static str]| vec(select(fragments.to_vec()), 0..12).prop_map(|parts| parts.concat());
    let texts = (text(&FORMATS), text(&VARIABLES), text(&LINES));
    let result = runner.run(&texts, |(format, variables, lines)| {
        let numbered = "[supervisord]\n[program:a]\nnumprocs_start=65\nprocess_name=p";
        let cases = [
            Case::new("a format", format!("{numbered}\ncommand={format}\n")),
            Case::new("variables", program(&format!("environment={variables}"))),
            Case::new("lines", lines.clone()),
            Case::new("more lines", format!("[supervisord]\n[program:x]\ncommand=x\n{lines}")),
        ];
        match cases.iter().find_map(|case| difference(&mut reference.borrow_mut(), case)) {
            None => Ok(()),
            Some(text) => Err(TestCaseError::fail(text)),
        }
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// How many damaged files are tried; `MINDER_MUTATIONS` asks for more.
fn mutations() -> u64 {
    std::env::var("MINDER_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

fn mutate(
    lines: &mut Vec<String>,
    what: u8,
    at: (&prop::sample::Index, &prop::sample::Index),
    snippet: &str,
) {
    if lines.is_empty() {
        return;
    }
    let line = at.0.index(lines.len());
    let chars: Vec<char> = lines[line].chars().collect();
    let (before, behind) = chars.split_at(at.1.index(chars.len() + 1));
    let (before, behind): (String, String) = (before.iter().collect(), behind.iter().collect());
    match what {
        0 => lines[line] = format!("{before}{snippet}{behind}"),
        1 => lines[line] = before,
        2 => {
            lines.remove(line);
        }
        3 => {
            let other = at.1.index(lines.len());
            lines.swap(line, other);
        }
        4 => {
            let key = lines[line].split_once('=').map_or("", |(key, _)| key);
            lines[line] = format!("{key}={snippet}");
        }
        _ => lines[line] = format!("{snippet}{}", lines[line]),
    }
}

//! Our reader of `supervisord.conf` against the real one: the same file, the same settings or the same text of refusal.
//!
//! The real Supervisor runs in one Python process a test (`conf/reference.py`). The tables below are the cases; the matrices
//! put many values of a kind into a setting of that kind.

mod conf;

use conf::{Case, Place, Reference, ours};
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
    // Where the original dies of an exception that it does not expect, we have nothing to be equal to.
    if theirs.get("crashed").is_some() && ours.get("refused").is_some() {
        return None;
    }
    let text = String::from_utf8_lossy(&case.files[0].1);
    let (theirs, ours) = narrowed(&theirs, &ours);
    Some(format!("--- {}\n{text}\n  supervisor: {theirs}\n  ours:       {ours}", case.name))
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

#[test]
fn every_line_is_cut_as_the_original_cuts_it() {
    let values = [
        "a ;b",
        "a;b",
        ";b",
        " ;b",
        "a #b",
        "a#b",
        "a\t;b",
        "\"a ;b\"",
        "a;b ;c",
        "a;b #c ;d",
        "a#b ;c",
        "a ; b # c",
        "a;b#c;d #e ;f",
        "a\n b",
        "a\n  b\n\n  c",
        "a\n ;x\n b",
        "a\n\n",
        "a\n\n\n b\n",
        "\n a",
        "a\n b ; c\n  d",
        "a\n#x\n b",
        "a\n b=c",
        "a\n [x]",
        "",
        "a\n\t\n b",
        "  a  ",
        "a\x0b",
        "a\u{a0}",
        "\u{3000}a",
        "a\u{85}b",
        "a\u{2028}b",
        "'a'",
        "a=b=c",
        "=a",
        ":a",
        "= a",
        "a\r\n b\r\n",
        "a\rdirectory=/x",
        "a\u{1c};b",
    ];
    let mut cases: Vec<Case> = values
        .iter()
        .flat_map(|value| {
            [
                Case::new(
                    format!("command {value:?}"),
                    format!("[supervisord]\n[program:web]\ncommand={value}\n"),
                ),
                Case::new(
                    format!("command : {value:?}"),
                    format!("[supervisord]\n[program:web]\ncommand :{value}\nuser=root"),
                ),
            ]
        })
        .collect();
    let files = [
        "",
        "\n",
        "foo=bar\n",
        "foo",
        "; only\n# comments\n",
        "[supervisord",
        "[supervisord]",
        "[supervisord] x\n",
        " [supervisord]\n",
        "[ supervisord ]\n",
        "[SUPERVISORD]\n",
        "[supervisord]]\n",
        "[supervisord];x\n",
        "[supervisord] ;x\n",
        "[supervisord]#x]\n",
        "[]\n",
        "[supervisord]\n[]\n",
        "[supervisord]\n[]]\n",
        "[supervisord]\nfoo\n",
        "[supervisord]\nfoo\nbar\n=x\nbaz",
        "[supervisord]\n=x\n  y\n",
        "[supervisord]\n'é\"\u{200b}\n",
        "[supervisord]\n\tfoo\n",
        "[supervisord]\nuser\n\n\n=\n:\n",
        "[supervisord]\n  umask=022\n umask=011\n",
        "[supervisord]\n umask=022\n  nodaemon=true\n",
        "[supervisord]\nUMASK=011\numask=033\n",
        "[supervisord]\r\numask=011\r\nfoo\r\n",
        "[supervisord]\rumask=011\rfoo\r",
        "\u{feff}[supervisord]\n",
        "[supervisord]\nidentifier = ünïcode ☃\n",
        "x\n[supervisord]\n",
        "[DEFAULT]\nnodaemon=true\n[supervisord]\n",
        "[DEFAULT]\nautostart=false\n[supervisord]\n[program:x]\ncommand=y\n",
        "[default]\nnodaemon=true\n[supervisord]\n",
        "[DEFAULT]\nfoo\n[supervisord]\n",
        "[supervisord]\nnodaemon=true\n[program:a]\ncommand=x\n[supervisord]\nsilent=1\n",
        "[program:a]\ncommand=x\n",
        "[supervisorctl]\nserverurl=x\n",
        "[supervisord]\n[program:a]\ncommand=a\n[program:a]\ncommand=b\nstartsecs=3\n",
        "[supervisord]\n\0=1\n",
        "[supervisord]\nidentifier=a\0b\n",
        "[supervisord]\nidentifier=x\n; c\n\n   y\n   ; d\n\n[unknown]\nx=y\n",
        "[supervisord]\n   \nidentifier=x\n   \n\n",
        "[supervisord]\nidentifier=x\n # c\n\t y # z\n",
    ];
    cases.extend(files.iter().map(|text| Case::new(format!("file {text:?}"), *text)));
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
    let values = [
        "%(here)s",
        "%(program_name)s",
        "%(group_name)s",
        "%(host_node_name)s",
        "%(process_num)d",
        "%(process_num)02d",
        "%(numprocs)s",
        "%(ENV_GREETING)s",
        "%(ENV_EMPTY)s",
        "%(ENV_MISSING)s",
        "%(ENV_GREETING)d",
        "%(ENV_ONE)d",
        "%(ENV_PERCENT)s",
        "%%",
        "%%%%",
        "%",
        "a%",
        "%(",
        "%(here",
        "%(here)",
        "%(here)Y",
        "%(here)y x",
        "50%",
        "50% of",
        "%s",
        "%d",
        "%s %s",
        "%r",
        "%x",
        "%5",
        "%(a(b)c)s",
        "%(here)s %s",
        "%(here)%%s",
        "%(here)% %s",
        "%()s",
        "%(nope)d %(",
        "%(nope",
        "%(process_num)5d|",
        "%(process_num)-5d|",
        "%(process_num)+d",
        "%(process_num) d",
        "%(process_num)#x",
        "%(process_num)#06x",
        "%(process_num)o",
        "%(process_num)X",
        "%(process_num)e",
        "%(process_num).2f",
        "%(process_num)g",
        "%(process_num)G",
        "%(process_num)E",
        "%(process_num)F",
        "%(process_num)010.3f",
        "%(process_num)c",
        "%(process_num)r",
        "%(process_num)a",
        "%(process_num).3d",
        "%(process_num)8.3d",
        "%(process_num)ld",
        "%(process_num)hhd",
        "%(process_num)*d",
        "%(program_name)10s|",
        "%(program_name)-10s|",
        "%(program_name).2s",
        "%(program_name)010s",
        "%(program_name)r",
        "%(program_name)a",
        "%(program_name)c",
        "%(program_name)f",
        "%(program_name)x",
        "%(program_name)o",
        "%(program_name)i",
        "%(program_name)u",
        "%(program_name)e",
        "%(program_name)99999999999999999999s",
        "%(program_name).99999999999s",
        "%(program_name).s",
        "%(program_name).*s",
        "%(program_name)\u{e9}",
        "%(program_name)~",
        "%(program_name)\x7f",
        "%(program_name)\t",
        "%(\u{e9})s",
        "%('q')s",
        "%Q",
        "%(program_name)# s",
        "%(program_name)--+05.1s",
        "\u{e9}%(program_name)Z",
        "%(process_num)s%(numprocs)s%%(x)s",
        "%c",
        "%*d",
        "%.*s",
        "%(numprocs)05s|%(numprocs)-05d|",
        "%(process_num)#o",
        "%(process_num)+05d|%(process_num)-+5d|",
        "%(here)s %(",
        "%(ENV_HOME)s%(ENV_)s",
    ];
    let mut cases = Vec::new();
    for value in values {
        cases.push(Case::new(
            format!("command {value:?}"),
            format!(
                "[supervisord]\n[program:w\u{e9}b]\nnumprocs_start=65\nprocess_name=p\ncommand={value}\n"
            ),
        ));
        cases.push(Case::new(
            format!("stdout_logfile {value:?}"),
            program(&format!("stdout_logfile={value}")),
        ));
        cases
            .push(Case::new(format!("identifier {value:?}"), format!("[supervisord]\nidentifier={value}\n")));
        cases.push(Case::new(
            format!("environment {value:?}"),
            program(&format!("environment=A=\"{value}\"\ndirectory=%(ENV_A)s")),
        ));
        cases.push(Case::new(
            format!("daemon environment {value:?}"),
            format!("[supervisord]\nenvironment=A=\"{value}\"\n"),
        ));
    }
    for (key, value) in [
        ("process_name", "%(program_name)s_%(process_num)02d"),
        ("process_name", "%(nope)s"),
        ("process_name", "x%"),
        ("user", "%(program_name)s"),
        ("startsecs", "%(process_num)d"),
        ("startsecs", "%(ENV_ONE)s"),
        ("startsecs", "%(numprocs)s"),
        ("priority", "%(nope)s"),
        ("priority", "%(group_name)s"),
        ("stdout_logfile", "%%(program_name)s.log"),
        ("stdout_logfile", "%%%%.log"),
        ("stderr_logfile", "%%(nope)s"),
        ("autostart", "%(ENV_ONE)s"),
        ("stdout_logfile_maxbytes", "%(process_num)dMB"),
        ("serverurl", "%(ENV_ONE)s"),
        ("umask", "0%(ENV_ONE)s"),
        ("stopsignal", "%(ENV_ONE)s"),
    ] {
        cases.push(Case::new(format!("{key}={value}"), program(&format!("{key}={value}"))));
        cases.push(Case::new(format!("3 x {key}={value}"), program(&format!("numprocs=3\n{key}={value}"))));
    }
    check(&cases);
}

#[test]
fn every_kind_of_value_accepts_the_same_texts() {
    let integers = [
        "5",
        " 5 ",
        "+5",
        "-5",
        "1_000",
        "0x1",
        "1.5",
        "",
        "5s",
        "1__0",
        "_1",
        "00",
        "-0",
        "99999999999999999999",
        "-99999999999999999999999",
        "\u{663}",
        "\u{b2}",
        "1 2",
        "1e3",
        "'5'",
        "\u{ff15}",
        "five",
        "--5",
        "+",
        "5 sec ; x",
        "none",
        "True",
    ];
    let booleans = [
        "yes",
        "TRUE",
        "On",
        "1",
        "no",
        "False",
        "off",
        "0",
        "y",
        "",
        "2",
        " true",
        "tr ue",
        "oui",
        "unexpected",
        "Unexpected",
        "'",
    ];
    let sizes = [
        "5",
        "5KB",
        "5 kb",
        "5MB",
        "1gB",
        "1K",
        "1.5MB",
        "",
        "KB",
        "-1KB",
        "5 bytes",
        "1TB",
        "MB5",
        "5mB ",
        "9999999999999GB",
        "'x'kb",
    ];
    let octals = ["022", "0o22", "22", "8", "", "-22", "0O7", "0o_7", "0b1", "0o", "1_1", "99", "rw"];
    let signals = [
        "TERM",
        "term",
        "SIGHUP",
        "sighup",
        "RTMIN",
        "RTMAX",
        "CLD",
        "POLL",
        "0",
        "1",
        "9",
        "15",
        "32",
        "33",
        "34",
        "35",
        "64",
        "65",
        "-1",
        "",
        "NOPE",
        "_DFL",
        "SIG_IGN",
        "SIG",
        "SIGSIGTERM",
        "IOT",
        "16",
        "7",
        "_BLOCK",
        "STKFLT",
        "0x9",
        "US R1",
        "EMT",
        "usr1",
        "t\u{e9}rm",
    ];
    let codes = ["0", "0,2", "", "0,", "0, 1 ,2", "256", "-1", "a", "1;2", "255", "1,,2", "0 2"];
    let files = [
        "NONE",
        "none",
        "off",
        "AUTO",
        "auto",
        "syslog",
        "SYSLOG",
        "",
        "x.log",
        "logs/x.log",
        "nope/x.log",
        "/nope/x",
        "~/x",
        "~nobody/x",
        "~zz/x",
        "/dev/null",
        "logs/",
        "~",
        "~root",
        "/",
        "//tmp//x",
    ];
    let users = [
        "root",
        "0",
        "nobody",
        "65534",
        "zz",
        "",
        "99999",
        "-1",
        "root:root",
        "4294967295",
        "99999999999",
        " root",
        "1_0",
        "ro ot",
    ];
    let levels =
        ["info", "WARN", "critical", "error", "debug", "trace", "blather", "warning", "crit", "", "20", "'"];
    let directories = ["/tmp", "logs", "nope", "~", "", "supervisord.conf", "./logs/..", "~zz"];
    let lists = [
        ("startsecs", &integers[..]),
        ("numprocs_start", &integers),
        ("priority", &integers),
        ("stopwaitsecs", &integers),
        ("startretries", &integers[..12]),
        ("stdout_logfile_backups", &integers[..12]),
        ("autostart", &booleans),
        ("autorestart", &booleans),
        ("stdout_syslog", &booleans),
        ("stopasgroup", &booleans),
        ("killasgroup", &booleans),
        ("redirect_stderr", &booleans),
        ("stderr_events_enabled", &booleans[..10]),
        ("stdout_capture_maxbytes", &sizes),
        ("stdout_logfile_maxbytes", &sizes),
        ("stderr_logfile_maxbytes", &sizes[..5]),
        ("umask", &octals),
        ("stopsignal", &signals),
        ("exitcodes", &codes),
        ("stdout_logfile", &files),
        ("stderr_logfile", &files),
        ("user", &users),
        ("directory", &directories),
        ("serverurl", &["AUTO", "auto ", "", "http://x:1", "no url"]),
        ("process_name", &["a b", "a:b", "a/b", "", "x", "'q /'", "\u{e9}"]),
        ("numprocs", &["0", "1", "2", "-1", "x", ""]),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (key, values) in lists {
        for value in values {
            cases.push(Case::new(format!("{key}={value}"), program(&format!("{key}={value}"))));
        }
    }
    let daemon = [
        ("minfds", &integers[..]),
        ("minprocs", &integers[..8]),
        ("nodaemon", &booleans),
        ("silent", &booleans[..8]),
        ("nocleanup", &booleans[..12]),
        ("strip_ansi", &booleans[..12]),
        ("logfile_maxbytes", &sizes),
        ("logfile_backups", &integers[..10]),
        ("umask", &octals),
        ("loglevel", &levels),
        ("logfile", &files),
        ("pidfile", &files),
        ("user", &users),
        ("directory", &directories),
        ("childlogdir", &directories),
        ("identifier", &["", "x y", "%(here)s", "%(host_node_name)s"]),
    ];
    for (key, values) in daemon {
        for value in values {
            cases.push(Case::new(format!("daemon {key}={value}"), format!("[supervisord]\n{key}={value}\n")));
        }
    }
    check(&cases);
}

#[test]
fn every_environment_is_cut_into_the_same_variables() {
    let values = [
        "A=1,B=\"x,y\"",
        "A=1,",
        "A=a:b",
        "A=/x/y-z.1",
        "A=http://x/y?z=1",
        "A=foo#bar",
        "A=$HOME",
        "A=\"it's\"",
        "A='{\"k\": \"v\"}'",
        "A=\"say \\\"hi\\\"\"",
        "A=\"x\\ny\"",
        "A=1,A=2",
        "\"A\"=1",
        "A=1 , \n  B=2",
        "A=1,,B=2",
        ",A=1",
        "A=",
        "A=1 B=2",
        "A=1\n  B=2",
        "A=x@y",
        "A=a;b",
        "A=a=b",
        "A=x\\y",
        "A=foo bar",
        "A=\"foo#bar\"",
        "A=\"http://x?y=1\"",
        "A=~/x",
        "A=\"x\"\"y\"",
        "A=\"\"",
        "A=\"unterminated",
        "A='",
        "A=\u{e9}",
        "A=\"\u{e9}\"",
        "A=1,B",
        "A",
        "=",
        "A = 1 , B = 2",
        "A=1;B=2",
        "A=a'b",
        "A=a'b'c,B=1",
        "A='a'b,C=2",
        "A=\"a\n  b\"",
        "A=x#c\n  y,B=2",
        "A=(x),B=[y]",
        "A=\"'x'\"",
        "A='\"x\"'",
        "A=x\",B=y",
        "A-B=1",
        "a.b=1",
        "1=2",
        "A=a\tb,C=d",
        "A=1,#c\n  B=2",
        "A=#",
        "\u{a0}A=1",
        "A=\"%%\"",
        "A=50%",
        "A=\"1\",B=\"%(ENV_A)s\"",
        "A=x+y",
        "A=-1",
        "A=1.5",
        "A=*",
        "A={x}",
        "A=!",
        "A=\"a\\\"",
        "A==",
        "A=,B=1",
        "A=',',B=1",
    ];
    let cases: Vec<Case> = values
        .iter()
        .flat_map(|value| {
            [
                Case::new(format!("program {value:?}"), program(&format!("environment={value}"))),
                Case::new(
                    format!("daemon {value:?}"),
                    format!("[supervisord]\nenvironment={value}\n[program:x]\ncommand=y\nenvironment=A=z\n"),
                ),
            ]
        })
        .collect();
    check(&cases);
}

#[test]
fn every_section_means_the_same() {
    let texts = [
        "[unix_http_server]",
        "[unix_http_server]\nfile=x.sock",
        "[unix_http_server]\nfile=~/x.sock\nchmod=0777\nchown=nobody:root",
        "[unix_http_server]\nfile=\nchmod=9",
        "[unix_http_server]\nfile=%(here)s/x\nchown=nope",
        "[unix_http_server]\nfile=x\nchown=root",
        "[unix_http_server]\nfile=x\nchown=root:nope",
        "[unix_http_server]\nfile=x\nchown=0:0",
        "[unix_http_server]\nfile=x\nusername=a",
        "[unix_http_server]\nfile=x\npassword=a",
        "[unix_http_server]\nfile=x\nusername=a\npassword=",
        "[unix_http_server]\nfile=x\nusername=a\npassword=50%",
        "[unix_http_server:two]\nfile=a/../b//c\n[unix_http_server]\nfile=/x",
        "[unix_http_serverx]\nfile=y",
        "[unix_http_server]\nfile=x\nchmod=%(here)s",
        "[inet_http_server]",
        "[inet_http_server]\nport=9001",
        "[inet_http_server]\nport=:9001",
        "[inet_http_server]\nport=*:9001",
        "[inet_http_server]\nport=LocalHost:9001",
        "[inet_http_server]\nport=0",
        "[inet_http_server]\nport=65536",
        "[inet_http_server]\nport=:65536",
        "[inet_http_server]\nport=x:0",
        "[inet_http_server]\nport=x:",
        "[inet_http_server]\nport=x",
        "[inet_http_server]\nport=x:y",
        "[inet_http_server]\nport=::1:80",
        "[inet_http_server]\nport=\n",
        "[inet_http_server]\nport=%(here)s",
        "[inet_http_server:a]\nport=1\n[inet_http_server:b:c]\nport=2",
        "[inet_http_server]\nport=1\n[unix_http_server]\nfile=z",
        "[inet_http_server]\nusername=x\nport=nope",
        "[inet_http_server]\nport=:-5",
        "[inet_http_server]\nport=[::]:1",
        "[inet_http_server]\nport='1'",
        "[rpcinterface:supervisor]",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface : make_main_rpcinterface [a,b]\nextra=%(ENV_ONE)s\nb=2",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory = nope:nope",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:nope",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\nx=%(nope)s",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory =",
        "[rpcinterface:x]\nsupervisor.rpcinterface_factory = a b",
        "[rpcinterface:]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        "[DEFAULT]\nx=1\n[rpcinterface:s]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        "[program:a]",
        "[program:a]\ncommand=",
        "[program:]\ncommand=x",
        "[program:a b]\ncommand=x",
        "[program: a ]\ncommand=%(program_name)s",
        "[program:a:b]\ncommand=x",
        "[program:a/b]\ncommand=x",
        "[programs:a]\ncommand=x",
        "[program:a]\ncommand=x\nnumprocs=2",
        "[program:a]\ncommand=x\nnumprocs=3\nprocess_name=%(program_name)s_%(process_num)02d\nnumprocs_start=5",
        "[program:a]\ncommand=x\nnumprocs=2\nprocess_name=%(process_num)d\npriority=1",
        "[program:a]\ncommand=%(ENV_A)s%(ENV_LAST)s\nnumprocs=2\nprocess_name=%(process_num)d\nenvironment=A=\"%(process_num)d\"",
        "[program:a]\ncommand=%(ENV_X1)s\nnumprocs=2\nnumprocs_start=1\nprocess_name=%(process_num)d\nenvironment=X%(process_num)d=\"%(process_num)d\"",
        "[program:a]\ncommand=x\nstopasgroup=true",
        "[program:a]\ncommand=x\nstopasgroup=true\nkillasgroup=false",
        "[program:a]\ncommand=x\nredirect_stderr=true\nstderr_logfile=x",
        "[program:a]\ncommand=x\nredirect_stderr=true\nstderr_logfile=\n",
        "[program:a]\ncommand=x\nredirect_stderr=true\nstderr_logfile=syslog",
        "[program:a]\ncommand=x\nstdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0",
        "[program:a]\ncommand=x\nstdout_logfile=syslog\nstdout_logfile_maxbytes=0",
        "[program:b]\ncommand=x\n[program:a]\ncommand=x\n[program:c]\npriority=1\ncommand=x",
        "[program:a]\ncommand=x\nstartsecs=x\npriority=y",
        "[program:a]\nstartsecs=x\n[program:b]\npriority=y",
        "[program:a]\nstartsecs=%(nope)s\npriority=x",
        "[program:a]\nnumprocs=2\nstopasgroup=1\nkillasgroup=0\nprocess_name=a:b",
        "[program:a]\nstdout_logfile_backups=x\nstdout_logfile=/nope/x",
        "[program:a]\nenvironment=x\ncommand=%(x)s",
        "[program:a]\numask=9\nuser=zz",
        "[program:a]\nnumprocs=0",
        "[group:g]",
        "[group:g]\nprograms=",
        "[group:g]\nprograms=a",
        "[group:g]\nprograms=a,b\npriority=5\n[program:a]\ncommand=x\n[program:b]\ncommand=y\n[program:c]\ncommand=z",
        "[group:g]\nprograms=b, a\n[program:a]\ncommand=%(group_name)s\n[program:b]\ncommand=y\npriority=1",
        "[group:g]\nprograms=a\n[group:h]\nprograms=a\n[program:a]\ncommand=x",
        "[group:g]\nprograms=a,\n[program:a]\ncommand=x",
        "[group:g]\nprograms=a\n[fcgi-program:a]\ncommand=x\nsocket=nope",
        "[group:g]\nprograms=a\n[fcgi-program:a]\ncommand=x\n[program:a]\ncommand=x",
        "[group:g h]\nprograms=a",
        "[group:g]\npriority=x\nprograms=zz",
        "[group:g]\nprograms=%(here)s",
        "[group:g]\nprograms=a,a\n[program:a]\ncommand=x\nstdout_logfile=syslog",
        "[group:g]\nprograms=a\n[program:a]\nstartsecs=x\ncommand=x",
        "[group:a]\nprograms=b\n[program:a]\ncommand=x\n[program:b]\ncommand=y",
        "[group:g]\nprograms=%(group_name)s",
        "[group:g]\nprograms=l\n[eventlistener:l]\ncommand=x\nevents=TICK",
        "[eventlistener:l]\ncommand=x",
        "[eventlistener:l]\ncommand=x\nevents=TICK_5,process_state",
        "[eventlistener:l]\ncommand=x\nevents=NOPE",
        "[eventlistener:l]\ncommand=x\nevents=TICK_5,",
        "[eventlistener:l]\ncommand=x\nevents=TICK\nbuffer_size=0",
        "[eventlistener:l]\ncommand=x\nevents=TICK\nbuffer_size=x",
        "[eventlistener:l]\ncommand=x\nevents=TICK\nredirect_stderr=true",
        "[eventlistener:l]\ncommand=x\nevents=TICK\nresult_handler=nope:nope",
        "[eventlistener:l]\ncommand=x\nevents=TICK\nresult_handler=supervisor.dispatchers:default_handler\npriority=4",
        "[eventlistener:l m]\nevents=TICK\ncommand=x",
        "[eventlistener:l]\nevents=TICK\nnumprocs=2\nprocess_name=%(process_num)s\ncommand=%(program_name)s %(group_name)s",
        "[eventlistener:l]\nevents=EVENT,EVENT,event\ncommand=x\nredirect_stderr=x",
        "[eventlistener:l]\nevents=\ncommand=x",
        "[fcgi-program:f]\ncommand=x",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/%(program_name)s.sock",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://LocalHost:9000",
        "[fcgi-program:f]\ncommand=x\nsocket=unix://x",
        "[fcgi-program:f]\ncommand=x\nsocket=foo",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:0",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:b",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://a b:1",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:99999",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:1\nsocket_mode=0700",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a/../b\nsocket_mode=0770\nsocket_owner=nobody:root\nsocket_backlog=5",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nuser=nobody",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nuser=zz",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nsocket_owner=zz",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nsocket_mode=9",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nsocket_backlog=0",
        "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nsocket_backlog=x",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://:1",
        "[fcgi-program:f]\nsocket=tcp://a:1",
        "[fcgi-program:f]\ncommand=x\nsocket=%(group_name)s",
        "[fcgi-program:f]\ncommand=x\nsocket=foo\nsocket_owner=root",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://::1:5",
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:1x",
        "[include]",
        "[include]\nfiles=",
        "[include]\nfiles=nope/*.conf /abs/nope",
        "[include]\nfiles=%(nope)s",
        "[include]\nfiles=%(here)s/logs %(ENV_GREETING)s.conf",
    ];
    let cases: Vec<Case> = texts
        .iter()
        .flat_map(|text| {
            // The same behind another mistake shows which of the two comes first.
            [
                ("", ""),
                ("umask=9", ""),
                ("", "[program:zz]\ncommand=x\nstartsecs=x\n"),
                ("", "[unix_http_server:zz]\n"),
            ]
            .map(|(daemon, behind)| {
                Case::new(
                    format!("{text:?} with {daemon:?}, {behind:?}"),
                    format!("[supervisord]\n{daemon}\n{text}\n{behind}"),
                )
            })
        })
        .collect();
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
            lines[line] = format!(
                "{}{snippet}",
                lines[line].split_once('=').map_or("", |(key, _)| key).to_owned() + "="
            )
        }
        _ => lines[line] = format!("{snippet}{}", lines[line]),
    }
}

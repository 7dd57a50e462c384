//! Reading files without the original: what is warned of, what old files are spared, what differs between two readings, and
//! that no text and no value does harm.

mod against_circus;

use against_circus::Place;
use minder_circusd::ini::{self, Baseline, Changes, Difference, Machine, NameChanges};
use minder_circusd::options::{
    Account, Action, Args, Effect, Environment, Hook, Number, Sink, SpawnContext, StdStream, StreamOptions,
    WatcherOptions,
};
use minder_config::{Paint, render_text};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Everything that a check says about a file.
fn said(place: &Place) -> String {
    let reading = ini::read(&place.file("circus.ini"), place);
    let mut text = String::new();
    for problem in reading.problems() {
        text.push_str(&render_text(problem, &reading.sources, Paint::Plain));
    }
    text.replace(&place.file(""), "")
}

fn settings(text: &str) -> (Place, ini::Settings) {
    let place = Place::new().with("circus.ini", text);
    let settings = ini::read(&place.file("circus.ini"), &place).accepted().expect("an acceptable file");
    (place, settings)
}

#[test]
fn a_check_says_where_what_and_what_to_do() {
    let place = Place::new().with("circus.ini", include_str!("broken.ini"));
    insta::assert_snapshot!(said(&place));
}

#[test]
fn the_daemon_says_the_last_line_of_the_original() {
    for (text, last) in [
        ("[circus]\ncheck_delay = x", "ValueError: could not convert string to float: 'x'"),
        ("[watcher:x]\nnumprocesses = x", "ValueError: invalid literal for int() with base 10: 'x'"),
        ("[watcher:x]\nshell = perhaps", "ValueError: 'perhaps' is not a boolean"),
        ("[watcher:x]\nstop_signal = NO", "AttributeError: module 'signal' has no attribute 'SIGNO'"),
        ("[plugin:x]\nclass = x", "KeyError: 'use'"),
    ] {
        let place = Place::new().with("circus.ini", text);
        let refused = ini::read(&place.file("circus.ini"), &place).accepted().expect_err(text);
        assert_eq!(refused.to_string(), last);
    }
    let nowhere = ini::read("nowhere.ini", &Place::new()).accepted().expect_err("no file");
    assert_eq!(nowhere.to_string(), "OSError: the configuration file 'nowhere.ini' does not exist\n");
}

#[test]
fn files_of_the_field_are_read_without_a_word() {
    let gunicorn = Place::new().with("circus.ini", include_str!("against_circus/gunicorn.ini"));
    assert_eq!(said(&gunicorn), "");
    // But this is what its authors stumbled over.
    let expected = "circus.ini:59:14: warning: `PYTHONPATH`: references are not replaced in this section, as in Circus 0.19\n";
    assert_eq!(said(&fermentrack()).split_inclusive('\n').next(), Some(expected));
}

fn fermentrack() -> Place {
    let place = Place::new().with("circus.ini", include_str!("against_circus/fermentrack.ini"));
    let home = place.file("home");
    let site = "home/venv/lib/python3.9/site-packages/x";
    place
        .with("home/venv/bin/python", "")
        .with("home/venv/lib/python3.7/site-packages/x", "")
        .with(site, "")
        .with("home/fermentrack/log/circusd.log", "")
        .with_variable("HOME", &home)
}

#[test]
fn fermentrack_runs_its_web_application_on_the_socket_and_in_the_newest_python() {
    let place = fermentrack();
    let settings = ini::read(&place.file("circus.ini"), &place).accepted().expect("an acceptable file");
    let names: Vec<&str> = settings.watchers.iter().map(|watcher| watcher.name.as_str()).collect();
    assert_eq!(names, ["Fermentrack", "brewpi-spawner", "huey"]);
    assert!(settings.circus.statsd, "a stats_endpoint switches statistics on");
    let watcher = settings.watchers[0].options(&place).expect("a watcher");
    let home = place.file("home");
    let sockets = [("fermentrack".to_owned(), 9)];
    let context = SpawnContext { wid: 1, sockets: &sockets, machine: &place };
    let command = watcher.command(&context).expect("words");
    let chaussette = format!("{home}/venv/bin/chaussette");
    assert_eq!(command.words, [&chaussette, "--fd", "9", "fermentrack_django.wsgi:application"]);
    let environment = watcher.environment();
    assert_eq!(environment.get("PATH"), Some(format!("{home}/venv/bin:/usr/bin:/bin").as_str()));
    let path = format!("$(circus.env.HOME)/fermentrack:{home}/venv/lib/python3.9/site-packages");
    assert_eq!(environment.get("PYTHONPATH"), Some(path.as_str()));
    let expected = Sink::File {
        filename: Some(format!("{home}/fermentrack/log/fermentrack.log")),
        max_bytes: 2_097_152,
        backup_count: 5,
        time_format: Some("%Y-%m-%d %H:%M:%S".to_owned()),
    };
    assert_eq!(watcher.stream(StdStream::Stderr).sink(), Some(&expected));
    assert_eq!(watcher.stream(StdStream::Stdout).sink(), None);
}

fn changes(old: &str, new: &str) -> Changes {
    let baseline = |text: &str| {
        let (place, settings) = settings(text);
        settings.baseline(&place)
    };
    let old = baseline(old);
    let kept = Baseline::decode(&old.encode()).expect("a baseline");
    assert_eq!(kept, old);
    kept.changes(&baseline(new))
}

#[test]
fn an_unchanged_file_and_keys_that_merely_come_or_go_are_no_change() {
    let file = "[circus]\n[env]\nPS1 = a\n[watcher:x]\ncmd = a\ncopy_env = 1\n[socket:s]\nport = 1\n";
    let none = "[circus]\n[env]\nPS1 = b\n[watcher:x]\ncmd = a ; said\ncopy_env = true\nfree = 1\n[socket:s]\nport = 1\n";
    let is_none = |changes: &Changes| *changes == Changes::default();
    assert!(is_none(&changes(file, file)));
    assert!(is_none(&changes(file, none)));
}

#[test]
fn what_changed_is_told_by_section_and_name() {
    let old = "[circus]\n[watcher:a]\ncmd = a\n[watcher:b]\ncmd = b\n[watcher:c]\ncmd = c\n[watcher:E]\ncmd = e\n\
               [socket:s]\nport = 1\n[socket:t]\nport = 2\n[plugin:p]\nuse = x\nwindow = 1\n";
    let new = "[circus]\ncheck_delay = 1\n[watcher:a]\ncmd = a\nnumprocesses = 3\n[watcher:b]\ncmd = bb\nnumprocesses = 3\n\
               [watcher:d]\ncmd = d\n[watcher:E]\ncmd = e\n[env:E]\nA = 1\n[socket:s]\nport = 1\nbacklog = 5\n[socket:u]\n\
               port = 2\n[plugin:p]\nuse = x\nwindow = 2\n";
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let expected = Changes {
        circus: list(&["check_delay"]),
        sockets: NameChanges {
            added: list(&["u"]),
            changed: list(&["s"]),
            removed: list(&["t"]),
            resized: Vec::new(),
        },
        watchers: NameChanges {
            added: list(&["d"]),
            changed: list(&["E", "b"]),
            removed: list(&["c"]),
            resized: vec![("a".to_owned(), 3)],
        },
        plugins: NameChanges { changed: list(&["plugin:p"]), ..NameChanges::default() },
    };
    assert_eq!(changes(old, new), expected);
}

#[test]
fn a_watcher_is_compared_alone_as_well() {
    let (place, old) = settings("[watcher:a]\ncmd = a\n");
    let (_, new) = settings("[watcher:a]\ncmd = a\nnumprocesses = 2\n");
    let (old, new) = (old.baseline(&place), new.baseline(&place));
    assert_eq!(old.watcher_difference("a", &new), Some(Difference::Numprocesses(2)));
    assert_eq!(old.watcher_difference("a", &old), Some(Difference::None));
    assert_eq!(old.watcher_difference("b", &new), None);
}

#[test]
fn a_stream_keeps_its_class_when_another_key_is_set() {
    let place = Place::new();
    let stream =
        json!({"stdout_stream": {"class": "TimedRotatingFileStream", "filename": "a", "rotate_when": "H"}});
    let options = stream.as_object().expect("an object");
    let mut watcher =
        WatcherOptions::from_add("w", &json!("x"), &Value::Null, options, &place).expect("a watcher");
    let effect = watcher.set("stdout_stream.backup_count", &json!(4), &place).expect("an effect");
    assert_eq!(effect, Effect::RebuildStream { stream: StdStream::Stdout, then: Action::Manage });
    assert!(matches!(watcher.stdout_stream.sink(), Some(Sink::TimedRotatingFile { backup_count: 4, .. })));
}

#[test]
fn a_limit_that_a_client_adds_is_kept() {
    let options = json!({"rlimit_nofile": 100, "rlimit_core": null});
    let options = options.as_object().expect("an object");
    let watcher = WatcherOptions::from_add("w", &json!("x"), &Value::Null, options, &Place::new());
    let limits = watcher.expect("a watcher").rlimits;
    assert_eq!(limits, [("nofile".to_owned(), 100), ("core".to_owned(), -1)]);
}

#[test]
fn a_plugins_watcher_has_the_plugins_keys_and_its_own_defaults() {
    let (place, settings) = settings("[plugin:flap]\nuse = a.B\nretry_in = 3\nnumprocesses = 1\n");
    let plugin = &settings.plugins[0];
    let watcher = plugin.options("circus-plugin a.B", false, &place).expect("a watcher");
    assert_eq!((watcher.name.as_str(), watcher.priority, watcher.singleton), ("plugin:flap", 1, true));
    assert!(watcher.close_child_stdout && watcher.close_child_stderr && watcher.copy_env);
    assert_eq!(watcher.get("retry_in"), Some(json!("3")));
    assert_eq!(plugin.configuration().get("retry_in").map(String::as_str), Some("3"));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|real| json!(real)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,6}", inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn args() -> impl Strategy<Value = Args> {
    prop_oneof![Just(Args::None), ".*".prop_map(Args::Text), vec(".{0,8}", 0..4).prop_map(Args::List)]
}

fn account() -> impl Strategy<Value = Option<Account>> {
    option::of(prop_oneof![any::<i64>().prop_map(Account::Id), ".*".prop_map(Account::Name)])
}

fn stream() -> impl Strategy<Value = StreamOptions> {
    let keys = prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!({"class": "StdoutStream", "color": "red"})),
        (".{1,9}", any::<i64>()).prop_map(|(name, bytes)| json!({"filename": name, "max_bytes": bytes})),
        ("[0-6]", any::<i32>()).prop_map(|(day, interval)| json!({
            "rotate_when": format!("W{day}"), "class": "TimedRotatingFileStream", "rotate_interval": interval,
        })),
    ];
    keys.prop_map(|keys| StreamOptions::new(&keys).expect("a stream"))
}

/// Seconds that are equal to themselves.
fn real() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("a number", |real| !real.is_nan())
}

prop_compose! {
    fn watcher()(
        texts in vec(".{0,12}", 4),
        (args, shell_args) in (args(), args()),
        numbers in vec(any::<i64>(), 6),
        warmup in prop_oneof![any::<i64>().prop_map(Number::Whole), real().prop_map(Number::Real)],
        graceful_timeout in real(),
        flags in vec(any::<bool>(), 14),
        (uid, gid) in (account(), account()),
        env in option::of(vec((".{0,6}", ".{0,6}"), 0..4)),
        optional in vec(option::of(".{0,6}"), 3),
        rlimits in vec((".{0,6}", any::<i64>()), 0..3),
        (stdout_stream, stderr_stream) in (stream(), stream()),
        hooks in vec((".{0,6}", ".{0,6}", any::<bool>()), 0..3),
        free in vec((".{0,6}", value()), 0..3),
    ) -> WatcherOptions {
        WatcherOptions {
            name: texts[0].clone(),
            cmd: texts[1].clone(),
            working_dir: texts[2].clone(),
            args,
            shell_args,
            numprocesses: numbers[0],
            stop_signal: numbers[1],
            max_retry: numbers[2],
            max_age: numbers[3],
            max_age_variance: numbers[4],
            priority: numbers[5],
            warmup_delay: warmup,
            graceful_timeout,
            shell: flags[0],
            copy_env: flags[1],
            copy_path: flags[2],
            close_child_stdin: flags[3],
            close_child_stdout: flags[4],
            close_child_stderr: flags[5],
            use_sockets: flags[6],
            send_hup: flags[7],
            stop_children: flags[8],
            singleton: flags[9],
            respawn: flags[10],
            autostart: flags[11],
            on_demand: flags[12],
            uid,
            gid,
            env: env.map(|variables| variables.into_iter().collect::<Environment>()),
            virtualenv: optional[0].clone(),
            virtualenv_py_ver: optional[1].clone(),
            stdin_socket: optional[2].clone(),
            rlimits,
            stdout_stream,
            stderr_stream,
            hooks: hooks.into_iter().map(|(moment, callable, ignore_failure)| {
                (moment, Hook { callable, ignore_failure })
            }).collect(),
            free: free.into_iter().collect(),
        }
    }
}

/// Lines that have something of the dialect.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}",
        "[ \t;#=:\\[\\]$()a-c]{0,12}",
        Just("[circus]".to_owned()),
        Just("[DEFAULT]".to_owned()),
        "\\[(watcher|socket|plugin|env):[a-c*]{0,2}\\]",
        "(cmd|args|numprocesses|shell|stop_signal|rlimit_nofile|port|use|stdout_stream(\\.filename)?|hooks\\.a) ?[=:] ?.{0,10}",
        " +.{0,8}",
        "A = \\$\\(circus\\.(env\\.)?[A-Za-z]{0,4}\\)",
    ]
}

/// Reads a file and makes everything of it that can be made.
fn use_up(bytes: &[u8]) {
    let place = Place::new().with("circus.ini", bytes);
    let reading = ini::read(&place.file("circus.ini"), &place);
    let mut text = String::new();
    for problem in reading.problems() {
        let _ = write!(text, "{}", render_text(problem, &reading.sources, Paint::Plain));
    }
    let context = SpawnContext { wid: 1, sockets: &[("web".to_owned(), 7)], machine: &place };
    for section in &reading.settings.watchers {
        if let Ok(watcher) = section.options(&place) {
            let _ = watcher.command(&context);
            assert_eq!(WatcherOptions::decode(&watcher.encode()), Some(watcher));
        }
    }
    for section in &reading.settings.sockets {
        let _ = section.options(&place);
    }
    let baseline = reading.settings.baseline(&place);
    assert_eq!(baseline.changes(&baseline), Changes::default());
}

proptest! {
    #[test]
    fn no_bytes_make_a_reading_panic(bytes in vec(any::<u8>(), 0..200)) {
        use_up(&bytes);
    }

    #[test]
    fn no_lines_make_a_reading_panic(lines in vec(line(), 0..20)) {
        use_up(lines.join("\n").as_bytes());
    }

    #[test]
    fn a_watcher_that_is_kept_comes_back(watcher in watcher()) {
        let kept = watcher.encode().to_string();
        let back = WatcherOptions::decode(&serde_json::from_str(&kept).expect("JSON"));
        prop_assert_eq!(back, Some(watcher));
    }

    #[test]
    fn what_was_not_kept_is_no_watcher(value in value()) {
        prop_assert_eq!(WatcherOptions::decode(&value), None);
        prop_assert_eq!(Baseline::decode(&value), None);
    }

    #[test]
    fn no_message_makes_a_watcher_panic(
        watcher in watcher(),
        key in prop_oneof!["[a-z_]{0,12}(\\.[a-z]{0,6})?", Just("stdout_stream.class".to_owned()), Just("hooks.x".to_owned())],
        value in value(),
        options in vec(("[a-z_]{0,12}", value()), 0..4),
    ) {
        let place = Place::new();
        let mut watcher = watcher;
        let _ = minder_circusd::options::validate::option(&key, &value);
        let _ = watcher.set(&key, &value, &place);
        let options: Map<String, Value> = options.into_iter().collect();
        let _ = WatcherOptions::from_add("w", &value, &value, &options, &place);
        let _ = watcher.command(&SpawnContext { wid: 1, sockets: &[], machine: &place });
        let _ = (watcher.options(), watcher.warmup(), watcher.grace(), watcher.wanted());
        let _ = place.current_directory();
    }
}

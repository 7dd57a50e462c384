//! What our reader of `supervisord.conf` does beyond the original: it shows every problem at once and in its place, repeats a
//! reading from a snapshot, and lowers to a plan.

mod conf;

use conf::{Case, Here, Place, Reference};
use minder_config::{Paint, Problem, render_text};
use minder_core::ids::ByteString;
use minder_core::program::{
    CommandProblem, ErrorOutput, LogTarget, Publish, Readiness, Startup, StdinSource, Syslog,
};
use minder_core::stop::Reach;
use minder_supervisord::conf::lower::{self, JUDGE};
use minder_supervisord::conf::shellwords::split;
use minder_supervisord::conf::snapshot::{DecodeError, Recorder, Snapshot};
use minder_supervisord::conf::{Machine, Reading, Request, read};
use proptest::prelude::*;
use std::sync::atomic::Ordering;

const EVERYTHING: &str = include_str!("conf/everything.conf");

fn request() -> Request {
    Request { file: "supervisord.conf".to_owned(), ..Request::default() }
}

fn reading(case: &Case) -> Reading {
    let place = Place::of(case);
    read(&request(), &Here::new(&place, case))
}

fn check(text: &str) -> String {
    let reading = reading(&Case::new("", text));
    reading.problems().iter().map(|problem| render_text(problem, &reading.sources, Paint::Plain)).collect()
}

#[test]
fn all_problems_are_shown_at_once_with_their_place() {
    let shown = check(
        "[supervisord]\nloglevel = loud\n[program:web]\ncomand = /bin/cat\nstartsecs = 5 sec\nautostart=y\n\
         stdout_logfile_maxbytes=1.5 MB\n[programm:x]\n[group:g]\nprograms=wbe\n",
    );
    let expected = r#"supervisord.conf:2:12: `loglevel`: found "loud", expected one of critical, error, warn, info, debug, trace and blather
  loglevel = loud
             ^^^^
supervisord.conf:10:10: `group:g`: there is no program `wbe`
  programs=wbe
           ^^^
  hint: did you mean `web`?
supervisord.conf:6:11: `autostart`: found "y", expected true or false
  autostart=y
            ^
  hint: write `true`
supervisord.conf:5:13: `startsecs`: found "5 sec", expected a whole number such as 5
  startsecs = 5 sec
              ^^^^^
  hint: write `5`
supervisord.conf:7:25: `stdout_logfile_maxbytes`: found "1.5 MB", expected a number of bytes such as 1048576, or one with KB, MB or GB such as 50MB
  stdout_logfile_maxbytes=1.5 MB
                          ^^^^^^
supervisord.conf:3:2: `program:web`: no `command`
  [program:web]
   ^^^^^^^^^^^
  hint: write `command = /path/to/program`
supervisord.conf:4:1: warning: `comand`: unknown key in [program:web], it has no effect
  comand = /bin/cat
  ^^^^^^
  hint: did you mean `command`?
supervisord.conf:8:2: warning: `programm:x`: unknown section, it has no effect
  [programm:x]
   ^^^^^^^^^^
  hint: did you mean [program:x]?
"#;
    assert_eq!(shown, expected);
}

#[test]
fn lines_that_are_not_understood_are_shown_each_in_its_place() {
    let shown = check("[supervisord]\nfoo\n  bar\n=x\n");
    let places: Vec<&str> = shown.lines().filter(|line| line.starts_with("supervisord.conf")).collect();
    assert_eq!(
        places,
        [
            "supervisord.conf:2:1: neither a section, nor a key with `=` and a value",
            "supervisord.conf:3:3: neither a section, nor a key with `=` and a value",
            "supervisord.conf:4:1: a value without a key",
        ]
    );
}

#[test]
fn a_name_that_is_not_known_gets_a_hint() {
    let shown = check("[supervisord]\n[program:web]\ncommand=%(progam_name)s\ndirectory=50%\n");
    assert!(
        shown.contains("supervisord.conf:3:9: `command`: nothing is called `progam_name` here"),
        "{shown}"
    );
    assert!(shown.contains("hint: did you mean `%(program_name)s`?"), "{shown}");
    assert!(shown.contains("hint: write `%%` for a percent sign: 50%%"), "{shown}");
}

#[test]
fn a_file_without_mistakes_has_nothing_to_say() {
    let everything = check(EVERYTHING);
    let warnings: Vec<&str> =
        everything.lines().filter(|line| line.starts_with("supervisord.conf")).collect();
    assert_eq!(warnings.len(), 2, "only what the original warns of too: {everything}");
    assert_eq!(check("[supervisord]\n[program:a]\ncommand=x\n"), "");
}

#[test]
fn names_given_twice_are_warned_of() {
    let shown = check(
        "[supervisord]\n[group:a]\nprograms=b\n[program:a]\ncommand=x\n[program:b]\ncommand=x\nnumprocs=2\nprocess_name=%(process_num)d%%(process_num)\n",
    );
    assert!(shown.contains("a second group is called `a`"), "{shown}");
    let shown = check("[supervisord]\n[program:b]\ncommand=x\nnumprocs=2\nprocess_name=%%(process_num)\n");
    assert!(shown.contains("several processes are called `b:%(process_num)`"), "{shown}");
}

/// Reads, snapshots, packs, unpacks and reads again.
fn repeats(case: &Case) {
    let place = Place::of(case);
    let here = Here::new(&place, case);
    let recorder = Recorder::new(&here);
    let first = read(&request(), &recorder);
    let snapshot = recorder.snapshot(vec!["supervisord".to_owned(), "-n".to_owned()]);
    drop(place);
    let decoded = Snapshot::decode(&snapshot.encode()).expect("what was packed can be unpacked");
    assert_eq!(decoded, snapshot);
    let asked = here.asked.load(Ordering::Relaxed);
    let second = read(&request(), &decoded);
    assert_eq!(here.asked.load(Ordering::Relaxed), asked, "the disk was asked again");
    assert_eq!(first.settings, second.settings);
    assert_eq!(first.faults, second.faults);
    assert_eq!(first.warnings, second.warnings);
}

#[test]
fn a_reading_can_be_repeated_when_its_files_are_gone() {
    let main = format!("{EVERYTHING}\n[include]\nfiles=conf.d/*.conf nope/*\n");
    let bytes = b"[program:c]\ncommand=%(here)s %(ENV_RAW)s\n".to_vec();
    let mut case =
        Case::new("", main).with("conf.d/a.conf", bytes).with("conf.d/b.conf", b"[x]\n\xff".to_vec());
    repeats(&case);
    case.files.pop();
    case.environment.push(("RAW".to_owned(), "\u{10ffff}".to_owned()));
    repeats(&case);
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let snapshot = Recorder::new(&Snapshot::default()).snapshot(vec!["a".to_owned()]).encode();
    assert_eq!(Snapshot::decode(b""), Err(DecodeError::NotASnapshot));
    assert_eq!(Snapshot::decode(b"MSNP\xff"), Err(DecodeError::UnknownVersion(255)));
    assert_eq!(Snapshot::decode(&snapshot[..snapshot.len() - 1]), Err(DecodeError::Damaged));
    assert_eq!(Snapshot::decode(&[snapshot.as_slice(), b"x"].concat()), Err(DecodeError::Damaged));
    assert_eq!(Snapshot::decode(b"MSNP\x01\xff\xff\xff\xff"), Err(DecodeError::Damaged));
}

/// Texts that look like configurations.
fn configurations() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => Just("[program:a]\ncommand=".to_owned()), 4 => Just("[supervisord]\n".to_owned()), 2 => Just("environment=A=\"".to_owned()),
        2 => Just("[include]\nfiles=*".to_owned()), 2 => Just("numprocs=".to_owned()), 2 => Just("%(process_num)".to_owned()),
        2 => Just("[eventlistener:l]\nevents=".to_owned()), 2 => Just("[fcgi-program:f]\nsocket=unix:///".to_owned()), 2 => Just("[group:g]\nprograms=".to_owned()),
        4 => Just("\n".to_owned()), 2 => Just("%".to_owned()), 1 => Just("99999999999".to_owned()), 1 => Just("-".to_owned()), 6 => ".{0,8}",
        2 => Just("stopsignal=".to_owned()), 2 => Just("user=".to_owned()), 1 => Just("~".to_owned()), 1 => Just("[inet_http_server]\nport=".to_owned()),
    ];
    prop_oneof![
        9 => prop::collection::vec(word, 0..24).prop_map(|words| words.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_reading_panic_or_differ_from_its_snapshot(text in configurations()) {
        let case = Case::new("", text);
        repeats(&case);
        let reading = reading(&case);
        let plan = lower::plan(&reading.settings);
        prop_assert!(plan.is_ok());
        for problem in reading.problems() {
            prop_assert!(render_text(problem, &reading.sources, Paint::Plain).len() > 1);
        }
    }

    #[test]
    fn damaged_snapshots_are_refused_without_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let case = Case::new("", EVERYTHING);
        let place = Place::of(&case);
        let here = Here::new(&place, &case);
        let recorder = Recorder::new(&here);
        let _ = read(&request(), &recorder);
        let mut bytes = recorder.snapshot(Vec::new()).encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Snapshot::decode(&bytes);
    }
}

#[test]
fn commands_are_cut_into_words_as_python_cuts_them() {
    let mut reference = Reference::start();
    let mut texts: Vec<String> = [
        "",
        " ",
        "a b",
        "a  'b c' d",
        "\"a b\"",
        "a\\ b",
        "'a\\b'",
        "\"a\\b\"",
        "\"a\\\"b\"",
        "\"a\\\\b\"",
        "a'b'c\"d\"e",
        "''",
        "\"\"",
        "a '' b",
        "'",
        "\"",
        "\\",
        "a\\",
        "\"\\",
        "a #b",
        "a;b|c&d",
        "$HOME",
        "a\nb\tc\rd",
        "a\u{a0}b",
        "\u{e9} '\u{e9}'",
        "a\\\nb",
        "'a\nb'",
        "\"\\$x\\`\"",
        "a\x0bb",
        "=x",
        "\\'",
        "'\\'",
        "a\"b",
        "\\\"a",
    ]
    .map(str::to_owned)
    .to_vec();
    let alphabet = ["a", " ", "'", "\"", "\\", "\n"];
    for number in 0..alphabet.len().pow(5) {
        let digit = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
        texts.push((0..5).map(digit).collect());
    }
    for text in texts {
        let ours = match split(&text) {
            Ok(words) => serde_json::json!(words),
            Err(error) => serde_json::json!({ "refused": error.to_string() }),
        };
        assert_eq!(reference.words(&text), ours, "{text:?}");
    }
}

fn plan_of(text: &str) -> minder_core::plan::Plan {
    let reading = reading(&Case::new("", text));
    let faults: Vec<&Problem> = reading.problems();
    assert!(reading.faults.is_empty(), "{faults:?}");
    lower::plan(&reading.settings).expect("a plan")
}

#[test]
fn a_program_is_lowered_with_all_its_policies() {
    let plan = plan_of(
        "[supervisord]\nchildlogdir=/tmp\nidentifier=id\nenvironment=A=\"1\",B=\"2\"\n[unix_http_server]\nfile=/run/x.sock\n\
         [program:web]\ncommand=cat 'a b'\nautostart=false\nstartsecs=0\nstopasgroup=true\nstopsignal=INT\nstdout_syslog=true\n\
         stdout_capture_maxbytes=5\nstderr_logfile=\nstderr_events_enabled=true\nenvironment=B=\"3\",PATH=\"/x:/y\"\numask=077\n",
    );
    let group = &plan.groups()[0];
    let program = &group.programs[0];
    let words = program.command.words.as_ref().expect("words");
    assert_eq!(words.iter().map(ByteString::as_bytes).collect::<Vec<_>>(), [b"cat".as_slice(), b"a b"]);
    assert_eq!(program.command.search.iter().map(ByteString::as_bytes).collect::<Vec<_>>(), [b"/x", b"/y"]);
    let environment: Vec<String> = program
        .environment
        .iter()
        .map(|(name, value)| {
            format!("{}={}", name.as_bytes().escape_ascii(), value.as_bytes().escape_ascii())
        })
        .collect();
    assert_eq!(
        environment,
        [
            "SUPERVISOR_ENABLED=1",
            "SUPERVISOR_SERVER_URL=unix:///run/x.sock",
            "SUPERVISOR_PROCESS_NAME=web",
            "SUPERVISOR_GROUP_NAME=web",
            "A=1",
            "B=3",
            "PATH=/x:/y"
        ]
    );
    assert_eq!(
        (program.startup, program.readiness),
        (Startup::OnRequest, Readiness::StaysUp(std::time::Duration::ZERO))
    );
    assert_eq!(
        (program.stop.signal.0, program.stop.reach, program.stop.kill_reach),
        (2, Reach::Group, Reach::Group)
    );
    assert_eq!((program.umask, program.stdout.syslog), (Some(0o77), Syslog::Lines));
    let LogTarget::Fresh { directory, prefix, suffix } = &program.stdout.log else {
        panic!("{:?}", program.stdout.log)
    };
    assert_eq!(
        [directory, prefix, suffix].map(|bytes| bytes.as_bytes().to_vec()),
        [b"/tmp".to_vec(), b"web-stdout---id-".to_vec(), b".log".to_vec()]
    );
    assert_eq!(program.stdout.capture.as_ref().map(|capture| capture.limit), Some(5));
    let ErrorOutput::Own(stderr) = &program.stderr else { panic!("{:?}", program.stderr) };
    assert_eq!((&stderr.log, stderr.publish), (&LogTarget::Nowhere, Publish::Chunks));
}

#[test]
fn special_groups_are_lowered_to_subscriptions_and_sockets() {
    let plan = plan_of(
        "[supervisord]\n[eventlistener:l]\ncommand='\nevents=tick_5,EVENT\nbuffer_size=3\nstdout_capture_maxbytes=1\n\
         [fcgi-program:f]\ncommand=\nsocket=tcp://LOCALHOST:90\nredirect_stderr=true\n",
    );
    let [listener, fcgi] = plan.groups() else { panic!("two groups") };
    let subscription = listener.subscription.as_ref().expect("a subscription");
    assert_eq!(subscription.topics.iter().map(|topic| &**topic).collect::<Vec<_>>(), ["TICK_5", "EVENT"]);
    assert_eq!((subscription.backlog, &*subscription.judge), (3, JUDGE));
    assert_eq!(listener.programs[0].stdout.publish, Publish::Dialogue);
    assert_eq!(listener.programs[0].stdout.capture, None);
    assert_eq!(
        listener.programs[0].command.words,
        Err(CommandProblem::Unsplittable("No closing quotation".into()))
    );
    assert!(fcgi.socket.is_some());
    assert_eq!(fcgi.programs[0].stdin, StdinSource::GroupSocket);
    assert_eq!(fcgi.programs[0].stderr, ErrorOutput::WithStdout);
    assert_eq!(fcgi.programs[0].command.words, Err(CommandProblem::Empty));
}

#[test]
fn of_two_groups_or_processes_of_one_name_the_originals_choice_is_planned() {
    let plan = plan_of(
        "[supervisord]\n[group:a]\npriority=2\nprograms=b\n[program:a]\ncommand=alone\n[program:b]\ncommand=grouped\n",
    );
    assert_eq!(plan.groups().len(), 1);
    assert_eq!(&*plan.groups()[0].programs[0].command.line, "grouped");
    let plan = plan_of(
        "[supervisord]\n[program:a]\nnumprocs=3\nprocess_name=%%(process_num)\ncommand=%(process_num)d\n",
    );
    assert_eq!(plan.groups()[0].programs.len(), 1);
    assert_eq!(&*plan.groups()[0].programs[0].command.line, "2");
}

#[test]
fn options_of_an_interface_that_takes_none_keep_servers_from_starting() {
    let main = "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\nx=1\n";
    let text = format!("[supervisord]\n[rpcinterface:supervisor]\n{main}");
    assert_eq!(reading(&Case::new("", text.clone())).settings.refused_at_start(), None);
    let text = format!("{text}[inet_http_server]\nport=9001\n");
    let refused = reading(&Case::new("", text.clone())).settings.refused_at_start();
    assert_eq!(refused.as_deref(), Some("Could not make supervisor rpc interface"));
    assert!(
        check(&text).contains(
            "supervisord.conf:4:1: `x`: the interface of [rpcinterface:supervisor] takes no options"
        )
    );
}

#[test]
fn variables_of_an_earlier_reading_stay_known() {
    let case = Case::new("", "[supervisord]\nenvironment=LATER=\"%(ENV_EARLIER)s\"\n");
    let place = Place::of(&case);
    let here = Here::new(&place, &case);
    assert!(read(&request(), &here).accepted().is_err());
    let mut request = request();
    request.carried.set("EARLIER", "x");
    let settings = read(&request, &here).accepted().expect("known");
    assert_eq!(settings.carried.iter().collect::<Vec<_>>(), [("EARLIER", "x"), ("LATER", "x")]);
}

#[test]
fn a_machine_that_knows_nothing_is_enough_to_be_refused() {
    let reading = read(&request(), &Snapshot::default());
    assert_eq!(Snapshot::default().environment(), []);
    assert_eq!(reading.accepted().err().as_deref(), Some("could not find config file supervisord.conf"));
}

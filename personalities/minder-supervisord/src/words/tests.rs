use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use minder_core::backoff::{Backoff, Shortage};
use minder_core::control::Report;
use minder_core::ids::{
    ByteString, CoreDump, Errno, ExitStatus, GroupName, InstanceId, Pid, ProgramName, Signal,
};
use minder_core::instance::{Facts, Phase, Rest, Trouble};
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};
use minder_core::time::{Instant, Now, WallTime};

use super::{ProcessInfo, Quoted, State, exit_code, exit_phrase, parse_signal, signal_name, trouble};

fn pid(number: u32) -> Pid {
    Pid::new(number).expect("not zero")
}

fn spec() -> ProgramSpec {
    let output = OutputSpec {
        log: LogTarget::Nowhere,
        rotation: Rotation::Never,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    };
    ProgramSpec {
        name: ProgramName::new("web"),
        command: Command {
            line: "it's".into(),
            file: None,
            words: Ok(Vec::new()),
            search: Arc::default(),
            choice: Choice::First,
        },
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 999,
        startup: Startup::OnRequest,
        restart: RestartPolicy::Never,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(Duration::ZERO),
        backoff: Backoff { retries: 0, step: Duration::ZERO, shortage: Shortage::Passes },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: Duration::ZERO,
            reach: Reach::Process,
            kill_reach: Reach::Process,
        },
        stdin: StdinSource::Pipe,
        stdout: output.clone(),
        stderr: ErrorOutput::Own(output),
        notices: Arc::default(),
    }
}

const AT: Instant = Instant(0);

#[test]
fn every_phase_has_its_state() {
    let table = [
        (Phase::Down(Rest::Fresh), State::Stopped, 0),
        (Phase::Down(Rest::Asked), State::Stopped, 0),
        (Phase::Down(Rest::Ended), State::Exited, 100),
        (Phase::Down(Rest::GaveUp), State::Fatal, 200),
        (Phase::Spawning, State::Starting, 10),
        (Phase::Starting { pid: pid(1), ready_at: AT }, State::Starting, 10),
        (Phase::Up { pid: pid(1) }, State::Running, 20),
        (Phase::Stopping { pid: pid(1), kill_at: AT }, State::Stopping, 40),
        (Phase::Waiting { until: AT }, State::Backoff, 30),
        (Phase::Lost { pid: pid(1) }, State::Unknown, 1000),
    ];
    for (phase, state, code) in table {
        assert_eq!(State::of(&Facts { phase, ..Facts::FRESH }), state, "{phase:?}");
        assert_eq!(state.code(), code);
    }
}

#[test]
fn each_state_is_running_or_stopped_or_stopping() {
    let all = [
        (State::Stopped, "STOPPED", [false, true, false]),
        (State::Starting, "STARTING", [true, false, true]),
        (State::Running, "RUNNING", [true, false, true]),
        (State::Backoff, "BACKOFF", [true, false, false]),
        (State::Stopping, "STOPPING", [false, false, true]),
        (State::Exited, "EXITED", [false, true, false]),
        (State::Fatal, "FATAL", [false, true, false]),
        (State::Unknown, "UNKNOWN", [false, true, false]),
    ];
    for (state, name, sets) in all {
        assert_eq!(state.name(), name);
        assert_eq!([state.is_running(), state.is_stopped(), state.is_signallable()], sets, "{name}");
    }
}

#[test]
fn troubles_are_told_in_the_originals_words() {
    let unsplittable = minder_core::program::CommandProblem::Unsplittable("No closing quotation".into());
    let table = [
        (Trouble::Command(unsplittable), "can't parse command \"it's\": No closing quotation"),
        (Trouble::Pipes(Errno(24)), "too many open files to spawn 'web'"),
        (Trouble::Pipes(Errno(23)), "unknown error making dispatchers for 'web': ENFILE"),
        (Trouble::Fork(Errno(11)), "Too many processes in process table to spawn 'web'"),
        (Trouble::Fork(Errno(12)), "unknown error during fork for 'web': ENOMEM"),
        (Trouble::Fork(Errno(5000)), "unknown error during fork for 'web': 5000"),
        (Trouble::DiedYoung, "Exited too quickly (process log may have details)"),
        (Trouble::BadExit(ExitStatus::Code(3)), "Bad exit code 3"),
        (
            Trouble::BadExit(ExitStatus::Signal { signal: Signal(11), core: CoreDump::None }),
            "Bad exit code -1",
        ),
    ];
    for (what, text) in table {
        assert_eq!(trouble(&what, &spec()), text);
    }
}

#[test]
fn exits_are_told_in_the_originals_words() {
    let signal = |signal, core| ExitStatus::Signal { signal: Signal(signal), core };
    let table = [
        (ExitStatus::Code(0), 0, "exit status 0"),
        (ExitStatus::Code(255), 255, "exit status 255"),
        (signal(15, CoreDump::None), -1, "terminated by SIGTERM"),
        (signal(11, CoreDump::Written), -1, "terminated by SIGSEGV (core dumped)"),
        (signal(35, CoreDump::None), -1, "terminated by signal 35"),
        (ExitStatus::Unknown, -1, "unknown termination cause"),
    ];
    for (status, code, phrase) in table {
        assert_eq!((exit_code(status), exit_phrase(status).as_str()), (code, phrase));
    }
}

#[test]
fn signals_are_read_and_named_as_python_does() {
    let good = [
        ("TERM", 15),
        ("sigterm", 15),
        (" Hup ", 1),
        ("9", 9),
        ("0", 0),
        ("CLD", 17),
        ("poll", 29),
        ("RTMIN", 34),
        ("SIGRTMAX", 64),
        ("iot", 6),
    ];
    for (text, number) in good {
        assert_eq!(parse_signal(text), Ok(Signal(number)), "{text}");
    }
    let bad = [
        ("nope", "value 'nope' is not a valid signal name"),
        ("", "value '' is not a valid signal name"),
        ("32", "value '32' is not a valid signal number"),
        ("-1", "value '-1' is not a valid signal number"),
        ("999", "value '999' is not a valid signal number"),
    ];
    for (text, why) in bad {
        assert_eq!(parse_signal(text).expect_err(text).to_string(), why);
    }
    for (number, name) in
        [(0, "signal 0"), (1, "SIGHUP"), (6, "SIGABRT"), (17, "SIGCHLD"), (29, "SIGPOLL"), (35, "signal 35")]
    {
        assert_eq!(signal_name(Signal(number)), name);
    }
}

fn now(seconds: u64) -> Now {
    let wall = i64::try_from(seconds).expect("small") * 1_000_000 + 999_999;
    Now { monotonic: Instant(seconds * 1_000_000_000), wall: WallTime(wall) }
}

fn described(facts: Facts, at: u64) -> String {
    let report = Report {
        id: InstanceId(0),
        group: GroupName::new("web"),
        group_priority: 999,
        spec: Arc::new(spec()),
        facts,
        stdout_log: Some(ByteString::from(&b"/l\xff"[..])),
        stderr_log: None,
    };
    let zone = TimeZone::fixed(jiff::tz::offset(-5));
    let info = ProcessInfo::new(&report, now(at), &zone);
    assert_eq!((info.stdout_logfile.as_ref(), info.stderr_logfile.as_ref()), ("/l\u{fffd}", ""));
    info.description.into_owned()
}

#[test]
fn the_line_for_people_is_the_originals() {
    let up =
        |started| Facts { phase: Phase::Up { pid: pid(9) }, started: Some(now(started)), ..Facts::FRESH };
    assert_eq!(described(up(100), 105), "pid 9, uptime 0:00:05");
    assert_eq!(described(up(100), 100 + 3 * 3600 + 62), "pid 9, uptime 3:01:02");
    assert_eq!(described(up(100), 100 + 86_400), "pid 9, uptime 1 day, 0:00:00");
    assert_eq!(described(up(100), 100 + 2 * 86_400 + 11_045), "pid 9, uptime 2 days, 3:04:05");
    assert_eq!(described(up(100), 90), "pid 9, uptime 0:00:00");

    let down = |rest| Facts { phase: Phase::Down(rest), ..Facts::FRESH };
    assert_eq!(described(down(Rest::Fresh), 5), "Not started");
    let stopped =
        Facts { started: Some(now(1)), stopped: Some(WallTime(1_795_241_455_000_000)), ..down(Rest::Ended) };
    assert_eq!(described(stopped, 5), "Nov 21 01:10 AM");

    assert_eq!(described(down(Rest::GaveUp), 5), "unknown error (try \"tail web\")");
    let backoff =
        Facts { trouble: Some(Trouble::DiedYoung), phase: Phase::Waiting { until: AT }, ..Facts::FRESH };
    assert_eq!(described(backoff, 5), "Exited too quickly (process log may have details)");
    assert_eq!(described(Facts { phase: Phase::Spawning, ..Facts::FRESH }, 5), "");
}

#[test]
fn text_is_quoted_as_by_repr() {
    let table = [
        ("a", "'a'"),
        ("it's", "\"it's\""),
        ("\"it's\"", "'\"it\\'s\"'"),
        ("a\\b\n\t\r\u{1}\u{7f}", "'a\\\\b\\n\\t\\r\\x01\\x7f'"),
        ("é", "'é'"),
    ];
    for (text, quoted) in table {
        assert_eq!(Quoted(text).to_string(), quoted);
    }
}

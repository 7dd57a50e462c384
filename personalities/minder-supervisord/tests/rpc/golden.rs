//! Dialogues recorded from supervisord 4.3.0.
//!
//! The programs below are those of the configuration that was in force. What differs from one run to the next (times,
//! pids, names of logs) is taken from the recorded answer before the question is put.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::control::Refusal;
use minder_core::ids::{CoreDump, ExitStatus, Signal};
use minder_core::instance::{Phase, Rest, Trouble};
use minder_core::plan::{GroupSpec, Plan};
use minder_core::program::{
    Capture, CommandProblem, ErrorOutput, Identity, LogTarget, ProgramSpec, Publish, Startup,
};
use minder_core::restart::ExpectedExits;
use minder_core::time::Instant;
use minder_supervisord::rpc::Answered;
use minder_supervisord::xmlrpc::{Value, decode_response};

use crate::fake::{FATAL, Fake, at, bytes, program, run, up};

fn programs() -> Vec<(&'static str, i64, Vec<ProgramSpec>)> {
    let mut cat = program("cat", "/bin/cat");
    cat.startup = Startup::Automatic;
    cat.stdout.log = LogTarget::File(bytes("/tmp/rpcref/cat.log"));
    let mut manual = program("manual", "/bin/cat");
    manual.stdout.log = LogTarget::Nowhere;
    manual.stderr = ErrorOutput::WithStdout;
    manual.environment.push((bytes("SUPERVISOR_SERVER_URL"), bytes("http://x/y")));
    let mut auto = program("auto", "/bin/cat");
    auto.stdout.capture = Some(Box::new(Capture { limit: 1024, begin: bytes("<"), end: bytes(">") }));
    auto.stdout.publish = Publish::Chunks;
    let mut nofile = program("nofile", "/no/such/file --x");
    nofile.stdout.log = LogTarget::File(bytes("/tmp/rpcref/nofile.log"));
    if let ErrorOutput::Own(stderr) = &mut nofile.stderr {
        stderr.log = LogTarget::File(bytes("/tmp/rpcref/absent.log"));
    }
    let mut quick = program("quick", "/bin/sh -c \"exit 3\"");
    quick.backoff = Backoff { retries: 0, step: Duration::from_secs(1), shortage: Shortage::Passes };
    let mut g1 = program("g1", "/bin/cat");
    g1.directory = Some(bytes("/tmp"));
    g1.identity = Some(Identity { uid: 65534, gid: 65534, groups: Vec::new() });
    g1.expected_exits = ExpectedExits(vec![0, 2]);
    let mut g2 = program("g2", "/bin/cat");
    g2.priority = 5;
    vec![
        ("grp", 20, vec![g1, g2]),
        ("cat", 999, vec![cat]),
        ("manual", 999, vec![manual]),
        ("auto", 999, vec![auto]),
        ("nofile", 999, vec![nofile]),
        ("quick", 999, vec![quick]),
    ]
}

struct Exchange<'a> {
    request: &'a str,
    status: &'a str,
    response: &'a str,
}

fn exchanges(dialogue: &str) -> impl Iterator<Item = Exchange<'_>> {
    dialogue.split("=== ").skip(1).map(|text| {
        let (request, rest) = text.split_once("\n--- ").unwrap();
        let (status, response) = rest.split_once('\n').unwrap();
        Exchange { request, status, response }
    })
}

/// Puts the world into the state in which the recorded answer was given.
fn recreate(fake: &Fake, response: &str) {
    let Ok(Ok(value)) = decode_response(response.as_bytes()) else { return };
    let infos = match &value {
        Value::Array(infos) => infos.as_slice(),
        _ => std::slice::from_ref(&value),
    };
    for info in infos {
        let number = |name: &str| info.member(name).and_then(Value::as_int);
        let path = |name: &str| {
            let path = info.member(name).and_then(Value::as_str).unwrap_or_default();
            if path.is_empty() { None } else { Some(bytes(path)) }
        };
        let Some(name) = info.member("name").and_then(Value::as_str) else { continue };
        if let (Some(now), Some(start), Some(stop), Some(state), Some(pid)) =
            (number("now"), number("start"), number("stop"), number("state"), number("pid"))
        {
            fake.0.borrow_mut().now = at(now);
            fake.set(name, |report| {
                report.facts.started = (start != 0).then(|| at(start));
                report.facts.stopped = (stop != 0).then(|| at(stop).wall);
                report.facts.phase = match state {
                    0 => Phase::Down(if stop == 0 { Rest::Fresh } else { Rest::Asked }),
                    10 => {
                        Phase::Starting { pid: minder_core::ids::Pid::new(1).unwrap(), ready_at: Instant(0) }
                    }
                    20 => up(u32::try_from(pid).unwrap()),
                    200 => FATAL,
                    _ => panic!("a state that was not recorded: {state}"),
                };
                report.facts.trouble = (state == 200).then_some(Trouble::DiedYoung);
                let killed = ExitStatus::Signal { signal: Signal::TERM, core: CoreDump::None };
                report.facts.last_exit = (state == 0 && stop != 0).then_some(killed);
            });
        }
        if info.member("stdout_logfile").is_some() {
            fake.set(name, |report| {
                report.stdout_log = path("stdout_logfile");
                report.stderr_log = path("stderr_logfile");
            });
        }
    }
}

fn check(fake: &Fake, exchange: &Exchange<'_>) {
    let answered = run(async { fake.rpc().respond(exchange.request.as_bytes()).await });
    let (status, response) = match answered {
        Answered::Body(body) => ("200", String::from_utf8(body).unwrap()),
        Answered::BadRequest => ("400", String::new()),
        Answered::Crashed => ("500", String::new()),
    };
    assert_eq!(status, exchange.status, "{}", exchange.request);
    assert_eq!(response, exchange.response, "{}", exchange.request);
}

#[test]
fn faults_and_answers_are_those_of_the_original() {
    let mut log = tempfile::NamedTempFile::new().unwrap();
    log.write_all(b"abcdefgh\n").unwrap();
    let log_path = bytes(log.path().to_str().unwrap());
    let fake = Fake::with(programs());
    fake.set_phase("cat", up(100));
    fake.0.borrow_mut().journal = Some(log_path.clone());
    for exchange in exchanges(include_str!("../golden/rpc/dialogue.txt")) {
        recreate(&fake, exchange.response);
        fake.set("cat", |report| report.stdout_log = Some(log_path.clone()));
        if exchange.request.contains("startProcess<") {
            fake.refuse("nofile", Refusal::Command(CommandProblem::NotFound(bytes("/no/such/file"))));
            fake.refuse("quick", Refusal::NotStarted(Trouble::DiedYoung));
        }
        check(&fake, &exchange);
        if exchange.request.contains("startProcess<") && exchange.request.contains("quick") {
            fake.set_phase("quick", FATAL);
        }
        fake.0.borrow_mut().outcomes.clear();
    }
}

#[test]
fn what_is_known_of_programs_is_told_as_the_original_tells_it() {
    let fake = Fake::with(programs());
    for exchange in exchanges(include_str!("../golden/rpc/info.txt")) {
        if exchange.request.contains("get") {
            recreate(&fake, exchange.response);
            check(&fake, &exchange);
        } else if exchange.request.contains("reloadConfig") {
            // What was read again is equal, but it is not the same.
            let groups = programs().into_iter().map(|(name, priority, programs)| GroupSpec {
                name: minder_core::ids::GroupName::new(name),
                priority,
                programs: programs.into_iter().map(Arc::new).collect(),
                subscription: None,
                socket: None,
            });
            fake.0.borrow_mut().plan = Arc::new(Plan::new(groups.collect()).unwrap());
        }
    }
}

/// The long answer has a way of its own to become bytes; inside a `multicall` it has not.
#[test]
fn both_ways_of_writing_the_long_answer_give_the_same_bytes() {
    let mut specs = vec![program("plain", "x"), program("odd <&>\u{1b}\u{ffff}\té", "x")];
    specs[1].stdout.log = LogTarget::File(bytes("/a&b"));
    let fake = Fake::with(vec![("g]]>", 1, specs)]);
    fake.set("plain", |report| {
        report.facts.started = Some(at(i64::from(i32::MAX) + 5));
        report.facts.trouble = Some(Trouble::BadExit(ExitStatus::Code(3)));
    });
    let rpc = fake.rpc();
    let call = |method: &str| minder_supervisord::xmlrpc::encode_call(method, &[]);
    let Answered::Body(quick) = run(rpc.respond(&call("supervisor.getAllProcessInfo"))) else { panic!() };
    let value = run(rpc.call("supervisor.getAllProcessInfo", &[])).unwrap();
    let slow = minder_supervisord::xmlrpc::encode_response(&Ok(value));
    assert_eq!(String::from_utf8(quick), String::from_utf8(slow));
}

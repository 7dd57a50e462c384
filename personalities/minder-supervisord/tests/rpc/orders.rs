//! Which method asks for what, and how refusals come out.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use minder_core::change::PlanChange;
use minder_core::control::{Ending, Refusal, Reply, Request, Until};
use minder_core::event::Announcement;
use minder_core::ids::{Errno, GroupName, InstanceId, Signal};
use minder_core::instance::{Phase, Rest};
use minder_core::program::CommandProblem;
use minder_core::stop::Reach;
use minder_core::supervision::Mode;
use minder_core::time::Instant;
use minder_supervisord::rpc::Interface;
use minder_supervisord::rpc::faults::Failure;
use minder_supervisord::rpc::help::METHODS;
use minder_supervisord::xmlrpc::Value;

use crate::fake::{Fake, bytes, program, run, up};

fn three() -> Fake {
    let with_priority = |name, priority| {
        let mut spec = program(name, "/bin/cat");
        spec.priority = priority;
        spec
    };
    let late = vec![with_priority("z", 2), with_priority("y", 1)];
    Fake::with(vec![("late", 9, late), ("early", 1, vec![with_priority("x", 5)])])
}

fn call(fake: &Fake, method: &str, params: &[Value]) -> Result<Value, String> {
    let answer = run(fake.rpc().call(method, params));
    answer.map_err(|failure| match failure {
        Failure::Fault(fault) => format!("{} {}", fault.code, fault.text),
        Failure::Crash(crash) => format!("500 {}", crash.message),
    })
}

fn names(statuses: &Value) -> Vec<String> {
    let statuses = statuses.as_array().unwrap().iter();
    let line = |status: &Value| {
        let text = |name| status.member(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let code = status.member("status").and_then(Value::as_int).unwrap();
        format!("{}:{} {code} {}", text("group"), text("name"), text("description"))
    };
    statuses.map(line).collect()
}

#[test]
fn each_method_asks_for_one_thing() {
    let fake = three();
    fake.set_phase("z", up(7));
    let id = InstanceId(0);
    let name = || Value::from("late:z");
    let table: Vec<(&str, Vec<Value>, Request)> = vec![
        ("stopProcess", vec![name()], Request::Stop(id, Until::Settled)),
        ("stopProcess", vec![name(), 0.into()], Request::Stop(id, Until::Ordered)),
        ("signalProcess", vec![name(), "usr1".into()], Request::Signal(id, Signal(10), Reach::Process)),
        ("sendProcessStdin", vec![name(), "hé\n".into()], Request::Feed(id, "hé\n".into())),
        ("clearProcessLogs", vec![name()], Request::ClearLogs(id)),
        ("reloadConfig", vec![], Request::Reread),
        ("removeProcessGroup", vec!["early".into()], Request::RemoveGroup(GroupName::new("early"))),
        (
            "sendRemoteCommEvent",
            vec!["t".into(), "d".into()],
            Request::Announce(Announcement { topic: "t".into(), body: "d".into() }),
        ),
        ("startProcess", vec!["late:y".into()], Request::Start(InstanceId(1), Until::Settled)),
        ("startProcess", vec!["late:y".into(), false.into()], Request::Start(InstanceId(1), Until::Ordered)),
        ("restart", vec![], Request::Shutdown(Ending::Again)),
    ];
    for (method, params, request) in table {
        call(&fake, &format!("supervisor.{method}"), &params).unwrap();
        assert_eq!(fake.orders(), vec![request], "{method}");
    }
}

#[test]
fn refusals_come_out_as_the_originals_faults() {
    let table: Vec<(Refusal, &str)> = vec![
        (Refusal::ShuttingDown, "6 SHUTDOWN_STATE"),
        (Refusal::Command(CommandProblem::NotFound(bytes("x"))), "20 NO_FILE: can't find command 'x'"),
        (Refusal::Command(CommandProblem::Empty), "21 NOT_EXECUTABLE: command is empty"),
        (
            Refusal::Command(CommandProblem::Unsplittable("No closing quotation".into())),
            "21 NOT_EXECUTABLE: can't parse command '/bin/cat': No closing quotation",
        ),
        (
            Refusal::Command(CommandProblem::IsDirectory(bytes("/bin"))),
            "21 NOT_EXECUTABLE: command at '/bin' is a directory",
        ),
        (
            Refusal::Command(CommandProblem::NotExecutable(bytes("/x"))),
            "21 NOT_EXECUTABLE: command at '/x' is not executable",
        ),
        (
            Refusal::Command(CommandProblem::NotPermitted(bytes("/x"))),
            "21 NOT_EXECUTABLE: no permission to run command '/x'",
        ),
        (Refusal::AlreadyWanted, "60 ALREADY_STARTED: late:z"),
        (Refusal::Lost, "30 FAILED: late:z is in an unknown process state"),
        (Refusal::Interrupted, "40 ABNORMAL_TERMINATION: late:z"),
        (Refusal::NoSuchProgram, "10 BAD_NAME: late:z"),
    ];
    for (refusal, expected) in table {
        let fake = three();
        fake.refuse("z", refusal);
        let answer = call(&fake, "supervisor.startProcess", &["late:z".into()]);
        assert_eq!(answer.unwrap_err(), expected);
    }
    let fake = three();
    fake.set_phase("z", Phase::Stopping { pid: minder_core::ids::Pid::new(7).unwrap(), kill_at: Instant(0) });
    let answer = call(&fake, "supervisor.sendProcessStdin", &["late:z".into(), "x".into()]);
    assert_eq!(answer.unwrap_err(), "70 NOT_RUNNING: late:z");
    fake.set_phase("z", up(7));
    fake.refuse("z", Refusal::StdinClosed);
    let answer = call(&fake, "supervisor.sendProcessStdin", &["late:z".into(), "x".into()]);
    assert_eq!(answer.unwrap_err(), "20 NO_FILE: late:z");
    fake.refuse("z", Refusal::File(bytes("/log"), Errno(13)));
    let answer = call(&fake, "supervisor.clearProcessLogs", &["late:z".into()]);
    assert_eq!(answer.unwrap_err(), "30 FAILED: late:z");
    fake.0.borrow_mut().reread = Some(Err("File contains no section headers".to_owned()));
    let answer = call(&fake, "supervisor.reloadConfig", &[]);
    assert_eq!(answer.unwrap_err(), "92 CANT_REREAD: File contains no section headers");
    let answer = call(&fake, "supervisor.clearLog", &[]);
    assert_eq!(answer.unwrap_err(), "20 NO_FILE");
}

#[test]
fn a_process_that_cannot_be_signalled_is_lost_once_and_not_running_afterwards() {
    let fake = three();
    fake.set_phase("z", up(7));
    fake.refuse("z", Refusal::Lost);
    let first = call(&fake, "supervisor.stopProcess", &["late:z".into()]);
    assert_eq!(first.unwrap_err(), "30 FAILED: unknown problem killing z (7):EPERM");
    fake.set_phase("z", Phase::Lost { pid: minder_core::ids::Pid::new(7).unwrap() });
    fake.refuse("z", Refusal::Lost);
    let second = call(&fake, "supervisor.stopProcess", &["late:z".into()]);
    assert_eq!(second.unwrap_err(), "70 NOT_RUNNING: late:z");
}

#[test]
fn a_changed_configuration_is_told_with_one_array_too_many() {
    let fake = three();
    let group = GroupName::new;
    let change =
        PlanChange { added: vec![group("a")], changed: vec![group("b"), group("c")], removed: vec![] };
    fake.0.borrow_mut().reread = Some(Ok(change));
    let answer = call(&fake, "supervisor.reloadConfig", &[]).unwrap();
    let expected: Vec<Vec<Vec<&str>>> = vec![vec![vec!["a"], vec!["b", "c"], vec![]]];
    assert_eq!(answer, Value::from(expected));
}

#[test]
fn all_are_started_by_priority_and_those_done_together_are_told_so_too() {
    let fake = three();
    let rpc = fake.rpc();
    let (x, y, z) = (fake.hold("x"), fake.hold("y"), fake.hold("z"));
    let mut answer = pin!(rpc.call("supervisor.startAllProcesses", &[]));
    let mut context = Context::from_waker(Waker::noop());
    assert!(answer.as_mut().poll(&mut context).is_pending());
    let settled = |id| Request::Start(InstanceId(id), Until::Settled);
    assert_eq!(fake.orders(), vec![settled(2), settled(1), settled(0)], "groups first, then programs");
    z.send(Ok(Reply::Done)).unwrap();
    assert!(answer.as_mut().poll(&mut context).is_pending());
    y.send(Err(Refusal::Interrupted)).unwrap();
    assert!(answer.as_mut().poll(&mut context).is_pending());
    x.send(Ok(Reply::Done)).unwrap();
    let Poll::Ready(Ok(statuses)) = answer.as_mut().poll(&mut context) else { panic!("all are done") };
    assert_eq!(names(&statuses), ["early:x 80 OK", "late:y 40 ABNORMAL_TERMINATION: late:y", "late:z 80 OK"]);
}

#[test]
fn groups_take_only_those_that_need_it() {
    let fake = three();
    fake.set_phase("z", up(7));
    let started = call(&fake, "supervisor.startProcess", &["late:*".into()]).unwrap();
    assert_eq!(names(&started), ["late:y 80 OK"]);
    let stopped = call(&fake, "supervisor.stopProcess", &["late:".into()]).unwrap();
    assert_eq!(names(&stopped), ["late:z 80 OK"]);
    let signalled = call(&fake, "supervisor.signalAllProcesses", &["nope".into()]).unwrap();
    assert_eq!(names(&signalled), ["late:z 11 BAD_SIGNAL: nope"]);
    let cleared = call(&fake, "supervisor.clearAllProcessLogs", &[]).unwrap();
    assert_eq!(names(&cleared), ["early:x 80 OK", "late:y 80 OK", "late:z 80 OK"]);
    fake.set_phase("z", Phase::Down(Rest::Asked));
    let stopped = call(&fake, "supervisor.stopAllProcesses", &[]).unwrap();
    assert!(names(&stopped).is_empty());
}

#[test]
fn nothing_but_announcements_passes_while_everything_is_being_stopped() {
    let fake = three();
    fake.0.borrow_mut().mode = Mode::Stopping;
    for method in METHODS.iter().filter(|method| method.name.starts_with("supervisor.")) {
        let params = vec![Value::from("x"); method.signature().len() - 1];
        let answer = call(&fake, method.name, &params);
        if method.name == "supervisor.sendRemoteCommEvent" {
            assert_eq!(answer, Ok(Value::Bool(true)));
        } else {
            assert_eq!(answer, Err("6 SHUTDOWN_STATE".to_owned()), "{}", method.name);
        }
    }
    assert!(call(&fake, "system.listMethods", &[]).is_ok());
}

#[test]
fn without_its_section_there_is_no_supervisor_namespace() {
    let rpc = three().rpc_with(Interface::Absent);
    let methods = run(rpc.call("system.listMethods", &[])).unwrap();
    let expected = ["system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"];
    assert_eq!(methods, Value::from(expected.to_vec()));
    let body = minder_supervisord::xmlrpc::encode_call("supervisor.getAllProcessInfo", &[]);
    let minder_supervisord::rpc::Answered::Body(body) = run(rpc.respond(&body)) else { panic!() };
    assert!(String::from_utf8(body).unwrap().contains("UNKNOWN_METHOD"));
}

#[test]
fn many_calls_are_made_one_after_the_other() {
    let fake = three();
    fake.set_phase("z", up(7));
    let rpc = fake.rpc();
    let held = fake.hold("z");
    let one = |method: &str| {
        Value::record([("methodName", method.into()), ("params", Value::from(vec!["late:z"]))])
    };
    let calls = [Value::from(vec![one("supervisor.stopProcess"), one("supervisor.clearProcessLogs")])];
    let mut answer = pin!(rpc.call("system.multicall", &calls));
    let mut context = Context::from_waker(Waker::noop());
    assert!(answer.as_mut().poll(&mut context).is_pending());
    assert_eq!(fake.orders(), vec![Request::Stop(InstanceId(0), Until::Settled)]);
    held.send(Ok(Reply::Done)).unwrap();
    let Poll::Ready(Ok(results)) = answer.as_mut().poll(&mut context) else { panic!("both are done") };
    assert_eq!(results, Value::from(vec![true, true]));
    assert_eq!(fake.orders(), vec![Request::ClearLogs(InstanceId(0))]);
}

#[test]
fn what_the_original_logs_about_calls_is_told() {
    let remarks = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let taken = remarks.clone();
    let rpc = three().rpc().with_remarks(std::rc::Rc::new(move |weight, text: &str| {
        taken.borrow_mut().push(format!("{weight:?} {text}"));
    }));
    let call = |method: &str, params: &[Value]| minder_supervisord::xmlrpc::encode_call(method, params);
    let bodies = [
        call("supervisor.getState", &[]),
        call("supervisor.startProcess", &["x:y".into()]),
        call("supervisor.startProcess", &[1.into()]),
        b"<x".to_vec(),
        b"<methodCall></methodCall>".to_vec(),
    ];
    for body in bodies {
        run(rpc.respond(&body));
    }
    let remarks = remarks.borrow();
    let ends = [
        "Trace XML-RPC method called: supervisor.getState()",
        "Trace XML-RPC method supervisor.getState() returned successfully",
        "Trace XML-RPC method called: supervisor.startProcess()",
        "Trace XML-RPC method supervisor.startProcess() returned fault: [10] BAD_NAME: x:y",
        "Trace XML-RPC method called: supervisor.startProcess()",
        "raised an unexpected exception: AttributeError: 'int' object has no attribute 'split'",
        "Error XML-RPC request data '<x' is invalid: unmarshallable",
        "Error XML-RPC request data '<methodCall></methodCall>' is invalid: no method name",
    ];
    assert_eq!(remarks.len(), ends.len(), "{remarks:?}");
    for (remark, end) in remarks.iter().zip(ends) {
        assert!(remark.ends_with(end), "{remark}");
    }
}

#[test]
fn the_table_of_methods_is_sorted_and_its_help_can_be_parsed() {
    assert!(METHODS.is_sorted_by_key(|method| method.name));
    for method in METHODS {
        let help = method.help();
        let tags = help.lines().filter_map(|line| line.trim().strip_prefix('@'));
        let types: Vec<_> = tags.map(|tag| tag.split_whitespace().nth(1).unwrap().to_owned()).collect();
        let signature = method.signature();
        assert_eq!(types.last().map(String::as_str), Some(signature[0]), "{}", method.name);
        assert_eq!(&types[..types.len() - 1], &signature[1..], "{}", method.name);
    }
}

//! Supervisor's server and client: HTTP, and the XML in it.

use std::rc::Rc;

use minder_supervisord::client::fuzzing::answer;
use minder_supervisord::http::fuzzing::connection;
use minder_supervisord::http::{Login, Site};
use minder_supervisord::xmlrpc::{
    Call, Limits, Value, decode_call, decode_response, encode_call, encode_response,
};

use crate::clock;
use crate::fake::{Fake, program, up};
use crate::input::pieces;
use crate::script::Script;

/// What a client takes here: little enough to be reached.
const ANSWER_BYTES_MAX: usize = 4096;

/// What a connection is answered: nothing, or HTTP; and in the end it is closed. An odd first byte is for a server that
/// asks for a password.
pub fn server(bytes: &[u8]) {
    let (script, heard) = Script::new(&pieces(bytes));
    let login = bytes.first().filter(|first| *first % 2 == 1).map(|_| Login::new("joe", "secret"));
    let server = fake();
    clock::run(async move {
        let site = Site::new(Rc::new(server.rpc()), login, Some(Rc::new(|_: &str| {}))).expect("a site");
        connection(script, Rc::new(site)).await;
    });
    let heard = heard.lock().expect("nobody panics with it");
    assert!(heard.is_empty() || heard.starts_with(b"HTTP/1."), "{}", heard.escape_ascii());
}

/// A server of three programs, one of which runs.
fn fake() -> Fake {
    let fake = Fake::with(vec![
        ("cat", 999, vec![program("cat", "/bin/cat")]),
        ("grp", 999, vec![program("a b", "x"), program("none", "x")]),
    ]);
    fake.set_phase("cat", up(100));
    fake
}

/// A call means the same when it is written again.
pub fn xmlrpc_call(bytes: &[u8]) {
    let few = Limits { bytes_max: 1 << 20, depth_max: 8, values_max: 200 };
    let call = decode_call(bytes, few);
    if let Ok(call) = &call {
        assert!(!call.method.is_empty() && few.values_max >= call.params.iter().map(count).sum());
        assert!(call.params.iter().map(depth).max().unwrap_or(0) <= few.depth_max);
    }
    let Ok(Call { method, params }) = decode_call(bytes, Limits::REQUEST) else { return };
    let again = decode_call(&encode_call(&method, &params), Limits::REQUEST).expect("what was encoded");
    assert_eq!(again.method, method);
    assert!(again.params.iter().zip(&params).all(|(again, value)| same(again, value)));
    assert_eq!(again.params.len(), params.len());
}

/// A response means the same when it is written again; and what a client gets of a whole answer is no more than it takes.
pub fn xmlrpc_response(bytes: &[u8]) {
    if let Ok(response) = decode_response(bytes) {
        let again = decode_response(&encode_response(&response)).expect("what was encoded");
        match (&again, &response) {
            (Ok(again), Ok(value)) => assert!(same(again, value), "{again:?} {value:?}"),
            (Err(again), Err(fault)) => {
                assert_eq!((again.code, &again.text), (fault.code, &written(&fault.text)));
            }
            (again, response) => assert_eq!(again, response),
        }
    }
    let (script, _) = Script::new(&pieces(bytes));
    if let Ok(body) = clock::run(answer(script, ANSWER_BYTES_MAX)) {
        assert!(body.len() <= ANSWER_BYTES_MAX);
    }
}

/// A text as it comes back: carriage returns are line ends, and what cannot stand in XML is not told apart.
fn written(text: &str) -> String {
    let kept = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.replace("\r\n", "\n").replace('\r', "\n").replace(|c: char| !kept(c), "\u{fffd}")
}

/// Equal, but for what the wire cannot carry: integers beyond 32 bits, carriage returns, and numbers that are none.
fn same(again: &Value, value: &Value) -> bool {
    match (again, value) {
        (Value::Int(again), Value::Int(number)) => {
            *again == (*number).clamp(i64::from(i32::MIN), i64::from(i32::MAX))
        }
        (Value::Double(again), Value::Double(number)) => again == number || number.is_nan(),
        (Value::String(again), Value::String(text)) => written(again) == written(text),
        (Value::Array(again), Value::Array(values)) => {
            again.len() == values.len() && again.iter().zip(values).all(|(again, value)| same(again, value))
        }
        (Value::Struct(again), Value::Struct(members)) => {
            again.len() == members.len()
                && again
                    .iter()
                    .zip(members)
                    .all(|((key, again), (name, value))| written(key) == written(name) && same(again, value))
        }
        (again, value) => again == value,
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Struct(members) => members.iter().map(|(_, value)| count(value)).sum(),
        Value::Nil
        | Value::Int(_)
        | Value::Bool(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::DateTime(_) => 0,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Struct(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        Value::Nil
        | Value::Int(_)
        | Value::Bool(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::DateTime(_) => 0,
    }
}

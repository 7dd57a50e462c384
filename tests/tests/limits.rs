//! Limits that a file sets hold on the real daemon, and the original takes a file that sets them.

use minder_tests::http::{self, Address};
use minder_tests::place::{MARK, Place, minder_binary};
use minder_tests::process::finish;
use minder_tests::{Daemon, Kind, Reply, json, until, xmlrpc};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LIMITS: &str =
    "[minder:limits]\nconnections=4\nfollowers=1\nhead_bytes=2KB\nbody_bytes=64KB\ndepth=4\nidle=1s\n";

fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    stream
}

/// What is heard until the other side hangs up.
fn hear(mut stream: UnixStream) -> String {
    let mut heard = Vec::new();
    // Being hung up on is an end like any other.
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

fn say(socket: &Path, bytes: &[u8]) -> String {
    let mut stream = connect(socket);
    let _ = stream.write_all(bytes);
    hear(stream)
}

fn post(body: &str) -> Vec<u8> {
    http::request("POST", "/RPC2", &[("Content-Type", "text/xml"), ("Connection", "close")], body.as_bytes())
}

/// A call with a parameter too many, which is so many arrays within each other: a fault, where it is read at all.
fn nested(depth: usize) -> Vec<u8> {
    let (open, close) = ("<value><array><data>", "</data></array></value>");
    post(&format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>supervisor.getState</methodName><params><param>{}{}</param></params>\
         </methodCall>",
        open.repeat(depth),
        close.repeat(depth)
    ))
}

/// A call that is longer than so many bytes.
fn long(bytes: usize) -> Vec<u8> {
    post(&format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>supervisor.getState</methodName><params/></methodCall><!--{}-->",
        "x".repeat(bytes)
    ))
}

/// Whoever is silent at the socket is hung up on long before the half hour that is usual.
fn silence_ends(socket: &Path) {
    assert_eq!(hear(connect(socket)), "");
}

#[test]
fn a_supervisord_refuses_what_its_file_does_not_allow() {
    let daemon = Daemon::start(Kind::Minder, LIMITS);
    let socket = daemon.place().path("supervisor.sock");
    let get = |more: usize| {
        let filling = "y".repeat(more);
        http::request("GET", "/", &[("X", &filling), ("Connection", "close")], b"")
    };
    assert!(say(&socket, &get(1000)).starts_with("HTTP/1.1 200"));
    assert!(say(&socket, &get(3000)).starts_with("HTTP/1.1 431"));
    assert!(say(&socket, &long(60_000)).starts_with("HTTP/1.1 200"));
    assert!(say(&socket, &long(70_000)).starts_with("HTTP/1.1 413"));
    assert!(say(&socket, &nested(4)).starts_with("HTTP/1.1 200"));
    assert!(say(&socket, &nested(5)).starts_with("HTTP/1.1 400"));
    silence_ends(&socket);
    let follow = http::request("GET", "/mainlogtail", &[], b"");
    let mut first = connect(&socket);
    first.write_all(&follow).expect("a request");
    assert!(first.read(&mut [0; 1]).is_ok_and(|count| count == 1));
    assert!(say(&socket, &follow).starts_with("HTTP/1.1 503"));
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_supervisord_serves_no_more_connections_than_its_file_allows() {
    let daemon = Daemon::start(Kind::Minder, "[minder:limits]\nconnections=4\n");
    let socket = daemon.place().path("supervisor.sock");
    let silent: Vec<UnixStream> = (0..5).map(|_| connect(&socket)).collect();
    let mut silent = silent.into_iter();
    assert_eq!(hear(silent.next().expect("the first")), "");
    assert!(matches!(daemon.call("supervisor.getState", &json!([])), Reply::Value(_)));
    drop(silent);
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn the_original_takes_a_file_with_limits_and_one_that_is_none_is_refused() {
    let original = Daemon::start(Kind::Original, LIMITS);
    assert!(matches!(original.call("supervisor.getState", &json!([])), Reply::Value(_)));
    assert_eq!(original.stop().status, "exit 0");
    let ours = Daemon::prepare(Kind::Minder, "[minder:limits]\ndepth=1000\n");
    ours.launch(&["-n"]);
    let ended = ours.wait_end();
    assert_eq!(ended.status, "exit 2");
    let expected = "Error: [minder:limits] depth: found \"1000\", expected a whole number from 4 to 128";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

#[test]
fn a_minder_toml_has_limits_of_its_own_and_every_mind_keeps_them() {
    let place = Place::new();
    let file = place.path("minder.toml");
    let text = "[limits]\nbody-bytes = \"64KB\"\ndepth = 4\n[program.a]\ncommand = \"sleep 1000\"\n";
    std::fs::write(&file, text).expect("a file of ours");
    let minder = |words: &[&str]| {
        let mut command = Command::new(minder_binary());
        command.args(words).arg(&file).env(MARK, place.mark()).current_dir(place.dir());
        finish(command, "")
    };
    let started = minder(&["run", "--daemon"]);
    assert_eq!(started.status, "exit 0", "{}", started.stderr);
    let socket = place.path(".minder/minder.sock");
    let holds = || {
        assert!(say(&socket, &nested(5)).starts_with("HTTP/1.1 400"));
        assert!(say(&socket, &long(70_000)).starts_with("HTTP/1.1 413"));
        assert!(say(&socket, &long(60_000)).starts_with("HTTP/1.1 200"));
    };
    holds();
    let keeper: u32 =
        std::fs::read_to_string(place.path(".minder/minder.pid")).unwrap().trim().parse().unwrap();
    let mind = crate::modes::mind_below(keeper).expect("a mind");
    minder_tests::signal_pid(mind, rustix::process::Signal::KILL);
    until("another mind", || crate::modes::mind_below(keeper).filter(|pid| *pid != mind), String::new);
    holds();
    let shutdown = xmlrpc::call(&Address::Unix(socket.clone()), "supervisor.shutdown", &json!([]));
    assert!(matches!(shutdown, Reply::Value(_)), "{shutdown:?}");
    until("its end", || (!socket.exists()).then_some(()), String::new);
}

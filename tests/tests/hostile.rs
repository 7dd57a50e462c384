//! Clients that mean harm, at the real daemon: whatever they do, another client is answered meanwhile, and minder does not
//! grow. The originals are not asked, because most of this stops them.

use minder_tests::http::{self, Address};
use minder_tests::{Daemon, Kind, Reply, json, xmlrpc};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long the middle one of all answers may take. The slowest is not judged: it is the machine's as often as minder's.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

/// How much keeper and mind may grow together, in kilobytes.
const GROWTH_KB_MAX: u64 = 10 * 1024;

/// Connections that say next to nothing. More than the 256 that a socket serves at once.
const LORISES: usize = 400;

const CONFIG: &str =
    "[inet_http_server]\nport=127.0.0.1:{port}\n[program:a]\ncommand=/bin/sleep 1000\nstartsecs=0\n";

/// Starts minder, lets `attack` at its port, asks it all the while over the same port, and holds it to both promises.
fn survives(attack: impl Fn(u16) + Sync) {
    let daemon = Daemon::start(Kind::Minder, CONFIG);
    daemon.wait_state("a", "RUNNING");
    let (port, program) = (daemon.port(), daemon.pid_of("a"));
    // What a first request allocates for good is not growth.
    (0..20).for_each(|_| assert_answers(&daemon.inet_address()));
    let before = kilobytes(daemon.pid());
    let over = AtomicBool::new(false);
    let mut took = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Whoever panics here must not leave the others waiting.
            let _over = Over(&over);
            attack(port);
        });
        while !over.load(Ordering::Acquire) || took.len() < 20 {
            let begin = Instant::now();
            assert_answers(&daemon.inet_address());
            took.push(begin.elapsed());
        }
    });
    took.sort();
    let middle = took[took.len() / 2];
    assert!(middle < ANSWERED_WITHIN, "the middle one of {} answers took {middle:?}", took.len());
    let grown = daemon.until("minder has given back what the clients made it take", || {
        let grown = kilobytes(daemon.pid()).saturating_sub(before);
        (grown < GROWTH_KB_MAX).then_some(grown)
    });
    println!(
        "{} answers, middle {middle:?}, slowest {:?}, grown by {grown} KB",
        took.len(),
        took[took.len() - 1]
    );
    assert_eq!(daemon.pid_of("a"), program, "a program was disturbed");
}

/// Says that the attack is over, however it ended.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn assert_answers(address: &Address) {
    match xmlrpc::call(address, "supervisor.getState", &json!([])) {
        Reply::Value(state) => assert_eq!(state["statename"], "RUNNING"),
        other => panic!("no state but {other:?}"),
    }
}

/// The memory of keeper and mind that no file is behind, in kilobytes: how much of the executable is in memory depends on
/// who else runs it.
fn kilobytes(keeper: u32) -> u64 {
    let own = std::fs::read_link(format!("/proc/{keeper}/exe")).expect("the keeper");
    let children =
        std::fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).expect("the keeper");
    let children = children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok());
    let minds =
        children.filter(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == own));
    std::iter::once(keeper).chain(minds).map(of_one).sum()
}

fn of_one(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("a living process");
    let lines = rollup.lines().filter(|line| line.starts_with("Anonymous:") || line.starts_with("Swap:"));
    lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    stream
}

/// Says something and hears what there is to hear. Being hung up on is an answer, too.
fn say(port: u16, bytes: &[u8]) -> String {
    let mut stream = connect(port);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

fn post(body: &str) -> Vec<u8> {
    http::request("POST", "/RPC2", &[("Content-Type", "text/xml"), ("Connection", "close")], body.as_bytes())
}

fn call_with(value: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>system.methodHelp</methodName><params><param>{value}</param></params></methodCall>"
    )
}

#[test]
fn hundreds_of_clients_that_say_next_to_nothing_hold_up_nobody() {
    survives(|port| {
        let request = b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n<methodCall>";
        let mut streams: Vec<TcpStream> = (0..LORISES).map(|_| connect(port)).collect();
        // While all of them are there: a server without room for one more would be silent until they go.
        (0..20).for_each(|_| assert_answers(&Address::Port(port)));
        // One byte each time around; every other one stays silent from the start.
        for byte in request {
            for stream in streams.iter_mut().step_by(2) {
                // Those that waited longest were sent away.
                let _ = stream.write_all(&[*byte]);
            }
        }
    });
}

#[test]
fn huge_heads_are_refused() {
    survives(|port| {
        for _ in 0..20 {
            let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(4 << 20));
            let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100_000));
            let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "z".repeat(1 << 20));
            for head in [long, many, path] {
                let heard = say(port, head.as_bytes());
                // What is still on its way when the server hangs up can cost the client the answer.
                assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{heard}");
            }
        }
    });
}

#[test]
fn bodies_of_a_wrong_or_monstrous_length_are_refused() {
    survives(|port| {
        let head =
            |length: &str| format!("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        for _ in 0..20 {
            for length in ["99999999999999", "99999999999999999999999", "-1", "x", "1e3", "500"] {
                let heard = say(port, format!("{}<methodCall>", head(length)).as_bytes());
                assert!(!heard.contains("methodResponse><params"), "{length}: {heard}");
            }
            let longer = say(port, format!("{}{}", head("3"), "<methodCall>".repeat(1000)).as_bytes());
            assert!(!longer.contains("<params>"), "{longer}");
        }
        let heard = say(port, &post(&call_with(&format!("<value>{}</value>", "x".repeat(9 << 20)))));
        assert!(!heard.contains("<params>"), "nine megabytes were taken");
    });
}

#[test]
fn deep_nesting_and_entity_bombs_are_refused() {
    let deep = |depth: usize| {
        let (open, close) = ("<value><array><data>", "</data></array></value>");
        call_with(&format!("{}<value/>{}", open.repeat(depth), close.repeat(depth)))
    };
    let mut entities = String::from("<!ENTITY l0 \"lol\">");
    for level in 1..10 {
        entities.push_str(&format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10)));
    }
    let bomb = |declared: &str, name: &str| {
        let call = call_with(&format!("<value><string>&{name};</string></value>"));
        call.replacen("?>", &format!("?><!DOCTYPE m [{declared}]>"), 1)
    };
    let bodies = [
        deep(33),
        deep(100_000),
        "<a>".repeat(500_000),
        bomb(&entities, "l9"),
        bomb("<!ENTITY e SYSTEM \"file:///etc/passwd\">", "e"),
    ];
    survives(|port| {
        for body in &bodies {
            for _ in 0..5 {
                let heard = say(port, &post(body));
                assert!(!heard.contains("<params>") && !heard.contains("root:"), "{heard}");
            }
        }
    });
}

#[test]
fn ten_thousand_junk_requests_change_nothing() {
    survives(|port| {
        let mut seed = 7_u32;
        let mut junk = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24).to_le_bytes()[0]
        };
        for number in 0..10_000 {
            let noise: Vec<u8> = (0..number % 97 + 1).map(|_| junk()).collect();
            let bytes = match number % 4 {
                0 => noise,
                1 => [b"GET /".as_slice(), &noise, b" HTTP/1.1\r\n\r\n"].concat(),
                2 => post(&String::from_utf8_lossy(&noise)),
                _ => post(&call_with(&format!("<value><int>{number}x</int></value>"))),
            };
            let heard = say(port, &bytes);
            assert!(heard.is_empty() || heard.starts_with("HTTP/1."), "{heard}");
        }
    });
}

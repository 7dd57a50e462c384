//! circusd-stats, and the figures of a process.

use std::io::{BufRead as _, BufReader};
use std::process::{ChildStdout, Command, Stdio};

use minder_circusd::stats::info::{Kin, Sampler, Survey};
use minder_core::ids::Pid;
use rustix::process::Signal;
use serde_json::Value;

use crate::beside::circusd::Circusd;
use crate::beside::programs::{Running, Whose, command};
use crate::beside::{venv, wait_for};

/// What the original says of these processes, one after the other.
fn originals(pids: &[u32]) -> Vec<Value> {
    let program = "import json, sys\nfrom circus.util import get_info\n\
                   for pid in sys.argv[1:]: print(json.dumps(get_info(int(pid), with_childs=True)))";
    let mut python = Command::new(venv().join("bin/python"));
    python.args(["-c", program]).args(pids.iter().map(ToString::to_string));
    let output = python.output().expect("the original's Python");
    let text = String::from_utf8(output.stdout).expect("Python writes UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// With the figures rounded that go on while one looks.
fn steady(mut info: Value) -> Value {
    let object = info.as_object_mut().expect("an object");
    for key in ["age", "create_time", "cpu"] {
        let value = object.get(key).and_then(Value::as_f64);
        assert!(value.is_some(), "{key} is {value:?}");
        if key != "create_time" {
            object.remove(key);
        }
    }
    for child in object.get_mut("children").and_then(Value::as_array_mut).into_iter().flatten() {
        *child = steady(child.take());
    }
    info
}

fn ours(sampler: &mut Sampler, pid: u32) -> Value {
    let pid = Pid::new(pid).expect("not zero");
    Value::Object(sampler.look(&Survey::take(Kin::Children), pid).expect("it lives").to_json())
}

#[test]
fn a_process_is_told_with_the_figures_of_the_original() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 1000 & exec -a '/opt/my prog' sleep 1000"]);
    // A plain sh may have no `exec -a`.
    if cfg!(target_os = "linux") && std::path::Path::new("/bin/bash").exists() {
        shell = Command::new("bash");
        shell.args(["-c", "sleep 1000 & exec -a '/opt/my prog: \"x\"' nice -n 3 sleep 1000"]);
    }
    let running = Running::start(shell);
    let mut sampler = Sampler::new();
    wait_for("its child", || {
        let info = ours(&mut sampler, running.pid());
        let child = info["children"].as_array().and_then(|children| children.first().cloned())?;
        (info["cmdline"] == "sleep" && child["cmdline"] == "sleep").then_some(())
    });
    let theirs = originals(&[running.pid(), 1]);
    let pairs = [(running.pid(), &theirs[0])];
    for (pid, original) in pairs {
        let (ours, original) = (ours(&mut sampler, pid), original.clone());
        let keys = |info: &Value| info.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
        assert_eq!(keys(&ours), keys(&original));
        assert_eq!(steady(ours), steady(original));
    }
    let child = ours(&mut sampler, running.pid())["children"][0]["pid"].as_i64().expect("a pid");
    let child = rustix::process::Pid::from_raw(i32::try_from(child).expect("a pid")).expect("not zero");
    rustix::process::kill_process(child, Signal::KILL).expect("it is our grandchild");
}

#[test]
fn a_busy_process_uses_one_processor() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "while :; do :; done"]);
    let running = Running::start(shell);
    let mut sampler = Sampler::new();
    assert_eq!(ours(&mut sampler, running.pid())["cpu"], 0.0);
    // Other tests run at the same time: it gets at least something, and never more than one.
    wait_for("its share of a processor", || {
        let cpu = ours(&mut sampler, running.pid())["cpu"].as_f64().expect("a number");
        (cpu > 1.0 && cpu < 150.0).then_some(())
    });
}

/// Whoever hears all that is published on an endpoint: the original's own library, a line a message.
struct Listener {
    _python: Running,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Listener {
    fn on(endpoint: &str, topic: &str) -> Listener {
        let program = "import sys, zmq\ns = zmq.Context().socket(zmq.SUB)\ns.subscribe(sys.argv[2])\ns.connect(sys.argv[1])\n\
                       while True: print(*[f.decode() for f in s.recv_multipart()], flush=True)";
        let mut python = Command::new(venv().join("bin/python"));
        python.args(["-c", program, endpoint, topic]).stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = python.spawn().expect("the original's Python");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Listener { _python: Running::of(child), lines }
    }

    /// The next message: topic and object.
    fn next(&mut self) -> (String, Value) {
        let line = self.lines.next().expect("it goes on").expect("UTF-8");
        // A name may hold blanks, an object begins with a brace.
        let (topic, object) = line.split_once(" {").expect("a topic and an object");
        (topic.to_owned(), serde_json::from_str(&format!("{{{object}")).expect("JSON"))
    }

    /// Everything up to the second time that this topic comes, sorted by topic.
    fn second(&mut self, topic: &str) -> Vec<(String, Value)> {
        while self.next().0 != topic {}
        let mut heard = Vec::new();
        loop {
            let (next, object) = self.next();
            let is_last = next == topic;
            heard.push((next, object));
            if is_last {
                heard.sort_by(|a, b| a.0.cmp(&b.0));
                return heard;
            }
        }
    }
}

const WATCHERS: &str = "[watcher:web]\ncmd = sleep 1000\nnumprocesses = 2\n[watcher:Beta Two]\ncmd = sleep 1000\n\
                        [socket:door]\nhost = 127.0.0.1\nport = 0\n";

fn stats(whose: Whose, circusd: &Circusd, place: &str) -> Running {
    let arguments = [
        "--endpoint",
        &circusd.endpoint("endpoint"),
        "--pubsub",
        &circusd.endpoint("pubsub"),
        "--statspoint",
        &circusd.endpoint(place),
        "--log-output",
        &format!("{}/{place}.log", circusd.here().display()),
    ];
    Running::start(command(whose, "circusd-stats", &arguments))
}

/// The shape of what was heard: topics and keys, with pids taken out.
fn shape(heard: &[(String, Value)], own: u32) -> Vec<String> {
    let shapes = heard.iter().map(|(topic, object)| {
        let topic = topic.replace(&own.to_string(), "OWN");
        let keys: Vec<&String> = object.as_object().expect("an object").keys().collect();
        let name = object.get("name").map(ToString::to_string).unwrap_or_default();
        format!("{topic} {keys:?} {name}")
    });
    let mut shapes: Vec<String> = shapes.collect();
    shapes.sort();
    shapes.dedup();
    shapes
}

#[test]
fn the_same_topics_and_objects_are_published_as_by_the_original() {
    let circusd = Circusd::start(&WATCHERS[..WATCHERS.find("[socket").expect("one")]);
    let mut heard = [Whose::Original, Whose::Ours].map(|whose| {
        let place = format!("{whose:?}");
        let mut running = stats(whose, &circusd, &place);
        let mut listener = Listener::on(&circusd.endpoint(&place), "stat.");
        // The original tells each watcher at its own moment, so a round of one may have two of another.
        let heard = listener.second("stat.web");
        let shape = shape(&heard, running.pid());
        running.signal(Signal::TERM);
        assert_eq!(running.ended().code(), Some(0));
        (shape, heard)
    });
    assert_eq!(heard[1].0, heard[0].0);
    assert!(!circusd.here().join("Ours").exists(), "the socket is left");
    let web = heard[1].1.pop().expect("the last in order: stat.web.PID").1;
    assert_eq!((&web["cmdline"], &web["name"]), (&Value::from("sleep"), &Value::Null));
    let circus = heard[1].1.iter().find(|(topic, _)| *topic == format!("stat.circus.{}", circusd.pid()));
    assert_eq!(circus.expect("circusd itself").1["name"], "circusd");
}

#[test]
fn events_are_followed_and_a_watcher_that_stops_is_told_no_more() {
    let circusd = Circusd::start(WATCHERS);
    let _running = stats(Whose::Ours, &circusd, "mine");
    let mut listener = Listener::on(&circusd.endpoint("mine"), "stat.");
    let old = circusd.pids("beta two")[0];
    let alone = listener.second("stat.beta two");
    assert!(alone.iter().any(|(topic, _)| *topic == format!("stat.beta two.{old}")));
    circusd.ctl(&["restart", "beta two", "--waiting"]);
    let new = circusd.pids("beta two")[0];
    wait_for("the new process under the old name", || {
        (listener.next().0 == format!("stat.beta two.{new}")).then_some(())
    });
    circusd.ctl(&["stop", "web", "--waiting"]);
    wait_for("a second without the watcher", || {
        let second = listener.second("stat.circus");
        (!second.iter().any(|(topic, _)| topic.starts_with("stat.web"))).then_some(())
    });
}

#[test]
fn nothing_is_looked_at_while_nobody_is_subscribed() {
    let circusd = Circusd::start(WATCHERS);
    let running = stats(Whose::Ours, &circusd, "mine");
    // A subscriber that came and went proves that it is up.
    drop({
        let mut listener = Listener::on(&circusd.endpoint("mine"), "stat.");
        listener.second("stat.circus");
        listener
    });
    let switches = || -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", running.pid())).expect("it runs");
        let switches = threads.map(|thread| {
            let status =
                std::fs::read_to_string(thread.expect("a thread").path().join("status")).expect("it runs");
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.and_then(|line| line.trim().parse::<u64>().ok()).expect("a number")
        });
        switches.sum()
    };
    // Within three seconds of the time that is measured it would wake up three times at least.
    wait_for("it to sleep for three seconds on end", || {
        let before = switches();
        std::thread::sleep(std::time::Duration::from_secs(3));
        (switches() == before).then_some(())
    });
}

#[test]
fn whoever_knocks_at_a_socket_is_counted_once() {
    let script = tempfile::NamedTempFile::new().expect("a temporary file");
    let arguments =
        ["--endpoint", "ipc://endpoint", "--pubsub", "ipc://pubsub", "--statspoint", "ipc://stats"];
    std::fs::write(script.path(), as_script(&command(Whose::Ours, "circusd-stats", &arguments)))
        .expect("it is ours");
    let cmd = format!("[watcher:mystats]\ncmd = sh {}\nuse_sockets = True\n", script.path().display());
    let circusd = Circusd::start(&format!("{WATCHERS}{cmd}"));
    let sockets = circusd.ctl(&["listsockets"]);
    let (fd, port) = (&sockets["sockets"][0]["fd"], &sockets["sockets"][0]["port"]);
    let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
    let mut listener = Listener::on(&circusd.endpoint("stats"), "stat.");
    let topic = format!("stat.sockets.{fd}");
    let mut connections = Vec::new();
    let mut hits = |listener: &mut Listener, knock: bool| {
        let before = listener.second("stat.sockets");
        assert!(before.iter().any(|(topic, all)| topic == "stat.sockets" && all["reads"] == 0), "{before:?}");
        if knock {
            connections.push(std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens"));
        }
        let address = format!("127.0.0.1:{port}");
        wait_for("a hit", || {
            let (heard, object) = listener.next();
            let is_hit = heard == topic && object["reads"] == 1;
            assert!(heard != topic || object["address"] == address, "{object}");
            (is_hit || !knock).then_some(())
        });
    };
    for knock in [true, true, false] {
        hits(&mut listener, knock);
    }
}

/// A shell script that does what a command does.
fn as_script(command: &Command) -> String {
    let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_str().expect("plain text"));
    let variables = command.get_envs().filter_map(|(name, value)| Some((name.to_str()?, quoted(value?))));
    let exports: String = variables.map(|(name, value)| format!("export {name}={value}\n")).collect();
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    format!("{exports}exec {}\n", words.collect::<Vec<_>>().join(" "))
}

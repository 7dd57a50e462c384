//! circus-top, which is ours alone, beside both daemons: it understands what either circusd-stats tells.

use minder_tests::place::{MARK, Place, free_port};
use minder_tests::process::{Finished, finish, signal_pid};
use minder_tests::terminal::Terminal;
use minder_tests::{Kind, wait};
use rustix::process::Signal;
use std::process::{Child, Command, Stdio};

/// A circusd with a busy watcher, an idle one, and a socket.
struct Circusd {
    child: Child,
    place: Place,
}

impl Circusd {
    fn start(kind: Kind) -> Circusd {
        let place = Place::new();
        let text = "[circus]\nstatsd = True\nendpoint = ipc://{dir}/control\npubsub_endpoint = ipc://{dir}/events\n\
                    stats_endpoint = ipc://{dir}/stats\n\
                    [watcher:busy]\ncmd = sh -c \"while :; do :; done\"\n\
                    [watcher:idle]\ncmd = sleep 1000\nnumprocesses = 12\n\
                    [socket:web]\nhost = 127.0.0.1\nport = {port}\n";
        std::fs::write(place.path("circus.ini"), place.fill(text, free_port())).expect("a file");
        let mut command = Command::new(kind.program("circusd", &place));
        // The original starts circusd-stats through a module of its Python; ours by its name.
        command.arg("circus.ini").current_dir(place.dir()).env(MARK, place.mark());
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null()).spawn();
        Circusd { child: child.expect("a daemon"), place }
    }

    fn top(&self, args: &[&str]) -> Command {
        let mut command = Command::new(Kind::Minder.program("circus-top", &self.place));
        command.arg("--endpoint").arg(format!("ipc://{}", self.place.path("stats").display())).args(args);
        command
    }
}

impl Drop for Circusd {
    fn drop(&mut self) {
        signal_pid(self.child.id(), Signal::TERM);
        let _ = self.child.wait();
        for pid in self.place.residents() {
            signal_pid(pid, Signal::KILL);
        }
    }
}

/// Looks until everybody is there: the first look may come before the last process.
fn looked(daemon: &Circusd, args: &[&str], complete: impl Fn(&str) -> bool) -> String {
    let last = std::cell::RefCell::new(String::new());
    wait::until(
        "a complete look",
        || {
            let Finished { stdout, .. } = finish(daemon.top(args), "");
            *last.borrow_mut() = stdout.clone();
            complete(&stdout).then_some(stdout)
        },
        || last.borrow().clone(),
    )
}

#[test]
fn one_look_is_a_table_or_json() {
    for kind in [Kind::Original, Kind::Minder] {
        let daemon = Circusd::start(kind);
        let json = looked(&daemon, &["--json"], |text| {
            let look = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
            look["watchers"]["busy"]["processes"][0]["cpu"].as_f64().is_some_and(|cpu| cpu > 5.0)
                && look["watchers"]["idle"]["processes"].as_array().is_some_and(|all| all.len() == 12)
        });
        let look: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let names: Vec<&str> =
            look["watchers"].as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, ["busy", "circus", "idle"], "{kind:?}");
        assert_eq!(look["sockets"].as_array().map(Vec::len), Some(1), "{kind:?}: {json}");

        let table = looked(&daemon, &[], |text| text.contains("and 2 more"));
        let firsts: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(firsts.first(), Some(&"PID"), "{table}");
        assert!(firsts.contains(&"busy") && table.contains("(circusd)"), "{table}");
    }
}

#[test]
fn a_terminal_shows_it_live_and_is_given_back() {
    let daemon = Circusd::start(Kind::Minder);
    let mut terminal = Terminal::start(&daemon.top(&[]));
    terminal.wait("Waiting for data");
    // Only what changed is painted, so that words which share letters with what stood there come in pieces.
    terminal.wait("busy");
    terminal.wait("(older)");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn where_nobody_tells_anything_it_says_what_to_look_at() {
    let place = Place::new();
    let mut command = Command::new(Kind::Minder.program("circus-top", &place));
    command.arg("--endpoint").arg(format!("ipc://{}", place.path("nobody").display()));
    let said = finish(command, "");
    assert_eq!((said.status.as_str(), said.stdout.as_str()), ("exit 1", ""));
    assert!(said.stderr.contains("statsd = True"), "{}", said.stderr);
}

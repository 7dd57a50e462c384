//! Fermentrack with minder alone in the places of the script and of circusd: its file, its web workers on a socket, its
//! spawner, its devices, and cron, which keeps it alive.

use minder_tests::http::{self, Address};
use minder_tests::place::{MARK, Place, free_port, reference_venv};
use minder_tests::process::{Finished, finish, signal_pid};
use minder_tests::{Kind, wait};
use rustix::process::Signal;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The form of the field, with ports and endpoints of this place.
const INI: &str = "
[circus]
endpoint = ipc://$(circus.env.HOME)/control
pubsub_endpoint = ipc://$(circus.env.HOME)/events
stats_endpoint = ipc://$(circus.env.HOME)/stats
# The statistics are on because they have an endpoint.
check_delay = 5
loglevel = ERROR
pidfile = $(circus.env.HOME)/circusd.pid
logoutput = $(circus.env.HOME)/fermentrack/log/circusd.log
[watcher:Fermentrack]
cmd = $(circus.env.HOME)/venv/bin/chaussette --fd $(circus.sockets.Fermentrack) page.application
use_sockets = True
numprocesses = 2
copy_env = True
copy_path = True
virtualenv = $(circus.env.HOME)/venv
working_dir = $(circus.env.HOME)/fermentrack
stdout_stream.class = FileStream
stdout_stream.filename = $(circus.env.HOME)/fermentrack/log/fermentrack-stdout.log
stdout_stream.max_bytes = 2097152
stdout_stream.backup_count = 5
stderr_stream.class = FileStream
stderr_stream.filename = $(circus.env.HOME)/fermentrack/log/fermentrack-stderr.log
stderr_stream.max_bytes = 2097152
stderr_stream.backup_count = 5
stderr_stream.time_format = %Y-%m-%d %H:%M:%S
[env:Fermentrack]
PYTHONPATH = $(circus.env.HOME)/fermentrack
[watcher:brewpi-spawner]
cmd = $(circus.env.HOME)/venv/bin/python -u spawner.py
copy_env = True
virtualenv = $(circus.env.HOME)/venv
working_dir = $(circus.env.HOME)/fermentrack
stdout_stream.class = FileStream
stdout_stream.filename = $(circus.env.HOME)/fermentrack/log/spawner-stdout.log
stdout_stream.max_bytes = 2097152
stdout_stream.backup_count = 5
[socket:Fermentrack]
host = 127.0.0.1
port = {port}
";

const PAGE: &str = "import os

def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('the chamber is cold, says %d' % os.getpid()).encode()]
";

/// Adds the device whenever it is not there, through the original's client.
const SPAWNER: &str = "import os, time
from circus.client import CircusClient

log = os.path.expanduser('~/fermentrack/log/')
client = CircusClient(timeout=2, endpoint='ipc://' + os.path.expanduser('~/control'))
while True:
    try:
        if 'dev-brewpi1' not in client.send_message('list').get('watchers', []):
            stream = lambda name: {'class': 'FileStream', 'filename': log + 'dev-brewpi1-%s.log' % name,
                                   'max_bytes': 2097152, 'backup_count': 5}
            print(client.send_message('add', cmd='sh -c \"echo device; exec sleep 1000\"', name='dev-brewpi1', start=True, options={
                'copy_env': True, 'stdout_stream': stream('stdout'), 'stderr_stream': stream('stderr')}))
    except Exception as error:
        print('Error during circus call:', error)
    time.sleep(0.3)
";

const STARTING: &str = "Starting Fermentrack supervisor: circusd: ";
const STOPPING: &str = "Stopping Fermentrack supervisor: circusd: ";
const ALL: &str = "Fermentrack: active\nbrewpi-spawner: active\ncircusd-stats: active\ndev-brewpi1: active\n";

/// A home directory with a Fermentrack.
struct Fermentrack {
    place: Place,
    port: u16,
}

impl Fermentrack {
    fn new() -> Fermentrack {
        let (place, port) = (Place::new(), free_port());
        for directory in ["fermentrack/utils", "fermentrack/log"] {
            std::fs::create_dir_all(place.path(directory)).expect("a directory");
        }
        std::os::unix::fs::symlink(reference_venv(), place.path("venv")).expect("a link");
        for (name, text) in [("circus.ini", INI), ("page.py", PAGE), ("spawner.py", SPAWNER)] {
            let text = text.replace("{port}", &port.to_string());
            std::fs::write(place.path("fermentrack").join(name), text).expect("a file");
        }
        let own = Kind::Minder.program("updateCronCircus.sh", &place);
        std::os::unix::fs::symlink(own, place.path("fermentrack/utils/updateCronCircus.sh")).expect("a link");
        Fermentrack { place, port }
    }

    fn script(&self) -> PathBuf {
        self.place.path("fermentrack/utils/updateCronCircus.sh")
    }

    /// As cron runs it: hardly any environment, no terminal, another directory.
    fn cron(&self, words: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("{} {}", self.script().display(), words.join(" ")));
        command
            .env_clear()
            .env("HOME", self.place.dir())
            .env("PATH", "/usr/bin:/bin")
            .env(MARK, self.place.mark());
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Finished {
        finish(self.cron(words), "")
    }

    /// Says this and ends well.
    fn says(&self, words: &[&str], expected: &str) {
        let said = self.run(words);
        let fine =
            (said.status.as_str(), said.stdout.as_str(), said.stderr.as_str()) == ("exit 0", expected, "");
        assert!(fine, "{words:?}: {said:?}\n{}", self.log());
    }

    fn wait_status(&self, expected: &str) {
        let last = std::cell::RefCell::new(String::new());
        let all = || {
            *last.borrow_mut() = self.run(&["status"]).stdout;
            (*last.borrow() == expected).then_some(())
        };
        wait::until("the status", all, || format!("{}\n{}", last.borrow(), self.log()));
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.place.path("fermentrack/log/circusd.log")).unwrap_or_default()
    }

    fn daemon(&self) -> Option<u32> {
        std::fs::read_to_string(self.place.path("circusd.pid")).ok()?.trim().parse().ok()
    }

    fn wait_for_end(&self) {
        wait::until(
            "everything has ended",
            || self.place.processes().is_empty().then_some(()),
            || format!("{:?}\n{}", self.place.processes(), self.log()),
        );
    }

    /// The page, and the worker that served it.
    fn page(&self) -> Option<String> {
        let request = http::request("GET", "/", &[("Connection", "close")], b"");
        let answer = http::exchange(&Address::Port(self.port), &request).ok()?;
        let text = String::from_utf8(answer.body).ok()?;
        text.rsplit_once("the chamber is cold, says ").map(|(_, pid)| pid.to_owned())
    }
}

impl Drop for Fermentrack {
    fn drop(&mut self) {
        let _ = wait::within(std::time::Duration::from_secs(5), || {
            let left = self.place.processes();
            left.iter().for_each(|(pid, _)| signal_pid(*pid, Signal::KILL));
            left.is_empty().then_some(())
        });
    }
}

#[test]
fn a_season_of_fermentrack() {
    let place = Fermentrack::new();
    place.says(&["start"], &format!("{STARTING}done\n"));
    place.wait_status(ALL);
    let first = wait::until("a worker serves the page", || place.page(), || place.log());

    // A second start makes no second daemon, whoever starts.
    let daemon = place.daemon().expect("a pidfile");
    place.says(&["start"], &format!("{STARTING}already running\n"));
    place.says(&["startifstopped"], "");
    assert_eq!(place.daemon(), Some(daemon));

    // A worker that dies is replaced, and the socket stays.
    signal_pid(first.parse().expect("a pid"), Signal::KILL);
    wait::until("another worker serves", || place.page().filter(|pid| *pid != first), || place.log());
    wait::until("nobody is refused", || place.page(), || place.log());

    place.says(&["stop"], &format!("{STOPPING}ok\n"));
    place.wait_for_end();
    place.says(&["startifstopped"], &format!("{STARTING}done\n"));
    place.wait_status(ALL);

    place.says(&["stop", "--hold"], &format!("{STOPPING}ok\n"));
    place.wait_for_end();
    place.says(&["startifstopped"], "");
    assert_eq!(place.run(&["status"]).status, "exit 1");
    place.says(&["start"], &format!("{STARTING}done\n"));
    place.wait_status(ALL);
    let logs =
        ["fermentrack-stdout.log", "spawner-stdout.log", "dev-brewpi1-stdout.log", "dev-brewpi1-stderr.log"];
    for log in logs {
        assert!(place.place.path("fermentrack/log").join(log).exists(), "{log}");
    }
}

#[test]
fn the_daemon_outlives_whoever_started_it() {
    let place = Fermentrack::new();
    // A terminal whose shell starts it and hangs up.
    let mut shell = Command::new("/bin/bash");
    shell.arg("-c").arg(format!("{} start; kill -HUP -$$", place.script().display()));
    for (key, value) in place.cron(&[]).get_envs() {
        shell.env(key, value.unwrap_or_default());
    }
    let mut terminal = minder_tests::terminal::Terminal::start(&shell);
    terminal.wait("done");
    let _ = terminal.end();
    drop(terminal);
    place.wait_status(ALL);
    let daemon = place.daemon().expect("a pidfile");
    let stat = std::fs::read_to_string(format!("/proc/{daemon}/stat")).expect("a living process");
    let session = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(3)).unwrap_or_default();
    assert_eq!(session, daemon.to_string(), "it leads a session of its own");
    place.says(&["stop"], &format!("{STOPPING}ok\n"));
    place.wait_for_end();
}

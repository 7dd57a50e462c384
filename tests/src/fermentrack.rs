//! A Fermentrack as it is installed: a home directory with the application, its virtual environment, its `circus.ini` and the
//! script that cron calls, which is a link to minder. Django, the database and the controllers are stand-ins; chaussette, the
//! original's client in the spawner and everything between them are real.

use crate::http::{self, Address, Response};
use crate::place::{MARK, Place, minder_binary, reference_venv};
use crate::process::{Finished, finish, signal_pid};
use crate::{Kind, wait};
use rustix::process::Signal;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What `status` prints when everything is up.
pub const ALL_ACTIVE: &str =
    "Fermentrack: active\nbrewpi-spawner: active\ncircusd-stats: active\ndev-brewpi1: active\n";

/// The file of 2017, with its ports, at an address of its own.
const CIRCUS_INI: &str = r#"# Fermentrack
[circus]
check_delay = 5
endpoint = tcp://{address}:5555
pubsub_endpoint = tcp://{address}:5556
stats_endpoint = tcp://{address}:5557
# The usual one is shared by all daemons of a network.
multicast_endpoint =
loglevel = ERROR
logoutput = $(circus.env.HOME)/fermentrack/log/circusd.log

[watcher:brewpi-spawner]
cmd = $(circus.env.HOME)/venv/bin/python $(circus.env.HOME)/fermentrack/fermentrack_django/brewpi_spawner.py tcp://{address}:5555 $(circus.env.HOME)/fermentrack/devices "python -u $(circus.env.HOME)/fermentrack/brewpi-script/brewpi.py" $(circus.env.HOME)/fermentrack/log
numprocesses = 1
use_sockets = False
copy_env = True
virtualenv = $(circus.env.HOME)/venv
working_dir = $(circus.env.HOME)/fermentrack
stderr_stream.class = FileStream
stderr_stream.filename = $(circus.env.HOME)/fermentrack/log/fermentrack-brewpi-spawner.log
stderr_stream.max_bytes = 2097152
stderr_stream.backup_count = 5

[watcher:Fermentrack]
cmd = $(circus.env.HOME)/venv/bin/chaussette --fd $(circus.sockets.Fermentrack) fermentrack_django.wsgi:application
use_sockets = True
numprocesses = 2
copy_env = True
virtualenv = $(circus.env.HOME)/venv
working_dir = $(circus.env.HOME)/fermentrack
stderr_stream.class = FileStream
stderr_stream.filename = $(circus.env.HOME)/fermentrack/log/fermentrack.log
stderr_stream.time_format = %Y-%m-%d %H:%M:%S
stderr_stream.max_bytes = 2097152
stderr_stream.backup_count = 5

[socket:Fermentrack]
host = {address}
port = 8123

[env:Fermentrack]
PYTHONPATH = {dir}/fermentrack
"#;

const WSGI: &str = r#"import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Fermentrack %d\n" % os.getpid()]
"#;

const BREWPI: &str = r#"import signal
import sys

device = sys.argv[sys.argv.index("--dbcfg") + 1]
print("Notification: Script started for beer '%s'" % device, file=sys.stderr)
print("the temperature of %s" % device)
signal.pause()
"#;

/// The home directory of a user fermentrack. Dropping it ends everything that was started from it.
pub struct Fermentrack {
    place: Place,
    address: Ipv4Addr,
}

impl Fermentrack {
    /// With one active device, nothing started.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Fermentrack {
        let home = Fermentrack { place: Place::new(), address: own_address() };
        for directory in ["fermentrack_django", "brewpi-script/utils", "log"] {
            std::fs::create_dir_all(home.file(directory)).expect("a directory");
        }
        let link = |to: PathBuf, from: PathBuf| {
            std::os::unix::fs::symlink(to, from).expect("a link");
        };
        link(reference_venv(), home.place.path("venv"));
        link(minder_binary(), home.file("brewpi-script/utils/updateCronCircus.sh"));
        let ini = CIRCUS_INI
            .replace("{address}", &home.address.to_string())
            .replace("{dir}", &home.place.dir().display().to_string());
        for (name, text) in [
            ("circus.ini", ini.as_str()),
            ("fermentrack_django/wsgi.py", WSGI),
            ("fermentrack_django/brewpi_spawner.py", include_str!("../circus/spawner.py")),
            ("brewpi-script/brewpi.py", BREWPI),
            ("devices", "BrewPi1\n"),
        ] {
            std::fs::write(home.file(name), text).expect("a file of the application");
        }
        home
    }

    /// Something of the application's.
    pub fn file(&self, name: &str) -> PathBuf {
        self.place.path("fermentrack").join(name)
    }

    /// A file of the application as text; nothing if it is not there.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The line of a crontab that has this action: all that cron gives a job, and the mark.
    pub fn by_cron(&self, action: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("~/fermentrack/brewpi-script/utils/updateCronCircus.sh {action}"));
        command.env_clear().env("HOME", self.place.dir()).env("LOGNAME", "fermentrack");
        command.env("SHELL", "/bin/sh").env("PATH", "/usr/bin:/bin").env(MARK, self.place.mark());
        command.current_dir(self.place.dir());
        command
    }

    /// Runs that line until it has ended and nobody holds its output any more, as cron does.
    ///
    /// # Panics
    /// When it does not end.
    pub fn cron(&self, action: &str) -> Finished {
        finish(self.by_cron(action), "")
    }

    /// Starts the original's circusd the way the original script does.
    ///
    /// # Panics
    /// When it does not leave for the background.
    pub fn start_original(&self) {
        let venv = self.place.path("venv");
        let mut command = Command::new(venv.join("bin/circusd"));
        command.arg("--daemon").arg(self.file("circus.ini")).current_dir(self.place.dir());
        command.env_clear().env("HOME", self.place.dir()).env(MARK, self.place.mark());
        command.env("VIRTUAL_ENV", &venv).env("PYTHONPATH", self.file(""));
        command.env("PATH", format!("{}:/usr/bin:/bin", venv.join("bin").display()));
        let done = command.stdin(Stdio::null()).status().expect("circusd");
        assert!(done.success(), "{done}");
    }

    /// What circusctl says to this daemon's endpoint.
    ///
    /// # Panics
    /// When it does not end.
    pub fn circusctl(&self, kind: Kind, arguments: &[&str]) -> Finished {
        let mut command = Command::new(kind.program("circusctl", &self.place));
        command.args(["--timeout", "30", "--endpoint", &format!("tcp://{}:5555", self.address)]);
        command.args(arguments);
        finish(command, "")
    }

    /// One request for the page.
    ///
    /// # Errors
    /// When nobody listens, or the answer breaks off.
    pub fn page(&self) -> io::Result<Response> {
        let address = Address::Host(SocketAddr::from((self.address, 8123)));
        http::exchange(&address, b"GET / HTTP/1.0\r\n\r\n")
    }

    /// The pid of the worker that answers.
    ///
    /// # Errors
    /// As [`Fermentrack::page`], and when the page is another.
    pub fn worker(&self) -> io::Result<u32> {
        let text = self.page()?.text();
        let pid = text.strip_prefix("Fermentrack ").and_then(|rest| rest.trim().parse().ok());
        pid.ok_or_else(|| io::Error::other(format!("a strange page: {text:?}")))
    }

    /// Waits until the script says that everything is up, and the controller has said that it runs.
    ///
    /// # Panics
    /// When that does not come.
    pub fn wait_all_active(&self) {
        wait::until(
            "everything is active",
            || (self.cron("status").stdout == ALL_ACTIVE).then_some(()),
            || format!("{:?}\n{}", self.cron("status"), self.everything_said()),
        );
    }

    /// The pids of everything that was started from this home, in order.
    pub fn processes(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = self.place.processes().into_iter().map(|(pid, _)| pid).collect();
        pids.sort_unstable();
        pids
    }

    /// Waits until everything has ended.
    ///
    /// # Panics
    /// When something stays.
    pub fn wait_nothing_left(&self) {
        let gone = || self.processes().is_empty().then_some(());
        wait::until("everything has ended", gone, || format!("{:?}", self.place.processes()));
    }

    /// The names in the directory of logs, in order.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn logs(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.file("log")).expect("the directory of logs");
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    fn everything_said(&self) -> String {
        self.logs().iter().map(|name| format!("{name}:\n{}\n", self.read(&format!("log/{name}")))).collect()
    }
}

impl Default for Fermentrack {
    fn default() -> Self {
        Fermentrack::new()
    }
}

impl Drop for Fermentrack {
    fn drop(&mut self) {
        // Who is killed may have been starting another.
        let _ = wait::within(wait::PATIENCE, || {
            let left = self.processes();
            left.iter().for_each(|pid| signal_pid(*pid, Signal::KILL));
            left.is_empty().then_some(())
        });
    }
}

/// All of 127.0.0.0/8 is this machine, so everybody can have an address, and Fermentrack's own ports at it.
fn own_address() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = std::process::id().wrapping_mul(16).wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed));
    let [_, a, b, c] = number.to_be_bytes();
    // Neither 127.0.0.x, which others use, nor an address that ends with 0 or 255.
    Ipv4Addr::new(127, 1 + a % 250, b, 1 + c % 250)
}

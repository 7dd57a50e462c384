//! A daemon under test: started in a place of its own, asked, waited for, stopped by pid.

use crate::events::{self, Recorded};
use crate::http::{self, Address, Response};
use crate::normal::Normal;
use crate::place::{self, MARK, Place};
use crate::process::{Finished, finish, signal_pid, status_text};
use crate::wait;
use crate::xmlrpc::{self, Reply};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Whose program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Python's, from PyPI.
    Original,
    /// Ours.
    Minder,
}

impl Kind {
    /// The path of the program that is called `name` ("supervisord", "supervisorctl" …). minder is called through a
    /// link, because the name decides what it is.
    ///
    /// # Panics
    /// When it is not there.
    pub fn program(self, name: &str, place: &Place) -> PathBuf {
        match self {
            Kind::Original => {
                let path = place::reference_venv().join("bin").join(name);
                assert!(path.exists(), "{} does not exist: run `cargo xtask setup`", path.display());
                path
            }
            Kind::Minder => {
                let links = place.path("links");
                let link = links.join(name);
                if !link.exists() {
                    let _ = std::fs::create_dir(&links);
                    std::os::unix::fs::symlink(place::minder_binary(), &link).expect("a link to minder");
                }
                link
            }
        }
    }
}

/// The sections that almost every scenario shares.
pub const USUAL: &str = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
user=root
[unix_http_server]
file={dir}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{dir}/supervisor.sock
";

/// A running daemon. Dropping it stops it and everything that came from it.
pub struct Daemon {
    kind: Kind,
    ctl: Kind,
    place: Place,
    port: OnceCell<u16>,
    child: RefCell<Option<Child>>,
    ended: RefCell<Option<ExitStatus>>,
}

impl Daemon {
    /// A place with the configuration in it, nothing started. A text without `[supervisord]` gets the usual sections
    /// in front.
    ///
    /// # Panics
    /// When the place cannot be made.
    pub fn prepare(kind: Kind, config: &str) -> Daemon {
        let daemon = Daemon {
            kind,
            ctl: kind,
            place: Place::new(),
            port: OnceCell::new(),
            child: RefCell::new(None),
            ended: RefCell::new(None),
        };
        daemon.configure(config);
        daemon
    }

    /// Starts in the foreground and waits until it answers calls on its unix socket.
    ///
    /// # Panics
    /// When it ends or keeps silent.
    pub fn start(kind: Kind, config: &str) -> Daemon {
        let daemon = Daemon::prepare(kind, config);
        daemon.launch(&["-n"]);
        daemon.wait_ready();
        daemon
    }

    /// Lets `supervisorctl` of another kind speak to this daemon.
    pub fn with_ctl(mut self, ctl: Kind) -> Daemon {
        self.ctl = ctl;
        self
    }

    /// Whose daemon it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it lives.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The free port that `{port}` in the configuration stands for.
    pub fn port(&self) -> u16 {
        *self.port.get_or_init(place::free_port)
    }

    /// The normal form for this daemon's texts.
    pub fn normal(&self) -> Normal {
        Normal::new(self.place.dir(), self.port())
    }

    /// Writes the configuration file anew.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, config: &str) {
        let whole =
            if config.contains("[supervisord]") { config.to_owned() } else { format!("{USUAL}{config}") };
        self.write("supervisord.conf", &whole);
    }

    /// Writes a file of the scenario, with the same placeholders as the configuration.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.place.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory");
        }
        std::fs::write(path, self.place.fill(text, self.port())).expect("a file of the scenario");
    }

    /// A file of the scenario that is a number, as a pid file is.
    pub fn read_pid(&self, name: &str) -> Option<u32> {
        self.read(name).trim().parse().ok()
    }

    /// A file of the scenario as text; empty when it is not there.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.place.path(name)).unwrap_or_default()).into_owned()
    }

    /// The names in the directory that begin with `prefix`, with their sizes, sorted.
    pub fn files(&self, prefix: &str) -> Vec<(String, u64)> {
        let mut found: Vec<(String, u64)> = std::fs::read_dir(self.place.dir())
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?.len())))
            .filter(|(name, _)| name.starts_with(prefix))
            .collect();
        found.sort();
        found
    }

    /// A command with the clean, equal environment that everything here runs in.
    pub fn command(&self, kind: Kind, name: &str) -> Command {
        self.clean(Command::new(kind.program(name, &self.place)))
    }

    /// Gives a command the directory and the environment of this place, and nothing of ours.
    pub fn clean(&self, mut command: Command) -> Command {
        command
            .current_dir(self.place.dir())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env(MARK, self.place.mark());
        command
    }

    /// Starts `supervisord -c FILE ARGS…` with its output in files.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn launch(&self, args: &[&str]) {
        let mut command = self.command(self.kind, "supervisord");
        command.arg("-c").arg(self.place.path("supervisord.conf"));
        self.launch_command(command, args);
    }

    /// Starts any command as the daemon.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn launch_command(&self, mut command: Command, args: &[&str]) {
        let file = |name: &str| std::fs::File::create(self.place.path(name)).expect("an output file");
        command.args(args).stdin(Stdio::null()).stdout(file("stdout.txt")).stderr(file("stderr.txt"));
        *self.child.borrow_mut() = Some(command.spawn().expect("a daemon"));
    }

    /// Waits until it answers.
    ///
    /// # Panics
    /// When it ends or keeps silent.
    pub fn wait_ready(&self) {
        self.until("the daemon answers", || {
            assert!(self.try_wait().is_none(), "the daemon ended at once\n{}", self.evidence());
            let address = self.unix_address();
            match (&address, xmlrpc::call(&address, "supervisor.getState", &json!([]))) {
                (_, Reply::Value(_) | Reply::Fault(1, _)) => Some(()),
                // A socket that asks for a password is ready too.
                (_, Reply::Http(401)) => Some(()),
                _ => None,
            }
        });
    }

    /// The pid of the process that was started.
    ///
    /// # Panics
    /// When nothing was started.
    pub fn pid(&self) -> u32 {
        self.child.borrow().as_ref().expect("a started daemon").id()
    }

    /// Its unix socket.
    pub fn unix_address(&self) -> Address {
        Address::Unix(self.place.path("supervisor.sock"))
    }

    /// Its TCP port.
    pub fn inet_address(&self) -> Address {
        Address::Port(self.port())
    }

    /// One call over the unix socket.
    pub fn call(&self, method: &str, params: &Value) -> Reply {
        xmlrpc::call(&self.unix_address(), method, params)
    }

    /// One HTTP request over the unix socket.
    ///
    /// # Errors
    /// As [`http::exchange`].
    pub fn get(&self, path: &str) -> std::io::Result<Response> {
        http::exchange(&self.unix_address(), &http::request("GET", path, &[], b""))
    }

    /// `supervisorctl -c FILE ARGS…` to its end.
    pub fn ctl(&self, args: &[&str]) -> Finished {
        self.ctl_typing("", args)
    }

    /// The same with something on its standard input.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn ctl_typing(&self, typed: &str, args: &[&str]) -> Finished {
        let mut command = self.ctl_command();
        command.args(args);
        finish(command, typed)
    }

    /// `supervisorctl -c FILE`, not started yet. SIGINT works in it even where the tests' own parent ignores that.
    pub fn ctl_command(&self) -> Command {
        let mut command = self.clean(Command::new("/usr/bin/env"));
        command.arg("--default-signal=INT").arg(self.ctl.program("supervisorctl", &self.place));
        command.arg("-c").arg(self.place.path("supervisord.conf"));
        command
    }

    /// Sends a signal to the daemon.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: Signal) {
        signal_pid(self.pid(), signal);
    }

    /// The main log so far.
    pub fn log(&self) -> String {
        self.read("main.log")
    }

    /// What the recorder wrote so far.
    pub fn events(&self) -> Vec<Recorded> {
        events::read(&self.place.path("events"))
    }

    /// `getProcessInfo`.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn info(&self, name: &str) -> Value {
        self.call("supervisor.getProcessInfo", &json!([name])).value()
    }

    /// The name of a program's state.
    pub fn state(&self, name: &str) -> String {
        match self.call("supervisor.getProcessInfo", &json!([name])) {
            Reply::Value(info) => info["statename"].as_str().unwrap_or("").to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// The pid of a program; 0 when it does not run.
    pub fn pid_of(&self, name: &str) -> u32 {
        self.info(name)["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0)
    }

    /// Waits until every running program is itself and no longer the daemon's copy.
    pub fn wait_execs(&self) {
        let Reply::Value(all) = self.call("supervisor.getAllProcessInfo", &json!([])) else { return };
        for info in all.as_array().into_iter().flatten().filter(|info| info["statename"] == "RUNNING") {
            let text = |key: &str| info[key].as_str().unwrap_or("").to_owned();
            self.wait_exec(&format!("{}:{}", text("group"), text("name")));
        }
    }

    /// Waits for `condition`; a failure shows the log.
    pub fn until<T>(&self, what: &str, condition: impl FnMut() -> Option<T>) -> T {
        wait::until(&format!("{what} ({:?})", self.kind), condition, || self.evidence())
    }

    /// Waits until a program is in a state. RUNNING means here that it is really itself: a signal that comes between
    /// fork and exec is lost in the original's handlers.
    pub fn wait_state(&self, name: &str, state: &str) {
        self.until(&format!("{name} is {state}"), || (self.state(name) == state).then_some(()));
        if state == "RUNNING" {
            self.wait_exec(name);
        }
    }

    /// Waits until a program is itself and no longer the daemon's copy, or does not run.
    fn wait_exec(&self, name: &str) {
        let command = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        self.until(&format!("{name} runs its own program"), || {
            (self.state(name) != "RUNNING" || command(self.pid_of(name)) != command(self.pid())).then_some(())
        });
    }

    /// Waits until the main log contains `text`.
    pub fn wait_log(&self, text: &str) {
        self.until(&format!("the log says {text:?}"), || self.log().contains(text).then_some(()));
    }

    /// Waits until the main log contains `text` at least `count` times.
    pub fn wait_log_times(&self, text: &str, count: usize) {
        self.until(&format!("the log says {text:?} {count} times"), || {
            (self.log().matches(text).count() >= count).then_some(())
        });
    }

    /// Waits until a file of the scenario contains `text`.
    pub fn wait_file(&self, name: &str, text: &str) {
        self.until(&format!("{name} contains {text:?}"), || self.read(name).contains(text).then_some(()));
    }

    /// Waits until the recorder has an event that fits.
    pub fn wait_event(&self, what: &str, fits: impl Fn(&Recorded) -> bool) -> Recorded {
        self.until(&format!("the event: {what}"), || self.events().into_iter().find(|event| fits(event)))
    }

    /// Waits until the recorder saw a program go into a state, `times` times.
    pub fn wait_transition(&self, program: &str, state: &str, times: usize) {
        let program = if program.contains(':') { program.to_owned() } else { format!("{program}:{program}") };
        self.until(&format!("{program} went {state} {times} times"), || {
            let seen = self.events();
            let seen = seen.iter().filter(|event| event.program() == program && event.state() == Some(state));
            (seen.count() >= times).then_some(())
        });
        if state == "RUNNING" && self.state(&program) == state {
            self.wait_state(&program, state);
        }
    }

    /// The exit of the daemon, if it has ended.
    ///
    /// # Panics
    /// When nothing was started.
    pub fn try_wait(&self) -> Option<ExitStatus> {
        let mut ended = self.ended.borrow_mut();
        if ended.is_none() {
            *ended = self.child.borrow_mut().as_mut().expect("a started daemon").try_wait().expect("a child");
        }
        *ended
    }

    /// Waits for the end of the daemon, and gives back what it left.
    pub fn wait_end(&self) -> Finished {
        let status = self.until("the daemon ends", || self.try_wait());
        Finished {
            status: status_text(status),
            stdout: self.read("stdout.txt"),
            stderr: self.read("stderr.txt"),
        }
    }

    /// TERM, and wait for the end.
    pub fn stop(&self) -> Finished {
        if self.try_wait().is_none() {
            self.signal(Signal::TERM);
        }
        self.wait_end()
    }

    /// Command lines of processes that outlived the daemon. They get a moment: an exit is not seen at once.
    pub fn leftovers(&self) -> Vec<String> {
        let _ = wait::within(Duration::from_secs(2), || self.place.processes().is_empty().then_some(()));
        self.place.processes().into_iter().map(|(_, line)| line).collect()
    }

    /// All that a failure message should show.
    pub fn evidence(&self) -> String {
        let mut text = String::new();
        for name in ["stderr.txt", "stdout.txt", "main.log"] {
            let content = self.read(name);
            if name == "stdout.txt" && !self.read("main.log").is_empty() {
                continue;
            }
            let lines: Vec<&str> = content.lines().collect();
            let tail = &lines[lines.len().saturating_sub(40)..];
            if !tail.is_empty() {
                text.push_str(&format!("--- {name} of {:?}\n{}\n", self.kind, tail.join("\n")));
            }
        }
        text
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.borrow().is_some() && self.try_wait().is_none() {
            self.signal(Signal::TERM);
            if wait::within(Duration::from_secs(3), || self.try_wait()).is_none() {
                self.signal(Signal::KILL);
            }
        }
        // Whatever is left carries our mark, so it is ours to end.
        let _ = wait::within(Duration::from_secs(5), || {
            let left = self.place.processes();
            left.iter().for_each(|(pid, _)| signal_pid(*pid, Signal::KILL));
            left.is_empty().then_some(())
        });
        if let Some(child) = self.child.borrow_mut().as_mut() {
            let _ = child.wait();
        }
    }
}

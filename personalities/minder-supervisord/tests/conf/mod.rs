//! Both readers behind one interface: the real Supervisor, and ours, each giving the same shape of JSON.

#![allow(dead_code, reason = "each test file uses its own part of this one")]

use minder_supervisord::conf::machine::{RealMachine, Unreadable, User};
use minder_supervisord::conf::overrides::Overrides;
use minder_supervisord::conf::settings::{
    Channel, FcgiListen, GroupKind, GroupSection, InetServer, ProcessSection, UnixServer,
};
use minder_supervisord::conf::types::{AutoRestart, LogFile, Owner};
use minder_supervisord::conf::{Machine, Request, Settings, environment::Environment, read};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A configuration to be read by both.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it shows.
    pub(crate) name: String,
    /// `supervisord.conf` first; the others as paths beside it.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// What the command line says beside the file: as arguments for them, converted for us.
    pub(crate) arguments: Vec<String>,
    pub(crate) overrides: Overrides,
    /// The variables that both have.
    pub(crate) environment: Vec<(String, String)>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        let variables =
            [("HOME", "/root"), ("GREETING", "hello world"), ("EMPTY", ""), ("PERCENT", "50%"), ("ONE", "1")];
        Self {
            name: name.into(),
            files: vec![("supervisord.conf".to_owned(), text.into())],
            arguments: Vec::new(),
            overrides: Overrides::default(),
            environment: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        }
    }

    pub(crate) fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.to_owned(), text.into()));
        self
    }
}

/// A directory with the files of a case, removed at the end.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn of(case: &Case) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(directory.path().join("logs")).expect("logs");
        for (path, bytes) in &case.files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, bytes).expect("a file");
        }
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// The machine that the test runs on, seen from the directory of a case.
pub(crate) struct Here<'a> {
    directory: String,
    case: &'a Case,
    pub(crate) asked: AtomicU32,
}

impl<'a> Here<'a> {
    pub(crate) fn new(place: &Place, case: &'a Case) -> Self {
        let directory = place.path().to_str().expect("a path of letters").to_owned();
        Self { directory, case, asked: AtomicU32::new(0) }
    }

    fn at(&self, path: &str) -> String {
        self.asked.fetch_add(1, Ordering::Relaxed);
        // An empty path is no path, not the directory.
        if path.is_empty() || path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.directory)
        }
    }
}

impl Machine for Here<'_> {
    fn environment(&self) -> Vec<(String, String)> {
        self.case.environment.clone()
    }
    fn current_directory(&self) -> String {
        self.directory.clone()
    }
    fn exists(&self, path: &str) -> bool {
        RealMachine.exists(&self.at(path))
    }
    fn directory_exists(&self, path: &str) -> bool {
        RealMachine.directory_exists(&self.at(path))
    }
    fn read_file(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        RealMachine.read_file(&self.at(path))
    }
    fn glob(&self, pattern: &str) -> Vec<String> {
        RealMachine.glob(&self.at(pattern))
    }
    fn user_by_name(&self, name: &str) -> Option<User> {
        RealMachine.user_by_name(name)
    }
    fn user_by_id(&self, uid: u32) -> Option<User> {
        RealMachine.user_by_id(uid)
    }
    fn group_by_name(&self, name: &str) -> Option<u32> {
        RealMachine.group_by_name(name)
    }
    fn group_exists(&self, gid: u32) -> bool {
        RealMachine.group_exists(gid)
    }
    fn user_id(&self) -> u32 {
        RealMachine.user_id()
    }
    fn host_name(&self) -> String {
        RealMachine.host_name()
    }
    fn temporary_directory(&self) -> String {
        "/tmp".to_owned()
    }
}

/// What our reader says.
pub(crate) fn ours(place: &Place, case: &Case) -> Value {
    let machine = Here::new(place, case);
    let file = "supervisord.conf".to_owned();
    let request = Request { file, overrides: case.overrides.clone(), ..Request::default() };
    match read(&request, &machine).accepted() {
        Ok(settings) => json!({ "accepted": shape(&settings) }),
        Err(text) => json!({ "refused": text }),
    }
}

/// The real Supervisor in a Python process of its own.
pub(crate) struct Reference {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    pub(crate) fn start() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let venv = std::env::var_os("MINDER_REFERENCE_VENV")
            .map_or_else(|| manifest.join("../../target/reference-venv"), PathBuf::from);
        let python = venv.join("bin/python");
        assert!(
            python.exists(),
            "no reference at {}: run the tests with `cargo xtask test`, which installs it, or set MINDER_REFERENCE_VENV",
            venv.display()
        );
        let mut child = Command::new(python)
            .arg(manifest.join("tests/conf/reference.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the reference starts");
        let questions = child.stdin.take().expect("a pipe to the reference");
        let answers = BufReader::new(child.stdout.take().expect("a pipe from the reference"));
        Self { child, questions, answers }
    }

    pub(crate) fn ask(&mut self, place: &Place, case: &Case) -> Value {
        // A list, because the order of the variables shows in some messages.
        let environment = &case.environment;
        let mut arguments = vec!["-c".to_owned(), "supervisord.conf".to_owned()];
        arguments.extend(case.arguments.iter().cloned());
        let question =
            json!({ "arguments": arguments, "directory": place.path(), "environment": environment });
        self.put(&question)
    }

    /// How Python splits a command.
    pub(crate) fn words(&mut self, text: &str) -> Value {
        self.put(&json!({ "words": text }))
    }

    fn put(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("the reference listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the reference answers");
        serde_json::from_str(&answer).expect("the reference answers in JSON")
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shape(settings: &Settings) -> Value {
    let daemon = &settings.supervisord;
    let mut servers: Vec<Value> = settings.inet_servers.iter().map(inet).collect();
    servers.extend(settings.unix_servers.iter().map(unix));
    let rpc: Vec<Value> = settings
        .rpc_interfaces
        .iter()
        .map(|rpc| {
            json!([rpc.name, pairs(rpc.options.iter().map(|(key, value)| (key.as_str(), value.as_str())))])
        })
        .collect();
    json!({
        "minfds": daemon.minfds, "minprocs": daemon.minprocs, "directory": daemon.directory, "umask": daemon.umask,
        "logfile": daemon.logfile, "logfile_maxbytes": daemon.logfile_maxbytes, "logfile_backups": daemon.logfile_backups,
        "loglevel": daemon.loglevel as i32, "pidfile": daemon.pidfile, "identifier": daemon.identifier,
        "childlogdir": daemon.childlogdir, "uid": daemon.user.as_ref().map(|user| user.uid),
        "gid": daemon.user.as_ref().map(|user| user.gid), "serverurl": settings.server_url,
        "nodaemon": daemon.nodaemon, "silent": daemon.silent, "nocleanup": daemon.nocleanup,
        "strip_ansi": daemon.strip_ansi, "environment": variables(&daemon.environment),
        "groups": settings.groups.iter().map(group).collect::<Vec<_>>(), "servers": servers, "rpc": rpc,
        "warnings": settings.parse_warnings, "infos": settings.parse_infos,
    })
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    Value::Object(pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

fn variables(environment: &Environment) -> Value {
    pairs(environment.iter())
}

fn owner(owner: Owner) -> Value {
    let id = |id: Option<u32>| id.map_or(-1, i64::from);
    json!([id(owner.uid), id(owner.gid)])
}

fn inet(server: &InetServer) -> Value {
    let access = &server.access;
    json!({ "name": access.name, "section": access.section, "username": access.username, "password": access.password,
        "host": server.host, "port": server.port })
}

fn unix(server: &UnixServer) -> Value {
    let access = &server.access;
    json!({ "name": access.name, "section": access.section, "username": access.username, "password": access.password,
        "file": server.file, "chown": owner(server.owner), "chmod": server.mode })
}

fn group(group: &GroupSection) -> Value {
    let processes: Vec<Value> = group.processes.iter().map(process).collect();
    let mut value = json!({ "name": group.name, "priority": group.priority, "processes": processes });
    match &group.kind {
        GroupKind::Programs => {}
        GroupKind::Listeners(pool) => {
            let mut events = pool.events.clone();
            events.sort_unstable();
            value["buffer_size"] = json!(pool.buffer_size);
            value["events"] = json!(events);
        }
        GroupKind::FastCgi(socket) => {
            value["socket"] = match &socket.address {
                FcgiListen::Unix { path, owner: given, mode } => json!({ "url": format!("unix://{path}"),
                    "backlog": socket.backlog, "mode": mode, "owner": given.map(owner) }),
                FcgiListen::Tcp { host, port } => {
                    json!({ "url": format!("tcp://{host}:{port}"), "backlog": socket.backlog })
                }
            };
        }
    }
    value
}

fn process(process: &ProcessSection) -> Value {
    let restart = match process.autorestart {
        AutoRestart::Never => "never",
        AutoRestart::Unexpected => "unexpected",
        AutoRestart::Always => "always",
    };
    let mut value = json!({
        "name": process.name, "command": process.command, "directory": process.directory, "umask": process.umask,
        "priority": process.priority, "autostart": process.autostart, "autorestart": restart,
        "startsecs": process.startsecs, "startretries": process.startretries,
        "uid": process.user.as_ref().map(|user| user.uid), "stopsignal": process.stopsignal,
        "stopwaitsecs": process.stopwaitsecs, "stopasgroup": process.stopasgroup, "killasgroup": process.killasgroup,
        "exitcodes": process.exitcodes, "redirect_stderr": process.redirect_stderr,
        "environment": variables(&process.environment), "serverurl": process.serverurl,
    });
    for (name, channel) in [("stdout", &process.stdout), ("stderr", &process.stderr)] {
        output(&mut value, name, channel);
    }
    value
}

fn output(value: &mut Value, name: &str, channel: &Channel) {
    value[format!("{name}_logfile")] = match &channel.logfile {
        LogFile::None | LogFile::Syslog => Value::Null,
        LogFile::Auto => json!({ "auto": true }),
        LogFile::Path(path) => json!(path),
    };
    value[format!("{name}_syslog")] = json!(channel.syslog);
    value[format!("{name}_logfile_maxbytes")] = json!(channel.maxbytes);
    value[format!("{name}_logfile_backups")] = json!(channel.backups);
    value[format!("{name}_capture_maxbytes")] = json!(channel.capture_maxbytes);
    value[format!("{name}_events_enabled")] = json!(channel.events_enabled);
}

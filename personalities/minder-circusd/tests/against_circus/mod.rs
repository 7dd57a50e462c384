//! The real Circus and ours behind one interface: a question, and the same shape of JSON from both.

#![allow(dead_code, reason = "each test file uses its own part of this one")]

use minder_circusd::ini::machine::{Machine, RealMachine, User};
use minder_circusd::ini::{self, Address, Family, Kind};
use minder_circusd::options::{
    Class, Environment, Exception, SpawnContext, StdStream, WatcherOptions, convert, set::Action, validate,
};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A directory with files, removed at the end, and the variables that both see.
pub(crate) struct Place {
    directory: tempfile::TempDir,
    environment: Environment,
}

impl Place {
    pub(crate) fn new() -> Self {
        let variables = [
            ("HOME", "/home/fermentrack"),
            ("PATH", "/usr/bin:/bin"),
            ("GREETING", "hello $HOME world"),
            ("EMPTY", ""),
            ("Mixed", " spaced "),
            ("NUMBER", "3"),
            ("WORD", "$(circus.wid) \"a b\""),
        ];
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory, environment: variables.into_iter().collect() }
    }

    pub(crate) fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("a file");
        self
    }

    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.set(name, value);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().expect("a path of letters").to_owned()
    }
}

impl Machine for Place {
    fn environment(&self) -> Environment {
        self.environment.clone()
    }
    fn current_directory(&self) -> String {
        self.file("").trim_end_matches('/').to_owned()
    }
    fn exists(&self, path: &str) -> bool {
        RealMachine.exists(&self.file(path))
    }
    fn read_file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        RealMachine.read_file(&self.file(path))
    }
    fn list(&self, directory: &str) -> Vec<String> {
        RealMachine.list(&self.file(directory))
    }
    fn glob(&self, pattern: &str) -> Vec<String> {
        RealMachine.glob(&self.file(pattern))
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
}

/// The real Circus in a Python process.
pub(crate) struct Reference {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    /// Where the real Circus is installed.
    pub(crate) fn virtualenv() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/reference-venv")
    }

    pub(crate) fn start() -> Self {
        let python = Self::virtualenv().join("bin/python");
        assert!(python.exists(), "run `cargo xtask setup` first");
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/against_circus/reference.py");
        let mut process = Command::new(python)
            .arg(script)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUTF8", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        let questions = process.stdin.take().expect("stdin");
        let answers = BufReader::new(process.stdout.take().expect("stdout"));
        Self { process, questions, answers }
    }

    pub(crate) fn ask(&mut self, place: &Place, question: &Question) -> Value {
        let mut asked = question.to_json(place);
        asked["directory"] = json!(place.current_directory());
        asked["environment"] = place.environment.to_json();
        writeln!(self.questions, "{asked}").expect("the question");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the answer");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{question:?}: {error}: {line:?}"))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A watcher as a client adds it.
#[derive(Clone, Debug)]
pub(crate) struct Added {
    pub(crate) cmd: Value,
    pub(crate) args: Value,
    pub(crate) options: Value,
}

/// What both are asked. Files are `circus.ini` of the place.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Read,
    Watchers,
    Sockets,
    Command,
    Add(Added),
    AddedCommand(Added),
    Change { options: Value, changes: Vec<(String, Value)> },
    Validate(String, Value),
    Convert(String, String),
}

const WID: u32 = 3;

fn descriptors() -> Vec<(String, i32)> {
    vec![("web".to_owned(), 7), ("fermentrack".to_owned(), 8)]
}

impl Question {
    fn to_json(&self, place: &Place) -> Value {
        let file = place.file("circus.ini");
        let fds: Map<String, Value> = descriptors().into_iter().map(|(name, fd)| (name, json!(fd))).collect();
        let add = |ask: &str, Added { cmd, args, options }: &Added| json!({"ask": ask, "name": "w", "cmd": cmd, "args": args, "options": options});
        match self {
            Self::Read => json!({"ask": "read", "file": file}),
            Self::Watchers => json!({"ask": "watchers", "file": file}),
            Self::Sockets => json!({"ask": "socket_parameters", "file": file}),
            Self::Command => json!({"ask": "command", "file": file, "wid": WID, "fds": fds}),
            Self::Add(added) => add("add", added),
            Self::AddedCommand(added) => {
                let mut question = add("added_command", added);
                question["wid"] = json!(WID);
                question["fds"] = json!(fds);
                question
            }
            Self::Change { options, changes } => {
                json!({"ask": "change", "options": options, "changes": changes})
            }
            Self::Validate(key, value) => json!({"ask": "validate", "key": key, "value": value}),
            Self::Convert(key, text) => json!({"ask": "convert", "key": key, "text": text}),
        }
    }

    /// What we say.
    pub(crate) fn ours(&self, place: &Place) -> Value {
        answer(match self {
            Self::Read => accepted(place).map(|settings| configuration(&settings)),
            Self::Watchers => accepted(place).map(|settings| {
                each(&settings.watchers, |section| section.options(place).map(|watcher| shown(&watcher)))
            }),
            Self::Sockets => {
                accepted(place).map(|settings| each(&settings.sockets, |section| socket(section, place)))
            }
            Self::Command => accepted(place)
                .map(|settings| each(&settings.watchers, |section| words(&section.options(place)?, place))),
            Self::Add(added) => add(added, place).map(|watcher| shown(&watcher)),
            Self::AddedCommand(added) => add(added, place).and_then(|watcher| words(&watcher, place)),
            Self::Change { options, changes } => change(options, changes, place),
            Self::Validate(key, value) => validate::option(key, value).map(|()| Value::Null),
            Self::Convert(key, text) => convert::option(key, text, &place.environment),
        })
    }
}

fn answer(result: Result<Value, Exception>) -> Value {
    match result {
        Ok(value) => json!({"is": value}),
        Err(exception) => json!({"raises": [exception.class.name(), exception.text]}),
    }
}

fn each<T>(items: &[T], one: impl Fn(&T) -> Result<Value, Exception>) -> Value {
    items.iter().map(|item| answer(one(item))).collect()
}

fn accepted(place: &Place) -> Result<ini::Settings, Exception> {
    ini::read(&place.file("circus.ini"), place).accepted()
}

fn configuration(settings: &ini::Settings) -> Value {
    let mut all = settings.circus.to_json();
    let named = |values: &Map<String, Value>, name: &str| {
        let mut values = values.clone();
        values.insert("name".to_owned(), json!(name));
        values
    };
    let watchers = settings.watchers.iter().map(|watcher| {
        let mut values = named(&watcher.values, &watcher.name);
        values.insert("env".to_owned(), watcher.env.to_json());
        Value::Object(values)
    });
    all.insert("watchers".to_owned(), watchers.collect());
    let sockets = settings.sockets.iter().map(|socket| Value::Object(named(&socket.values, &socket.name)));
    all.insert("sockets".to_owned(), sockets.collect());
    let plugins = settings.plugins.iter().map(|plugin| {
        let mut values = named(&plugin.values, &plugin.name);
        values.insert("use".to_owned(), json!(plugin.class));
        Value::Object(values)
    });
    all.insert("plugins".to_owned(), plugins.collect());
    Value::Object(all)
}

fn shown(watcher: &WatcherOptions) -> Value {
    let class = |stream| watcher.stream(stream).sink().map_or("NoneType", |sink| sink.class());
    let ignored: Map<String, Value> = watcher
        .hooks
        .iter()
        .map(|(moment, _)| (moment.clone(), json!(watcher.ignores_failure_of(moment))))
        .collect();
    let limits: Map<String, Value> =
        watcher.rlimits.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    // What is kept and taken up again must be the same.
    assert_eq!(WatcherOptions::decode(&watcher.encode()).as_ref(), Some(watcher));
    json!({
        "options": watcher.options(),
        "hooks": ignored,
        "rlimits": limits,
        "autostart": watcher.autostart,
        "stdin_socket": watcher.stdin_socket,
        "stdout": class(StdStream::Stdout),
        "stderr": class(StdStream::Stderr),
    })
}

fn socket(section: &ini::SocketSection, place: &Place) -> Result<Value, Exception> {
    let socket = section.options(place)?;
    let kind = match socket.kind {
        Kind::Stream => 1,
        Kind::Datagram => 2,
        Kind::Raw => 3,
        Kind::ReliableDatagram => 4,
        Kind::SequencedPacket => 5,
    };
    let mut shown = json!({
        "name": socket.name,
        "type": kind,
        "backlog": socket.backlog,
        "so_reuseport": socket.so_reuseport,
        "blocking": socket.blocking,
        "interface": socket.interface,
    });
    if section.values.contains_key("proto") {
        shown["proto"] = json!(socket.protocol);
    }
    match socket.address {
        Address::Inet { family, host, port } => {
            shown["family"] = json!(if family == Family::Inet { 2 } else { 10 });
            shown["host"] = json!(host);
            shown["port"] = json!(port);
        }
        Address::Unix { path, umask, replace } => {
            shown["path"] = json!(path);
            shown["umask"] = json!(umask);
            shown["replace"] = json!(replace);
        }
    }
    Ok(shown)
}

/// Without a word the original fails one step later.
fn words(watcher: &WatcherOptions, place: &Place) -> Result<Value, Exception> {
    let sockets = descriptors();
    let context = SpawnContext { wid: WID, sockets: &sockets, machine: place };
    match watcher.command(&context) {
        Ok(command) => Ok(json!(command.words)),
        Err(exception) if exception.class == Class::Index => Ok(json!([])),
        Err(exception) => Err(exception),
    }
}

fn add(added: &Added, place: &Place) -> Result<WatcherOptions, Exception> {
    let options = validate::options(&added.options)?;
    WatcherOptions::from_add("w", &added.cmd, &added.args, options, place)
}

fn change(options: &Value, changes: &[(String, Value)], place: &Place) -> Result<Value, Exception> {
    let added = Added { cmd: json!("sleep 1"), args: Value::Null, options: options.clone() };
    let mut watcher = add(&added, place)?;
    let results: Vec<Value> = changes
        .iter()
        .map(|(key, value)| {
            let effect = validate::option(key, value).and_then(|()| watcher.set(key, value, place));
            answer(effect.map(|effect| match effect.action() {
                Action::Nothing => json!(-1),
                Action::Manage => json!(0),
                Action::Reload => json!(1),
            }))
        })
        .collect();
    Ok(json!([results, watcher.options()]))
}

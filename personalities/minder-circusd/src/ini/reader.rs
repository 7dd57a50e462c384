//! The walk through a configuration, in the original's order.

use super::fault::Fault;
use super::machine::Machine;
use super::pattern;
use super::settings::{Circus, PluginSection, Settings, SocketSection, WatcherSection};
use super::tree::{Entry, Section, Tree};
use super::vocabulary;
use crate::options::environment::Environment;
use crate::options::exception::{Class, Exception};
use crate::options::python::{self, is_space, repr_text};
use crate::options::signal::to_signum;
use crate::options::substitute::Names;
use minder_config::{Problem, Sources, Span};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

/// What came of a reading.
#[derive(Debug)]
pub struct Reading {
    /// The files, to show problems with.
    pub sources: Sources,
    /// The settings. With faults they hold defaults where values are wrong, and are for showing only.
    pub settings: Settings,
    /// The mistakes for which the original does not start; it stops at the first.
    pub faults: Vec<Fault>,
}

impl Reading {
    /// The settings, if the original would accept them.
    ///
    /// # Errors
    ///
    /// What the original raises otherwise: its `Display` is the last line on standard error.
    pub fn accepted(self) -> Result<Settings, Exception> {
        match self.faults.into_iter().next() {
            None => Ok(self.settings),
            Some(fault) => Err(fault.exception),
        }
    }

    /// Everything a check has to say, errors first, each once.
    #[must_use]
    pub fn problems(&self) -> Vec<&Problem> {
        let mut seen = HashSet::new();
        let faults = self.faults.iter().map(|fault| &fault.problem);
        faults.chain(&self.settings.warnings).filter(|problem| seen.insert(*problem)).collect()
    }
}

/// Reads a configuration: the main file at the path, as the user wrote it, and what that includes.
#[must_use]
pub fn read(path: &str, machine: &dyn Machine) -> Reading {
    let environment = machine.environment();
    let mut walk = Walk {
        machine,
        tree: Tree::default(),
        sources: Sources::new(),
        names: Names::of_environment(&environment),
        environment,
        local: Environment::new(),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    walk.files(path);
    walk.variables();
    let settings = walk.settings();
    Reading { sources: walk.sources, settings, faults: walk.faults }
}

struct Walk<'m> {
    machine: &'m dyn Machine,
    tree: Tree,
    sources: Sources,
    /// The daemon's environment, later with `[env]` on top.
    environment: Environment,
    /// The same, as references see it.
    names: Names,
    /// `[env]` alone.
    local: Environment,
    faults: Vec<Fault>,
    warnings: Vec<Problem>,
}

impl Walk<'_> {
    fn files(&mut self, path: &str) {
        if !self.machine.exists(path) {
            let text = format!("the configuration file {} does not exist\n", repr_text(path));
            let problem = Problem::error(text.trim_end());
            self.faults.push(Fault::new(Exception::new(Class::Os, text), problem));
            return;
        }
        match self.machine.read_file(path) {
            Ok(bytes) => self.parse(path, bytes),
            Err(error) => {
                let problem = Problem::error(format!("{path} cannot be read: {error}"));
                let number = error.raw_os_error().unwrap_or_default();
                let words = error.to_string();
                let words = words.split(" (os error").next().unwrap_or_default();
                let text = format!("[Errno {number}] {words}: {}", repr_text(path));
                self.faults.push(Fault::new(Exception::new(Class::Os, text), problem));
                return;
            }
        }
        let mut included = Vec::new();
        let directory = path.rfind('/').map_or("", |slash| if slash == 0 { "/" } else { &path[..slash] });
        for (key, suffix) in [("include", ""), ("include_dir", "/*.ini")] {
            let Some((value, at)) = self.value("circus", key) else { continue };
            for pattern in value.split(is_space).filter(|pattern| !pattern.is_empty()) {
                let pattern = under(directory, &format!("{}{suffix}", pattern.trim_end_matches('/')));
                let found = self.machine.glob(&pattern);
                if found.is_empty() {
                    let problem = Problem::warning(format!("nothing matches {pattern}")).with_subject(key);
                    let hint = "patterns are relative to the directory of the main file".to_owned();
                    self.warnings.push(problem.with_place(Some(at)).with_hint(Some(hint)));
                }
                included.extend(found);
            }
        }
        for path in included {
            // The original skips what it cannot open without a word.
            match self.machine.read_file(&path) {
                Ok(bytes) => self.parse(&path, bytes),
                Err(error) => {
                    self.warnings
                        .push(Problem::warning(format!("{path} is included and cannot be read: {error}")));
                }
            }
        }
    }

    fn parse(&mut self, path: &str, bytes: Vec<u8>) {
        let file = self.sources.add(path, bytes);
        let faults = self.tree.read(&self.sources, file);
        self.faults.extend(faults);
    }

    /// `[env]` on top of the daemon's environment, for everything that is read from here on.
    fn variables(&mut self) {
        if let Some(section) = self.tree.section("env") {
            for entry in self.tree.items(section) {
                self.local.set(&*entry.key, self.names.replace(&entry.value));
            }
        }
        self.environment.update(&self.local);
        self.names = Names::of_environment(&self.environment);
    }

    fn settings(&mut self) -> Settings {
        let circus = self.circus();
        let (mut watchers, mut sockets, mut plugins) = (Vec::new(), Vec::new(), Vec::new());
        let tree = std::mem::take(&mut self.tree);
        for section in tree.sections() {
            let items = tree.items(section);
            if items.is_empty() {
                continue;
            }
            let places = items.iter().map(|entry| (entry.key.clone(), entry.value_at)).collect();
            if section.name.starts_with("socket:") {
                sockets.push(self.socket(section, &items, places));
            } else if section.name.starts_with("plugin:") {
                plugins.push(self.plugin(section, &items, places));
            } else if let Some(name) = section.name.strip_prefix("watcher:") {
                watchers.push(self.watcher(name, section, &items, places));
            }
        }
        watchers.sort_by(|a, b| a.name.cmp(&b.name));
        plugins.sort_by(|a: &PluginSection, b| a.name.cmp(&b.name));
        sockets.sort_by(|a: &SocketSection, b| a.name.cmp(&b.name));
        for section in tree.sections() {
            apply_variables(&tree, section, &mut watchers);
        }
        for watcher in &mut watchers {
            self.expand(watcher);
        }
        for plugin in plugins.iter().filter(|plugin| plugin.class.is_empty()) {
            let hint =
                "name the class of the plugin, such as `use = circus.plugins.flapping.Flapping`".to_owned();
            let problem = Problem::error("no `use`").with_subject(&*plugin.name).with_place(Some(plugin.at));
            let exception = Exception::new(Class::Key, "'use'");
            self.faults.push(Fault::new(exception, problem.with_hint(Some(hint))));
        }
        let mut settings = Settings { circus, watchers, sockets, plugins, warnings: Vec::new() };
        vocabulary::judge(&tree, &settings, self.machine, &mut self.warnings);
        settings.warnings = std::mem::take(&mut self.warnings);
        settings
    }

    fn circus(&mut self) -> Circus {
        let mut circus = Circus::default();
        self.real("check_delay", &mut circus.check_delay);
        self.text("endpoint", &mut circus.endpoint);
        self.optional("endpoint_owner", &mut circus.endpoint_owner);
        self.text("pubsub_endpoint", &mut circus.pubsub_endpoint);
        self.text("multicast_endpoint", &mut circus.multicast_endpoint);
        self.flag("statsd", &mut circus.statsd);
        self.umask(&mut circus.umask);
        let mut stats_endpoint = None;
        self.optional("stats_endpoint", &mut stats_endpoint);
        if let Some(endpoint) = stats_endpoint {
            // Who says where wants it: the original switches statistics on.
            circus.statsd = true;
            circus.stats_endpoint = endpoint;
        }
        self.whole("warmup_delay", &mut circus.warmup_delay);
        self.flag("httpd", &mut circus.httpd);
        self.text("httpd_host", &mut circus.httpd_host);
        self.whole("httpd_port", &mut circus.httpd_port);
        self.flag("debug", &mut circus.debug);
        self.flag("debug_gc", &mut circus.debug_gc);
        self.optional("pidfile", &mut circus.pidfile);
        self.optional("loglevel", &mut circus.loglevel);
        self.optional("logoutput", &mut circus.logoutput);
        self.optional("loggerconfig", &mut circus.loggerconfig);
        self.optional("fqdn_prefix", &mut circus.fqdn_prefix);
        circus
    }

    /// The value of a key with references replaced, and where it stands.
    fn value(&self, section: &str, key: &str) -> Option<(String, Span)> {
        let entry = self.tree.get(section, key)?;
        Some((self.names.replace(&entry.value), entry.value_at))
    }

    fn text(&mut self, key: &str, into: &mut String) {
        if let Some((value, _)) = self.value("circus", key) {
            *into = value;
        }
    }

    fn optional(&mut self, key: &str, into: &mut Option<String>) {
        if let Some((value, _)) = self.value("circus", key) {
            *into = Some(value);
        }
    }

    fn whole(&mut self, key: &str, into: &mut i64) {
        if let Some((value, at)) = self.value("circus", key) {
            let number = python::int(&value, 10);
            self.take(number, key, &value, at, WHOLE, into);
        }
    }

    fn real(&mut self, key: &str, into: &mut f64) {
        if let Some((value, at)) = self.value("circus", key) {
            let number = python::float(&value);
            self.take(number, key, &value, at, REAL, into);
        }
    }

    fn flag(&mut self, key: &str, into: &mut bool) {
        if let Some((value, at)) = self.value("circus", key) {
            let truth = python::to_bool(&json!(value));
            self.take(truth, key, &value, at, TRUTH, into);
        }
    }

    fn umask(&mut self, into: &mut Option<i64>) {
        if let Some((value, at)) = self.value("circus", "umask").filter(|(value, _)| !value.is_empty()) {
            let mask = python::int(&value, 8).map(Some);
            self.take(mask, "umask", &value, at, "an octal number such as 022", into);
        }
    }

    fn take<T>(
        &mut self,
        read: Result<T, Exception>,
        key: &str,
        value: &str,
        at: Span,
        expected: &str,
        into: &mut T,
    ) {
        match read {
            Ok(value) => *into = value,
            Err(exception) => self.mistyped(exception, key, value, at, expected),
        }
    }

    fn mistyped(&mut self, exception: Exception, key: &str, value: &str, at: Span, expected: &str) {
        let hint = vocabulary::advice(value, expected);
        let problem = Problem::error("").with_subject(key).with_clash(value, expected).with_place(Some(at));
        self.faults.push(Fault::new(exception, problem.with_hint(hint)));
    }

    fn socket(
        &mut self,
        section: &Section,
        items: &[&Entry],
        places: BTreeMap<String, Span>,
    ) -> SocketSection {
        let name = section.name.rsplit("socket:").next().unwrap_or_default().to_lowercase();
        let mut values = self.texts(items);
        for key in ["so_reuseport", "replace"] {
            let mut truth = false;
            if let Some(entry) = items.iter().find(|entry| entry.key == key) {
                let value = self.names.replace(&entry.value);
                let read = python::to_bool(&json!(value));
                self.take(read, key, &value, entry.value_at, TRUTH, &mut truth);
            }
            values.insert(key.to_owned(), json!(truth));
        }
        values.shift_remove("name");
        SocketSection { name, values, at: section.at, places }
    }

    fn plugin(
        &mut self,
        section: &Section,
        items: &[&Entry],
        places: BTreeMap<String, Span>,
    ) -> PluginSection {
        let mut values = self.texts(items);
        if let Some(entry) = items.iter().find(|entry| entry.key == "priority") {
            let value = self.names.replace(&entry.value);
            let mut priority = 0;
            self.take(python::int(&value, 10), "priority", &value, entry.value_at, WHOLE, &mut priority);
            values.insert("priority".to_owned(), json!(priority));
        }
        values.shift_remove("name");
        let class = values.shift_remove("use").as_ref().map(python::text).unwrap_or_default();
        PluginSection { name: section.name.clone(), class, values, at: section.at, places }
    }

    fn texts(&self, items: &[&Entry]) -> Map<String, Value> {
        items.iter().map(|entry| (entry.key.clone(), json!(self.names.replace(&entry.value)))).collect()
    }

    fn watcher(
        &mut self,
        name: &str,
        section: &Section,
        items: &[&Entry],
        places: BTreeMap<String, Span>,
    ) -> WatcherSection {
        let mut name = name.to_owned();
        let mut values = watcher_defaults();
        for entry in items {
            match entry.key.as_str() {
                // A key of that name renames the watcher.
                "name" => name.clone_from(&entry.value),
                "env" => {}
                _ => self.watcher_key(entry, &mut values),
            }
        }
        let copy_env = values.get("copy_env").is_some_and(python::truth);
        let env = if copy_env { self.environment.clone() } else { self.local.clone() };
        WatcherSection { name, values, env, at: section.at, places }
    }

    fn watcher_key(&mut self, entry: &Entry, values: &mut Map<String, Value>) {
        let key = entry.key.as_str();
        let raw = json!(entry.value);
        let replaced = || self.names.replace(&entry.value);
        let (read, expected) = match key {
            "cmd" | "args" | "working_dir" | "uid" | "gid" => (Ok(raw), ""),
            "numprocesses" | "warmup_delay" | "max_retry" | "priority" => {
                (python::int(&replaced(), 10).map(Value::from), WHOLE)
            }
            "graceful_timeout" => (python::float(&replaced()).map(real), REAL),
            "executable" => (Ok(json!(replaced())), ""),
            "on_demand" | "shell" | "send_hup" | "stop_children" | "close_child_stderr" | "use_sockets"
            | "singleton" | "copy_env" | "copy_path" | "close_child_stdout" | "check_flapping"
            | "respawn" | "autostart" | "close_child_stdin" => {
                (python::to_bool(&json!(replaced())).map(Value::from), TRUTH)
            }
            "stop_signal" => (to_signum(&raw).map(Value::from), "a signal such as TERM, SIGINT or 9"),
            _ if key.starts_with("stdout_stream") || key.starts_with("stderr_stream") => {
                return self.member(entry, key.split_once('.'), raw, values);
            }
            _ if key.starts_with("rlimit_") => {
                let limit = if entry.value.is_empty() { Ok(-1) } else { python::int(&entry.value, 10) };
                match limit {
                    Ok(limit) => {
                        return self.member(entry, Some(("rlimits", &key[7..])), json!(limit), values);
                    }
                    Err(exception) => {
                        (Err(exception), "a whole number such as 1024, or nothing for no limit")
                    }
                }
            }
            _ if key.starts_with("hooks.") => match hook(&entry.value) {
                Ok(pair) => return self.member(entry, Some(("hooks", &key[6..])), pair, values),
                Err(exception) => {
                    (Err(exception), "a Python callable, and perhaps `, true` or `, false` behind it")
                }
            },
            _ => (Ok(raw), ""),
        };
        match read {
            Ok(value) => {
                values.insert(key.to_owned(), value);
            }
            Err(exception) => self.mistyped(exception, key, &entry.value, entry.value_at, expected),
        }
    }

    /// Puts a value into one of the objects among a watcher's values.
    fn member(
        &mut self,
        entry: &Entry,
        path: Option<(&str, &str)>,
        value: Value,
        values: &mut Map<String, Value>,
    ) {
        let problem = |message: &str| {
            let hint = "write the key as `stdout_stream.filename` and so on".to_owned();
            let problem = Problem::error(message).with_subject(&*entry.key).with_place(Some(entry.key_at));
            problem.with_hint(Some(hint))
        };
        let Some((object, key)) = path else {
            let exception = Exception::value("not enough values to unpack (expected 2, got 1)");
            self.faults.push(Fault::new(exception, problem("a stream has keys behind a dot")));
            return;
        };
        match values.get_mut(object) {
            Some(Value::Object(members)) => {
                members.insert(key.to_owned(), value);
            }
            Some(_) => {
                let exception = Exception::of_type("'str' object does not support item assignment");
                self.faults.push(Fault::new(exception, problem("a key of the same name hides it")));
            }
            None => {
                let exception = Exception::new(Class::Key, repr_text(object));
                self.faults
                    .push(Fault::new(exception, problem("there are only stdout_stream and stderr_stream")));
            }
        }
    }

    /// Replaces the references to the environment in a watcher's values, now that its own is known.
    fn expand(&self, watcher: &mut WatcherSection) {
        let mut names = Names::of_environment(&self.environment);
        names.add_environment(&watcher.env);
        for value in watcher.values.values_mut() {
            expand(value, &names);
        }
    }
}

const WHOLE: &str = "a whole number such as 5";
const REAL: &str = "a number such as 2.5";
const TRUTH: &str = "true or false";

/// A float as JSON. What JSON cannot hold stays the text that Python has for it, which is read again when it is needed.
fn real(real: f64) -> Value {
    if real.is_finite() { json!(real) } else { json!(python::float_text(real)) }
}

/// Texts, and the texts in objects. Lists stay as they are: the original overlooks them.
fn expand(value: &mut Value, names: &Names) {
    match value {
        Value::String(text) => *text = names.replace(text),
        Value::Object(members) => members.values_mut().for_each(|member| expand(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
    }
}

fn hook(value: &str) -> Result<Value, Exception> {
    match value.split_once(',') {
        None => Ok(json!([python::strip(value), false])),
        Some((callable, ignore)) => {
            let ignore = python::to_bool(&json!(python::strip(ignore)))?;
            Ok(json!([python::strip(callable), ignore]))
        }
    }
}

/// What a section has whether it says so or not.
fn watcher_defaults() -> Map<String, Value> {
    let defaults = json!({
        "cmd": "",
        "args": "",
        "numprocesses": 1,
        "warmup_delay": 0,
        "executable": null,
        "working_dir": null,
        "on_demand": false,
        "shell": false,
        "uid": null,
        "gid": null,
        "send_hup": false,
        "stop_signal": 15,
        "stop_children": false,
        "max_retry": 5,
        "graceful_timeout": 30,
        "rlimits": {},
        "stderr_stream": {},
        "stdout_stream": {},
        "priority": 0,
        "use_sockets": false,
        "singleton": false,
        "copy_env": false,
        "copy_path": false,
        "hooks": {},
        "respawn": true,
        "autostart": true,
    });
    match defaults {
        Value::Object(defaults) => defaults,
        _ => Map::new(),
    }
}

/// Gives the variables of an `[env:PATTERNS]` to every watcher that one of the patterns matches.
fn apply_variables(tree: &Tree, section: &Section, watchers: &mut [WatcherSection]) {
    let Some(patterns) = section.name.strip_prefix("env:") else { return };
    for pattern in patterns.split(',').map(python::strip) {
        for watcher in watchers.iter_mut().filter(|watcher| pattern::matches(pattern, &watcher.name)) {
            for entry in tree.items(section) {
                watcher.env.set(&*entry.key, &*entry.value);
            }
        }
    }
}

/// A path under a directory, unless it is absolute.
fn under(directory: &str, path: &str) -> String {
    if path.starts_with('/') || directory.is_empty() {
        return path.to_owned();
    }
    if directory.ends_with('/') { format!("{directory}{path}") } else { format!("{directory}/{path}") }
}

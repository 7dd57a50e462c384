//! `[watcher:NAME]`: its keys as keywords, and the environment that other sections give it.

use super::fault::Fault;
use super::pattern;
use super::reader::{REAL, TRUTH, WHOLE, Walk};
use super::settings::WatcherSection;
use super::tree::{Entry, Section, Tree};
use crate::options::exception::{Class, Exception};
use crate::options::python::{self, repr_text};
use crate::options::signal::to_signum;
use crate::options::substitute::Names;
use minder_config::{Problem, Span};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Walk<'_> {
    pub(super) fn watcher(
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
    pub(super) fn expand(&self, watcher: &mut WatcherSection) {
        let mut names = Names::of_environment(&self.environment);
        names.add_environment(&watcher.env);
        for value in watcher.values.values_mut() {
            expand(value, &names);
        }
    }
}

/// Gives the variables of an `[env:PATTERNS]` to every watcher that one of the patterns matches.
pub(super) fn apply_variables(tree: &Tree, section: &Section, watchers: &mut [WatcherSection]) {
    let Some(patterns) = section.name.strip_prefix("env:") else { return };
    for pattern in patterns.split(',').map(python::strip) {
        for watcher in watchers.iter_mut().filter(|watcher| pattern::matches(pattern, &watcher.name)) {
            for entry in tree.items(section) {
                watcher.env.set(&*entry.key, &*entry.value);
            }
        }
    }
}

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

//! The words that a file may use, and what to say about others.
//!
//! The original takes no notice of sections and keys that it does not know, so a misspelt one has no effect and nobody is
//! told. A check tells. Keys that older versions knew, and that old files are full of, are passed over in silence.

use super::machine::Machine;
use super::settings::{Settings, WatcherSection};
use super::tree::{Entry, Section, Tree};
use crate::options::python::repr_text;
use crate::options::substitute;
use crate::options::validate::{HOOKS, LIMITS};
use minder_config::bound::Bound;
use minder_config::{Problem, Span, nearest::nearest};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const CIRCUS: &[&str] = &[
    "check_delay",
    "endpoint",
    "endpoint_owner",
    "pubsub_endpoint",
    "multicast_endpoint",
    "stats_endpoint",
    "statsd",
    "umask",
    "warmup_delay",
    "httpd",
    "httpd_host",
    "httpd_port",
    "debug",
    "debug_gc",
    "pidfile",
    "loglevel",
    "logoutput",
    "loggerconfig",
    "fqdn_prefix",
    "include",
    "include_dir",
];

/// Keys of `[circus]` that no longer do anything, and nobody misses it.
const CIRCUS_OLD: &[&str] = &["statsd_close_outputs", "httpd_close_outputs", "stream_backend"];

/// Keys of `[circus]` that look as if they did something, and are not read.
const CIRCUS_UNREAD: &[&str] = &["ssh_server", "prereload_fn"];

const WATCHER: &[&str] = &[
    "cmd",
    "args",
    "numprocesses",
    "warmup_delay",
    "working_dir",
    "shell",
    "shell_args",
    "uid",
    "gid",
    "copy_env",
    "copy_path",
    "virtualenv",
    "virtualenv_py_ver",
    "close_child_stdin",
    "close_child_stdout",
    "close_child_stderr",
    "stdin_socket",
    "use_sockets",
    "send_hup",
    "stop_signal",
    "stop_children",
    "graceful_timeout",
    "max_retry",
    "max_age",
    "max_age_variance",
    "priority",
    "singleton",
    "respawn",
    "autostart",
    "on_demand",
    "name",
];

/// Keys of watchers that are accepted and do nothing.
const WATCHER_OLD: &[&str] = &["check_flapping", "retry_in", "prereload_fn"];

const STREAM: &[&str] = &[
    "class",
    "filename",
    "max_bytes",
    "backup_count",
    "time_format",
    "rotate_when",
    "rotate_interval",
    "utc",
    "color",
    "stream",
    "refresh_time",
];

const SOCKET: &[&str] = &[
    "host",
    "port",
    "family",
    "type",
    "proto",
    "interface",
    "path",
    "umask",
    "replace",
    "backlog",
    "so_reuseport",
    "blocking",
];

/// The plugins that need no Python.
const PLUGINS: [&str; 8] = [
    "circus.plugins.flapping.Flapping",
    "circus.plugins.resource_watcher.ResourceWatcher",
    "circus.plugins.statsd.StatsdEmitter",
    "circus.plugins.statsd.FullStats",
    "circus.plugins.watchdog.WatchDog",
    "circus.plugins.command_reloader.CommandReloader",
    "circus.plugins.redis_observer.RedisObserver",
    "circus.plugins.http_observer.HttpObserver",
];

/// Sections that are named by a word, and those that have a name behind it.
const SECTIONS: [&str; 7] =
    ["circus", "env", super::bounds::SECTION, "watcher:", "socket:", "plugin:", "env:"];

/// Adds a warning for everything that the original accepts and that probably does not do what its author meant.
pub fn judge(tree: &Tree, settings: &Settings, machine: &dyn Machine, warnings: &mut Vec<Problem>) {
    for section in tree.sections() {
        let kind = SECTIONS.iter().find(|kind| match kind.strip_suffix(':') {
            Some(_) => section.name.starts_with(**kind),
            None => section.name == **kind,
        });
        match kind {
            Some(&"circus") => circus(section, warnings),
            Some(&super::bounds::SECTION) => limits(section, warnings),
            Some(&("watcher:" | "socket:" | "plugin:")) if tree.items(section).is_empty() => {
                let problem =
                    Problem::warning("a section without keys has no effect").with_subject(&*section.name);
                warnings.push(problem.with_place(Some(section.at)));
            }
            Some(&"watcher:") => watcher(section, warnings),
            Some(&"env:") => unreplaced(section, warnings),
            Some(&"socket:") => unknown_keys(section, SOCKET, warnings),
            Some(_) => {}
            None => warnings.push(unknown_section(section)),
        }
    }
    repetitions(tree, warnings);
    watchers(settings, machine, warnings);
    sockets(settings, machine, warnings);
    plugins(settings, warnings);
}

fn unknown_section(section: &Section) -> Problem {
    let (word, rest) = match section.name.split_once(':') {
        Some((word, rest)) => (word, Some(rest)),
        None => (section.name.as_str(), None),
    };
    let words = SECTIONS.iter().map(|kind| kind.trim_end_matches(':'));
    let hint = nearest(word.trim(), words).map(|meant| match rest {
        Some(rest) => format!("did you mean [{meant}:{rest}]?"),
        None if matches!(meant, "circus" | "env") => format!("did you mean [{meant}]?"),
        None => format!("write [{meant}:NAME]"),
    });
    let problem = Problem::warning("unknown section, it has no effect").with_subject(&*section.name);
    problem.with_place(Some(section.at)).with_hint(hint)
}

fn circus(section: &Section, warnings: &mut Vec<Problem>) {
    for entry in section.entries() {
        let key = entry.key.as_str();
        if CIRCUS_UNREAD.contains(&key) {
            let problem = Problem::warning("has no effect, as in Circus 0.19").with_subject(key);
            warnings.push(problem.with_place(Some(entry.key_at)));
        } else if !CIRCUS.contains(&key) && !CIRCUS_OLD.contains(&key) {
            warnings.push(unknown_key(section, entry, "it has no effect", CIRCUS));
        }
    }
}

fn limits(section: &Section, warnings: &mut Vec<Problem>) {
    let known = super::bounds::ALL.map(Bound::key);
    unknown_keys(section, &known.each_ref().map(String::as_str), warnings);
}

fn unknown_keys(section: &Section, known: &[&str], warnings: &mut Vec<Problem>) {
    for entry in section.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        warnings.push(unknown_key(section, entry, "it has no effect", known));
    }
}

fn unknown_key(section: &Section, entry: &Entry, consequence: &str, known: &[&str]) -> Problem {
    let hint =
        nearest(entry.key.trim(), known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
    let problem = Problem::warning(format!("unknown key in [{}], {consequence}", section.name));
    problem.with_subject(&*entry.key).with_place(Some(entry.key_at)).with_hint(hint)
}

fn watcher(section: &Section, warnings: &mut Vec<Problem>) {
    for entry in section.entries() {
        let key = entry.key.as_str();
        if WATCHER.contains(&key) || WATCHER_OLD.contains(&key) {
            continue;
        }
        if key == "executable" {
            let problem = Problem::warning("has no effect, as in Circus 0.19").with_subject(key);
            warnings.push(problem.with_place(Some(entry.key_at)));
            continue;
        }
        if let Some(limit) = key.strip_prefix("rlimit_") {
            let limits: Vec<String> = LIMITS.iter().map(|limit| limit.to_lowercase()).collect();
            if !limits.contains(&limit.to_lowercase()) {
                let meant = nearest(limit, limits.iter().map(String::as_str));
                let problem = Problem::warning("no such limit: no process can be started").with_subject(key);
                let hint = meant.map(|meant| format!("did you mean `rlimit_{meant}`?"));
                warnings.push(problem.with_place(Some(entry.key_at)).with_hint(hint));
            }
            continue;
        }
        match key.split_once('.') {
            Some((object, part)) => warnings.extend(dotted(section, entry, object, part)),
            None => {
                warnings.push(unknown_key(section, entry, "it means something to plugins at most", WATCHER));
            }
        }
    }
}

/// References in `[env:PATTERNS]`, which the original leaves as they are.
fn unreplaced(section: &Section, warnings: &mut Vec<Problem>) {
    for entry in section.entries().iter().filter(|entry| !substitute::keys(&entry.value).is_empty()) {
        let message = "references are not replaced in this section, as in Circus 0.19";
        let problem = Problem::warning(message).with_subject(&*entry.key).with_place(Some(entry.value_at));
        let hint = "write `$NAME` for a variable with a name in upper case".to_owned();
        warnings.push(problem.with_hint(Some(hint)));
    }
}

/// Keys with a dot belong to a stream, to hooks, or to a plugin, which has words of its own.
fn dotted(section: &Section, entry: &Entry, object: &str, part: &str) -> Option<Problem> {
    const OBJECTS: [&str; 3] = ["stdout_stream", "stderr_stream", "hooks"];
    let known: &[&str] = match object {
        "stdout_stream" | "stderr_stream" => STREAM,
        "hooks" => &HOOKS,
        _ => {
            let meant = nearest(object.trim(), OBJECTS)?;
            let problem = Problem::warning(format!(
                "unknown key in [{}], it means something to plugins at most",
                section.name
            ));
            let hint = format!("did you mean `{meant}.{part}`?");
            return Some(
                problem.with_subject(&*entry.key).with_place(Some(entry.key_at)).with_hint(Some(hint)),
            );
        }
    };
    if known.contains(&part) {
        return None;
    }
    let hint = nearest(part, known.iter().copied()).map(|meant| format!("did you mean `{object}.{meant}`?"));
    let problem = Problem::warning(format!("unknown key in [{}], it has no effect", section.name));
    Some(problem.with_subject(&*entry.key).with_place(Some(entry.key_at)).with_hint(hint))
}

/// Values that have no effect because the same file has another one before them. That a main file beats what it includes is
/// what includes are for.
fn repetitions(tree: &Tree, warnings: &mut Vec<Problem>) {
    for (entry, winner) in tree.repeated() {
        if entry.key_at.file == winner.file {
            let problem = Problem::warning("given twice, and the first one counts").with_subject(&*entry.key);
            warnings.push(
                problem.with_place(Some(entry.key_at)).with_note(Some(*winner), "the first one is here"),
            );
        }
    }
}

fn watchers(settings: &Settings, machine: &dyn Machine, warnings: &mut Vec<Problem>) {
    for (index, watcher) in settings.watchers.iter().enumerate() {
        if let Err(exception) = watcher.options(machine) {
            let place = culprit(&exception.text, &watcher.values, &watcher.places).unwrap_or(watcher.at);
            let problem = Problem::warning(format!("the watcher is left out: {}", exception.text));
            warnings.push(problem.with_subject(format!("watcher:{}", watcher.name)).with_place(Some(place)));
        }
        if watcher.values.get("cmd").is_none_or(|cmd| cmd == "") {
            let problem = Problem::warning("no `cmd`, so no process can be started");
            let hint = "write `cmd = PROGRAM ARGUMENTS`".to_owned();
            let problem = problem.with_subject(format!("watcher:{}", watcher.name));
            warnings.push(problem.with_place(Some(watcher.at)).with_hint(Some(hint)));
        }
        references(watcher, settings, warnings);
        let lower = watcher.name.to_lowercase();
        if let Some(other) =
            settings.watchers[..index].iter().find(|other| other.name.to_lowercase() == lower)
        {
            let problem =
                Problem::warning("commands do not mind the case of names, so they reach only one of the two");
            let problem =
                problem.with_subject(format!("watcher:{}", watcher.name)).with_place(Some(watcher.at));
            warnings.push(problem.with_note(Some(other.at), "the other one is here"));
        }
    }
}

/// Where the text of an exception points: at the value that it quotes, or else at the key whose name is in it.
fn culprit(text: &str, values: &Map<String, Value>, places: &BTreeMap<String, Span>) -> Option<Span> {
    let quoted = |value: &Value| match value {
        Value::String(value) => !value.is_empty() && text.contains(&repr_text(value)),
        _ => false,
    };
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let by_value = places.iter().find(|(key, _)| values.get(*key).is_some_and(quoted));
    let by_key = || places.iter().find(|(key, _)| words.contains(&key.as_str()));
    by_value.or_else(by_key).map(|(_, place)| *place)
}

/// References to sockets that will not lead to one.
fn references(watcher: &WatcherSection, settings: &Settings, warnings: &mut Vec<Problem>) {
    for key in ["cmd", "args"] {
        let Some(text) = watcher.values.get(key).and_then(Value::as_str) else { continue };
        for name in substitute::keys(text).iter().filter_map(|key| key.strip_prefix("circus.sockets.")) {
            let known = || settings.sockets.iter().map(|socket| socket.name.as_str());
            let problem = if name != "circushttpd" && !known().any(|known| known == name) {
                let hint =
                    nearest(name, known()).map(|meant| format!("did you mean `$(circus.sockets.{meant})`?"));
                Problem::warning(format!("there is no [socket:{name}], so the reference stays as it is"))
                    .with_hint(hint)
            } else if watcher.values.get("use_sockets") != Some(&Value::Bool(true)) {
                let hint = "write `use_sockets = True`".to_owned();
                Problem::warning("its processes do not inherit the socket that they are told of")
                    .with_hint(Some(hint))
            } else {
                continue;
            };
            let problem = problem.with_subject(format!("watcher:{}", watcher.name));
            warnings.push(problem.with_place(watcher.places.get(key).copied()));
        }
    }
}

fn sockets(settings: &Settings, machine: &dyn Machine, warnings: &mut Vec<Problem>) {
    for socket in &settings.sockets {
        let subject = format!("socket:{}", socket.name);
        if let Err(exception) = socket.options(machine) {
            let problem = Problem::warning(format!("the socket is left out: {}", exception.text));
            let place = culprit(&exception.text, &socket.values, &socket.places).unwrap_or(socket.at);
            warnings.push(problem.with_subject(subject).with_place(Some(place)));
        }
        let octal = |umask: &str| umask.len() > 1 && umask.starts_with('0');
        if let Some(umask) =
            socket.values.get("umask").and_then(|umask| umask.as_str()).filter(|umask| octal(umask))
        {
            let problem =
                Problem::warning("is read as a decimal number, as in Circus 0.19").with_subject("umask");
            let meant = i64::from_str_radix(umask, 8).ok();
            let hint = meant.map(|meant| format!("write `umask = {meant}` for the octal number {umask}"));
            warnings.push(problem.with_place(socket.places.get("umask").copied()).with_hint(hint));
        }
    }
}

/// Names that are nearly those of plugins that need no Python. Others are somebody's own.
fn plugins(settings: &Settings, warnings: &mut Vec<Problem>) {
    for plugin in settings.plugins.iter().filter(|plugin| !PLUGINS.contains(&plugin.class.as_str())) {
        if let Some(meant) = nearest(&plugin.class, PLUGINS) {
            let problem = Problem::warning("unknown plugin, so a Python class of that name is looked for");
            let problem = problem.with_subject("use").with_place(plugin.places.get("use").copied());
            warnings.push(problem.with_hint(Some(format!("did you mean `{meant}`?"))));
        }
    }
}

/// What to write instead of a value of the wrong kind, if that can be guessed.
#[must_use]
pub fn advice(key: &str, value: &str, expected: &str) -> Option<String> {
    if value.is_empty() {
        return Some("an empty value is not the default; remove the line for that".to_owned());
    }
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    if (expected.starts_with("a whole number") || expected.starts_with("a number")) && !digits.is_empty() {
        return Some(format!("write `{key} = {digits}`"));
    }
    match (expected, value.to_ascii_lowercase().as_str()) {
        ("true or false", "y" | "t" | "enabled" | "enable") => Some(format!("write `{key} = true`")),
        ("true or false", "n" | "f" | "disabled" | "disable") => Some(format!("write `{key} = false`")),
        _ => None,
    }
}

//! Circus's file, its values, what clients send and what they are sent.

use minder_circusd::commands::Message;
use minder_circusd::ini::pattern::matches;
use minder_circusd::ini::{Baseline, Reading, read};
use minder_circusd::options::substitute::{Names, keys};
use minder_circusd::options::{
    Environment, SpawnContext, WatcherOptions, bytes as raw, convert, shellwords, validate,
};
use minder_circusd::{ctl, python_json, sockets, top};
use serde_json::{Map, Value, json};

use crate::input::parts;
use crate::machine::{Invented, MAIN};
use crate::spans;

/// A configuration of one file or several. Its places lie in it, it does not differ from itself, and its watchers can be
/// kept and started.
pub fn ini(bytes: &[u8]) {
    let machine = Invented::new(&parts(bytes));
    let reading = read(MAIN, &machine);
    spans::check(reading.problems(), &reading.sources);
    places_lie_in(&reading);
    let Ok(settings) = reading.accepted() else { return };
    let baseline = settings.baseline(&machine);
    assert_eq!(Baseline::decode(&baseline.encode()).as_ref(), Some(&baseline));
    let changes = baseline.changes(&baseline);
    assert!(changes.circus.is_empty() && changes.watchers.is_empty() && changes.sockets.is_empty());
    for watcher in &settings.watchers {
        let _ = watcher.options(&machine).map(|options| use_options(&options, &machine));
    }
    for plugin in &settings.plugins {
        let _ = plugin.configuration();
        let _ = plugin.options("x", true, &machine).map(|options| use_options(&options, &machine));
    }
    for socket in &settings.sockets {
        let _ = socket.options(&machine).map(|options| sockets::lower(&options));
    }
}

fn places_lie_in(reading: &Reading) {
    let settings = &reading.settings;
    let watchers = settings.watchers.iter().map(|watcher| (watcher.at, &watcher.places));
    let plugins = settings.plugins.iter().map(|plugin| (plugin.at, &plugin.places));
    let sockets = settings.sockets.iter().map(|socket| (socket.at, &socket.places));
    for (at, places) in watchers.chain(plugins).chain(sockets) {
        spans::lies_in(at, &reading.sources);
        places.values().for_each(|place| spans::lies_in(*place, &reading.sources));
    }
}

/// What is kept of a watcher is the watcher; and its process is started with words, or not.
fn use_options(options: &WatcherOptions, machine: &Invented) {
    let kept = options.encode();
    let again: Value = serde_json::from_str(&kept.to_string()).expect("JSON");
    assert_eq!(WatcherOptions::decode(&again).map(|options| options.encode()), Some(again));
    let sockets = [("web".to_owned(), 9)];
    let context = SpawnContext { wid: 1, sockets: &sockets, machine };
    if let Ok(command) = options.command(&context) {
        assert!(!command.words.is_empty());
    }
    let _ = options.stdin_socket(&context);
    let _ = (options.options(), options.wanted(), options.warmup(), options.grace());
    let _ = options.free_texts().count();
}

/// A message of a client: what it adds can be kept, what it sets is set or refused, and its id comes back as it was.
pub fn command(bytes: &[u8]) {
    let message = match Message::read(bytes) {
        Ok(message) => message,
        Err(refused) => {
            let _ = python_json::to_string(&refused.failure.reply(bytes, 0.0, &refused.id));
            return;
        }
    };
    written_again(&message.id);
    written_again(&Value::Object(message.properties.clone()));
    let _ = minder_circusd::commands::Command::named(&message.command);
    let machine = Invented::new(&[]);
    let property = |key: &str| message.properties.get(key).cloned().unwrap_or_default();
    let given = property("options");
    let none = Map::new();
    let options = validate::options(&given).unwrap_or(&none);
    let made = WatcherOptions::from_add("x", &property("cmd"), &property("args"), options, &machine);
    if let Ok(mut watcher) = made {
        use_options(&watcher, &machine);
        for (key, value) in options {
            let before = watcher.clone();
            if watcher.set(key, value, &machine).is_err() {
                assert_eq!(watcher, before, "changed by what was refused");
            }
        }
        use_options(&watcher, &machine);
    }
}

/// JSON as Python writes it is the same JSON.
fn written_again(value: &Value) {
    let again: Value = serde_json::from_str(&python_json::to_string(value)).expect("JSON");
    assert_eq!(&again, value);
    let _ = python_json::to_pretty_string(value);
}

/// Values alone: references, words, patterns, bytes, and what circusctl makes of a word.
pub fn values(bytes: &[u8]) {
    assert_eq!(raw::encode(&raw::decode(bytes)), bytes);
    let all = parts(bytes);
    let texts: Vec<String> = all.iter().map(|part| raw::decode(part)).collect();
    let environment: Environment =
        [("HOME", "/home/pi"), ("REFERENCE", "$(circus.wid)")].into_iter().collect();
    let mut names = Names::of_environment(&environment);
    names.add("wid", &json!(1));
    names.add("sockets", &json!({"web": 7}));
    for text in &texts {
        let replaced = names.replace(text);
        if keys(text).is_empty() {
            assert_eq!(&replaced, text);
        }
        assert_eq!(&Names::new().replace(text), text);
        if let Ok(words) = shellwords::split(text) {
            let quoted: Vec<String> = words.iter().map(|word| shellwords::quote(word)).collect();
            assert_eq!(shellwords::split(&quoted.join(" ")).as_ref(), Ok(&words));
        }
        let _ = convert::option("numprocesses", text, &environment);
        let _ = convert::option("env", text, &environment);
        let _ = convert::option("hooks", text, &environment);
    }
    if let [pattern, name, ..] = &texts[..] {
        let _ = matches(pattern, name);
        let _ = convert::option(pattern, name, &environment);
    }
    assert!(matches("*", &texts[0]));
}

/// What circusctl and circus-top make of what a circusd says: each part is a reply, and a message behind its topic.
pub fn reply(bytes: &[u8]) {
    let all = parts(bytes);
    for part in &all {
        if let Ok(reply) = serde_json::from_slice::<Map<String, Value>>(part) {
            let _ = ctl::fuzzing::shown(&reply);
            written_again(&Value::Object(reply));
        }
    }
    let _ = top::fuzzing::table(all.chunks_exact(2).map(|pair| (pair[0], pair[1])));
}

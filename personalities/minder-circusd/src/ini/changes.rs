//! What differs between two readings, by the original's rules for `reloadconfig`.
//!
//! A [`Baseline`] is what a reading is compared with later. It can be kept as JSON, so a later process compares with the file
//! as it was when the daemon read it, and not with what `set` has changed since.

use super::machine::Machine;
use super::settings::{Settings, WatcherSection};
use crate::options::python::int_of;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Variables that differ from shell to shell and count for nothing.
const VARIABLES_IGNORED: [&str; 4] = ["__CF_USER_TEXT_ENCODING", "PS1", "COMP_WORDBREAKS", "PROMPT_COMMAND"];

/// The values of a reading by section and name.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    circus: Map<String, Value>,
    sockets: Map<String, Value>,
    watchers: Map<String, Value>,
    plugins: Map<String, Value>,
}

/// How a watcher that is in both readings differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// Not at all.
    None,
    /// Only in how many processes are wanted: this many now.
    Numprocesses(i64),
    /// In something that needs a new watcher.
    Changed,
}

/// Names that came, went, or mean something else now; each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameChanges {
    /// In the new reading only.
    pub added: Vec<String>,
    /// In both, with other values.
    pub changed: Vec<String>,
    /// In the old reading only.
    pub removed: Vec<String>,
    /// In both, and nothing but the number of processes differs: the new number. Never for sockets.
    pub resized: Vec<(String, i64)>,
}

impl NameChanges {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty() && self.resized.is_empty()
    }
}

/// What differs between two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The keys of `[circus]` that differ. With any, the original restarts everything and looks at nothing else.
    pub circus: Vec<String>,
    /// Sockets, by their names in lower case.
    pub sockets: NameChanges,
    /// Watchers, by their names in their own case.
    pub watchers: NameChanges,
    /// Plugins, by the names of their watchers.
    pub plugins: NameChanges,
}

impl Settings {
    /// What later readings are compared with.
    #[must_use]
    pub fn baseline(&self, machine: &dyn Machine) -> Baseline {
        let watcher = |watcher: &WatcherSection| (watcher.name.clone(), comparable(watcher, machine));
        Baseline {
            circus: self.circus.to_json(),
            sockets: self
                .sockets
                .iter()
                .map(|socket| (socket.name.clone(), Value::Object(socket.values.clone())))
                .collect(),
            watchers: self.watchers.iter().map(watcher).collect(),
            plugins: self
                .plugins
                .iter()
                .map(|plugin| {
                    let mut values = plugin.values.clone();
                    values.insert("use".to_owned(), json!(plugin.class));
                    (plugin.name.clone(), Value::Object(values))
                })
                .collect(),
        }
    }
}

/// A watcher's values with its environment, less what counts for nothing.
fn comparable(watcher: &WatcherSection, machine: &dyn Machine) -> Value {
    let mut environment = watcher.environment(machine);
    for name in VARIABLES_IGNORED {
        environment.remove(name);
    }
    let mut values = watcher.values.clone();
    values.insert("env".to_owned(), environment.to_json());
    Value::Object(values)
}

impl Baseline {
    /// What differs in a newer reading.
    #[must_use]
    pub fn changes(&self, newer: &Self) -> Changes {
        let circus = newer.circus.iter().filter(|(key, value)| self.circus.get(*key) != Some(value));
        Changes {
            circus: circus.map(|(key, _)| key.clone()).collect(),
            sockets: names(&self.sockets, &newer.sockets, |old, new| match old == new {
                true => Difference::None,
                false => Difference::Changed,
            }),
            watchers: names(&self.watchers, &newer.watchers, difference),
            plugins: names(&self.plugins, &newer.plugins, difference),
        }
    }

    /// How one watcher differs in a newer reading; `None` if it is not in both.
    #[must_use]
    pub fn watcher_difference(&self, name: &str, newer: &Self) -> Option<Difference> {
        Some(difference(self.watchers.get(name)?, newer.watchers.get(name)?))
    }

    /// The baseline as a JSON object.
    #[must_use]
    pub fn encode(&self) -> Value {
        json!({
            "circus": self.circus,
            "sockets": self.sockets,
            "watchers": self.watchers,
            "plugins": self.plugins,
        })
    }

    /// The baseline that was encoded; `None` if the value is not one.
    #[must_use]
    pub fn decode(value: &Value) -> Option<Self> {
        let part = |key: &str| value.get(key)?.as_object().cloned();
        Some(Self {
            circus: part("circus")?,
            sockets: part("sockets")?,
            watchers: part("watchers")?,
            plugins: part("plugins")?,
        })
    }
}

/// Only keys that both have count: one that was merely added or removed is no difference. The original has it so.
fn difference(old: &Value, new: &Value) -> Difference {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return Difference::Changed };
    let changed: Vec<&String> = new
        .iter()
        .filter(|(key, value)| old.get(*key).is_some_and(|old| old != *value))
        .map(|(key, _)| key)
        .collect();
    match changed.as_slice() {
        [] => Difference::None,
        // A plugin's is still a text.
        [key] if *key == "numprocesses" => {
            int_of(&new[*key]).map_or(Difference::Changed, Difference::Numprocesses)
        }
        _ => Difference::Changed,
    }
}

fn names(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    difference: impl Fn(&Value, &Value) -> Difference,
) -> NameChanges {
    let mut changes = NameChanges::default();
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in all {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => match difference(old, new) {
                Difference::None => {}
                Difference::Numprocesses(wanted) => changes.resized.push((name.clone(), wanted)),
                Difference::Changed => changes.changed.push(name.clone()),
            },
            (None, _) => changes.added.push(name.clone()),
            (_, None) => changes.removed.push(name.clone()),
        }
    }
    changes
}

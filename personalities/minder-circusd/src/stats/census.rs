//! Which processes belong to which watcher: asked of circusd at the start, kept up by its events.
//!
//! Events know a watcher by its resource name, lists by its name in lower case: `beta_two` and `beta two`. The latter is what
//! is published from the first to the last second; the original changes from one to the other in between.

use std::collections::BTreeMap;

use minder_core::ids::Pid;
use serde_json::{Map, Value};

/// What circusd itself and its own watchers are published as.
pub(super) const CIRCUS: &str = "circus";

/// Watchers that are told together with circusd.
const OWN: [&str; 3] = ["circusd", "circushttpd", "circusd-stats"];

/// One watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watcher {
    /// The name that is published.
    pub(super) name: String,
    /// In the order in which they came.
    pub(super) pids: Vec<Pid>,
}

/// Who is there. As many as circusd has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Census {
    /// By resource name.
    watchers: BTreeMap<String, Watcher>,
    /// circusd, circusd-stats and perhaps circushttpd.
    pub(super) circus: BTreeMap<Pid, &'static str>,
}

impl Census {
    /// Takes a watcher in as `list` tells it.
    pub(super) fn list(&mut self, name: &str, pids: impl IntoIterator<Item = Pid>) {
        if OWN.contains(&name) {
            if name == "circushttpd" {
                self.circus.extend(pids.into_iter().map(|pid| (pid, "circushttpd")));
            }
            return;
        }
        let watcher = Watcher { name: name.to_owned(), pids: pids.into_iter().collect() };
        self.watchers.insert(resource_name(name), watcher);
    }

    /// Follows an event. Whatever is no event of a process changes nothing.
    pub(super) fn happened(&mut self, topic: &str, payload: &Map<String, Value>) {
        let Some((resource, action)) = topic.strip_prefix("watcher.").and_then(|rest| rest.rsplit_once('.'))
        else {
            return;
        };
        let pid = payload.get("process_pid").and_then(Value::as_u64);
        let pid = pid.and_then(|pid| u32::try_from(pid).ok()).and_then(Pid::new);
        match (action, pid) {
            ("spawn", Some(pid)) => self.came(resource, pid),
            ("reap" | "kill", Some(pid)) => self.went(resource, pid),
            ("stop", _) => {
                if let Some(watcher) = self.watchers.get_mut(resource) {
                    watcher.pids.clear();
                }
            }
            ("remove", _) => {
                self.watchers.remove(resource);
            }
            _ => {}
        }
    }

    fn came(&mut self, resource: &str, pid: Pid) {
        if OWN.contains(&resource) {
            if resource == "circushttpd" {
                self.circus.insert(pid, "circushttpd");
            }
            return;
        }
        let new = || Watcher { name: resource.to_owned(), pids: Vec::new() };
        let watcher = self.watchers.entry(resource.to_owned()).or_insert_with(new);
        if !watcher.pids.contains(&pid) {
            watcher.pids.push(pid);
        }
    }

    fn went(&mut self, resource: &str, pid: Pid) {
        if resource == "circushttpd" {
            self.circus.remove(&pid);
        }
        if let Some(watcher) = self.watchers.get_mut(resource) {
            watcher.pids.retain(|known| *known != pid);
        }
    }

    /// Whoever has processes.
    pub(super) fn watchers(&self) -> impl Iterator<Item = &Watcher> {
        self.watchers.values().filter(|watcher| !watcher.pids.is_empty())
    }
}

/// The name that events have for a watcher.
fn resource_name(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Census, Pid};

    fn pid(pid: u32) -> Pid {
        Pid::new(pid).expect("not zero")
    }

    fn shown(census: &Census) -> String {
        let shown: Vec<String> = census
            .watchers()
            .map(|watcher| {
                let pids: Vec<String> = watcher.pids.iter().map(ToString::to_string).collect();
                format!("{}: {}", watcher.name, pids.join(" "))
            })
            .collect();
        shown.join(", ")
    }

    #[test]
    fn events_keep_the_census_up() {
        let mut census = Census::default();
        census.list("beta two", [pid(1), pid(2)]);
        census.list("circusd-stats", [pid(3)]);
        census.list("circushttpd", [pid(4)]);
        for (topic, process, expected) in [
            ("watcher.beta_two.kill", 1, "beta two: 2"),
            ("watcher.beta_two.spawn", 5, "beta two: 2 5"),
            ("watcher.beta_two.spawn", 5, "beta two: 2 5"),
            ("watcher.my.app.spawn", 6, "beta two: 2 5, my.app: 6"),
            ("watcher.beta_two.reap", 7, "beta two: 2 5, my.app: 6"),
            ("watcher.beta_two.stop", 0, "my.app: 6"),
            ("watcher.circusd-stats.spawn", 8, "my.app: 6"),
            ("watcher.x", 9, "my.app: 6"),
            ("nonsense", 9, "my.app: 6"),
            ("watcher.beta_two.spawn", 10, "beta two: 10, my.app: 6"),
            ("watcher.my.app.remove", 0, "beta two: 10"),
        ] {
            let payload = json!({"process_pid": process, "time": 1.0});
            census.happened(topic, payload.as_object().expect("an object"));
            assert_eq!(shown(&census), expected, "{topic}");
        }
        assert_eq!(census.circus.get(&pid(4)), Some(&"circushttpd"));
    }
}

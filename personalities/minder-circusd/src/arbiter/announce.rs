//! Events for subscribers: `watcher.NAME.ACTION` and a JSON object.

use std::cell::RefCell;

use minder_core::ids::GroupName;
use minder_zmtp::Publisher;
use serde_json::{Map, Value, json};

use super::{Arbiter, Watcher};
use crate::python_json;

/// Whoever subscribes to events hears them from here. Before the endpoint is open nobody does.
#[derive(Default)]
pub struct Announcer(RefCell<Option<Publisher>>);

impl Announcer {
    /// Tells events on this endpoint from now on.
    pub fn open(&self, publisher: Publisher) {
        *self.0.borrow_mut() = Some(publisher);
    }

    fn tell(&self, topic: String, payload: &Value) {
        if let Some(publisher) = &*self.0.borrow() {
            let payload = python_json::to_string(payload);
            publisher.publish(&[topic, payload]);
        }
    }
}

impl Arbiter {
    /// Tells that something happened to a watcher.
    pub(crate) fn announce(&self, group: &GroupName, action: &str, payload: Map<String, Value>) {
        if let Some(name) = self.with(group, |watcher| watcher.resource_name()) {
            self.announcer.tell(format!("watcher.{name}.{action}"), &Value::Object(payload));
        }
    }

    /// The same, with nothing to say but when.
    pub(crate) fn announce_now(&self, group: &GroupName, action: &str) {
        self.announce(group, action, object(json!({"time": self.wall_seconds()})));
    }

    /// The same of a watcher that is on no list any more.
    pub(crate) fn announce_of(&self, watcher: &Watcher, action: &str) {
        let topic = format!("watcher.{}.{action}", watcher.resource_name());
        self.announcer.tell(topic, &json!({"time": self.wall_seconds()}));
    }
}

/// The fields of an object.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

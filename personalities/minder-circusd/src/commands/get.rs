//! `get` and `options`: what a watcher is.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::reply::{Failure, fields};
use super::{Fields, Outcome, watcher};
use crate::arbiter::Arbiter;
use crate::options::python;

pub(super) fn options(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let group = watcher(arbiter, properties)?;
    let options = arbiter.with(&group, |watcher| watcher.options.options()).unwrap_or_default();
    Ok(Outcome::Now(fields([("options", Value::Object(options))])))
}

pub(super) fn get(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let group = watcher(arbiter, properties)?;
    let keys: Vec<Value> = match properties.get("keys") {
        Some(Value::Array(keys)) => keys.clone(),
        // A text is walked letter by letter.
        Some(Value::String(text)) => text.chars().map(|letter| letter.to_string().into()).collect(),
        Some(Value::Object(keys)) => keys.keys().map(|key| key.as_str().into()).collect(),
        Some(other) => {
            return Err(Failure::Exception(format!("'{}' object is not iterable", python::type_name(other))));
        }
        None => Vec::new(),
    };
    let mut found = Map::new();
    for key in keys {
        let value =
            key.as_str().and_then(|key| arbiter.with(&group, |watcher| watcher.options.get(key)).flatten());
        let Some(value) = value else {
            return Err(Failure::Message(format!("{} option not found", python::repr(&key))));
        };
        found.insert(python::text(&key), value);
    }
    Ok(Outcome::Now(fields([("options", Value::Object(found))])))
}

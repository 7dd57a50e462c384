//! Which watchers a name means where patterns are allowed.

use std::rc::Rc;

use minder_core::ids::GroupName;
use regex::Regex;

use super::reply::Failure;
use super::{Fields, not_found, text};
use crate::arbiter::Arbiter;

/// Finds the watchers that a `start`, `stop` or `restart` means, larger priorities first. `None`: all, because none was named.
pub(super) fn watchers(
    arbiter: &Rc<Arbiter>,
    properties: &Fields,
) -> Result<Option<Vec<GroupName>>, Failure> {
    if !properties.contains_key("name") {
        return Ok(None);
    }
    let name = text(properties, "name")?;
    let glob = serde_json::Value::from("glob");
    let method = properties.get("match").unwrap_or(&glob);
    let pattern = match method.as_str() {
        Some("simple") => {
            return arbiter.find(name).map(|group| Some(vec![group])).ok_or_else(|| not_found(name));
        }
        Some("glob") => Pattern::Glob(name.to_lowercase()),
        Some("regex") => Pattern::of_regex(&name.to_lowercase())?,
        Some(_) | None => {
            let method = crate::options::python::text(method);
            return Err(Failure::Message(format!("unknown match method {method}")));
        }
    };
    let groups: Vec<GroupName> = arbiter
        .listed_by_priority()
        .into_iter()
        .filter(|(_, key)| pattern.matches(key))
        .map(|(group, _)| group)
        .collect();
    if groups.is_empty() { Err(not_found(name)) } else { Ok(Some(groups)) }
}

enum Pattern {
    Glob(String),
    Regex(Regex),
}

impl Pattern {
    /// Matched from the beginning on, but not to the end.
    fn of_regex(pattern: &str) -> Result<Self, Failure> {
        let anchored = format!("^(?:{pattern})");
        let built = regex::RegexBuilder::new(&anchored).size_limit(1 << 20).build();
        built.map(Self::Regex).map_err(|error| Failure::Exception(error.to_string()))
    }

    fn matches(&self, key: &str) -> bool {
        match self {
            Self::Glob(pattern) => crate::ini::pattern::matches(pattern, key),
            Self::Regex(regex) => regex.is_match(key),
        }
    }
}

//! The environment of a worker: names and values in order, and the `$NAME` that the original replaces in them.

use super::bytes::encode;
use super::python::strip;
use serde_json::{Map, Value};

/// Variables in the order in which they were first set. Bytes that are no UTF-8 are kept as [`super::bytes`] says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Every value is a JSON text: the map is what replies show.
    variables: Map<String, Value>,
}

impl Environment {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable; one that was there keeps its place.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.variables.insert(name.into(), Value::String(value.into()));
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).and_then(Value::as_str)
    }

    /// Takes a variable out.
    pub fn remove(&mut self, name: &str) {
        self.variables.shift_remove(name);
    }

    /// The variables in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// Sets every variable of another environment.
    pub fn update(&mut self, other: &Self) {
        for (name, value) in other.iter() {
            self.set(name, value);
        }
    }

    /// The variables as the operating system takes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.iter().map(|(name, value)| (encode(name), encode(value))).collect()
    }

    /// The variables as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.variables.clone())
    }

    /// The environment that a JSON object of texts is; `None` if it is anything else.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let variables = value.as_object()?;
        variables.values().all(Value::is_string).then(|| Self { variables: variables.clone() })
    }

    /// The environment with every `$NAME` in a value replaced from `outer`, and without space around names and values. An
    /// unknown name is replaced by nothing. Only names of upper case letters, digits and `_` are seen, without braces.
    #[must_use]
    pub fn with_references_replaced(&self, outer: &Self) -> Self {
        let mut replaced = Self::new();
        for (name, value) in self.iter() {
            replaced.set(strip(name), strip(&replace_references(value, outer)));
        }
        replaced
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let mut environment = Self::new();
        for (name, value) in variables {
            environment.set(name, value);
        }
        environment
    }
}

fn replace_references(value: &str, outer: &Environment) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let length = reference_length(after);
        if length == 0 {
            out.push('$');
        } else {
            out.push_str(outer.get(&after[..length]).unwrap_or_default());
        }
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

/// How many bytes of the text are a name: an upper case letter, then letters, digits and `_`.
fn reference_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_upper_case_and_unknown_ones_vanish() {
        let outer: Environment = [("HOME", "/root"), ("A1_", "x")].into_iter().collect();
        let cases = [
            ("$HOME/bin", "/root/bin"),
            ("${HOME}", "${HOME}"),
            ("$home $", "$home $"),
            ("$NOPE-", "-"),
            ("$A1_$HOMEx", "x/rootx"),
            ("$_A $1", "$_A $1"),
            ("  spaced ", "spaced"),
        ];
        for (written, expected) in cases {
            let one: Environment = [(" X ", written)].into_iter().collect();
            assert_eq!(one.with_references_replaced(&outer).get("X"), Some(expected), "{written}");
        }
    }
}

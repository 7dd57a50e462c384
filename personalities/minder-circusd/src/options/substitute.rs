//! `$(circus.KEY)` and `((circus.KEY))`.
//!
//! A reference's key is looked up in lower case among [`Names`]; what is not found stays as it is written. The text is gone
//! through once: what a value brings in is not looked at again.

use super::environment::Environment;
use super::python;
use serde_json::Value;
use std::collections::HashMap;

/// What references may name: keys in lower case, each with its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    texts: HashMap<String, String>,
}

impl Names {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `circus.env.NAME` for every variable. Of names that differ in case only, the last is found.
    #[must_use]
    pub fn of_environment(environment: &Environment) -> Self {
        let mut names = Self::new();
        names.add_environment(environment);
        names
    }

    /// Adds `circus.env.NAME` for every variable.
    pub fn add_environment(&mut self, environment: &Environment) {
        for (name, value) in environment.iter() {
            self.texts.insert(format!("circus.env.{}", name.to_lowercase()), value.to_owned());
        }
    }

    /// Adds `circus.KEY`, or for an object `circus.KEY.SUBKEY` of each of its members, as Python prints them.
    pub fn add(&mut self, key: &str, value: &Value) {
        let key = key.to_lowercase();
        match value {
            Value::Object(members) => {
                for (subkey, value) in members {
                    self.texts.insert(format!("circus.{key}.{}", subkey.to_lowercase()), python::text(value));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.texts.insert(format!("circus.{key}"), python::text(value));
            }
        }
    }

    /// The text with every known reference replaced.
    #[must_use]
    pub fn replace(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['$', '(']) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            match reference(from) {
                Some((key, length)) => {
                    match self.texts.get(&full_key(key)) {
                        Some(text) => out.push_str(text),
                        None => out.push_str(&from[..length]),
                    }
                    rest = &from[length..];
                }
                None => {
                    out.push_str(&from[..1]);
                    rest = &from[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// The keys of all references in a text, in lower case and complete, such as `circus.env.home`.
#[must_use]
pub fn keys(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '(']) {
        let (key, length) = reference(&rest[at..]).unwrap_or(("", 1));
        if !key.is_empty() {
            keys.push(full_key(key));
        }
        rest = &rest[at + length..];
    }
    keys
}

/// A key that begins with the prefix word is taken as complete, whatever follows the word: the original does so.
fn full_key(key: &str) -> String {
    let key = key.to_lowercase();
    if key.starts_with("circus") { key } else { format!("circus.{key}") }
}

/// The key of the reference that the text begins with, and the length of the whole reference in bytes.
fn reference(text: &str) -> Option<(&str, usize)> {
    let (body, close) = match text.strip_prefix("$(") {
        Some(body) => (body, ")"),
        None => (text.strip_prefix("((")?, "))"),
    };
    let word = body.get(..7).filter(|word| word.eq_ignore_ascii_case("circus."))?;
    let key_on = &body[word.len()..];
    let key = &key_on[..key_on.find(|c| !is_key(c)).unwrap_or(key_on.len())];
    let closed = !key.is_empty() && key_on[key.len()..].starts_with(close);
    closed.then(|| (key, 2 + word.len() + key.len() + close.len()))
}

fn is_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn names() -> Names {
        let environment: Environment = [("HOME", "/root"), ("home", "/other")].into_iter().collect();
        let mut names = Names::of_environment(&environment);
        names.add("wid", &json!(3));
        names.add("sockets", &json!({"Web": 7}));
        names.add("shell", &json!(false));
        names.add("uid", &Value::Null);
        names
    }

    #[test]
    fn both_forms_are_replaced_in_any_case_and_unknown_ones_stay() {
        let cases = [
            ("$(circus.wid)", "3"),
            ("((CIRCUS.WID))", "3"),
            ("$(circus.sockets.WEB)", "7"),
            ("$(circus.env.HOME)", "/other"),
            ("$(circus.shell)/$(circus.uid)", "False/None"),
            ("$(circus.nope) ((circus.nope))", "$(circus.nope) ((circus.nope))"),
            ("$(circus.wid ((circus.wid) $circus.wid)", "$(circus.wid ((circus.wid) $circus.wid)"),
            ("(((circus.wid)))", "(3)"),
            ("$$(circus.wid)$", "$3$"),
            ("$(circus.circus.wid)", "3"),
            ("$(circus.circuswid)", "$(circus.circuswid)"),
            ("$(circus.)", "$(circus.)"),
            ("é$(circus.wid)é", "é3é"),
        ];
        for (text, expected) in cases {
            assert_eq!(names().replace(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[$()a-zé.A-Z circus]{0,40}", any in any::<String>()) {
            let _ = names().replace(&text);
            let _ = names().replace(&any);
        }
    }
}

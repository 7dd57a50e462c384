//! The names that `%(…)s` can use, and their values.

use std::collections::HashMap;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A text: variables, paths, names.
    Text(String),
    /// A number: `process_num` and `numprocs`, which alone can be formatted with `%d`.
    Number(i64),
}

impl From<&str> for Meaning {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Names in the order in which they were first given. The order shows only where a format prints the whole dictionary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    entries: Vec<(String, Meaning)>,
    by_name: HashMap<String, usize>,
}

impl Names {
    /// No names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a name a meaning, in place of an earlier one.
    pub fn set(&mut self, name: impl Into<String>, meaning: impl Into<Meaning>) {
        let (name, meaning) = (name.into(), meaning.into());
        if let Some(index) = self.by_name.get(&name) {
            self.entries[*index].1 = meaning;
            return;
        }
        self.by_name.insert(name.clone(), self.entries.len());
        self.entries.push((name, meaning));
    }

    /// Makes a variable known as `ENV_<variable>`.
    pub fn set_variable(&mut self, variable: &str, value: &str) {
        self.set(format!("ENV_{variable}"), value);
    }

    /// Takes all names of the other over; its meanings win.
    pub fn extend(&mut self, other: &Self) {
        for (name, meaning) in &other.entries {
            self.set(name.clone(), meaning.clone());
        }
    }

    /// What the name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Meaning> {
        self.by_name.get(name).map(|index| &self.entries[*index].1)
    }

    /// All names with their meanings, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Meaning)> {
        self.entries.iter().map(|(name, meaning)| (name.as_str(), meaning))
    }
}

/// Names that are looked up together: the later layer wins.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a>(pub &'a [&'a Names]);

impl Scope<'_> {
    /// What the name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Meaning> {
        self.0.iter().rev().find_map(|names| names.get(name))
    }

    /// All layers as one.
    #[must_use]
    pub fn merged(&self) -> Names {
        let mut all = Names::new();
        for names in self.0 {
            all.extend(names);
        }
        all
    }

    /// All names, sorted, for messages.
    #[must_use]
    pub fn available(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.0.iter().flat_map(|names| names.iter()).map(|(name, _)| name.to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl From<String> for Meaning {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Meaning {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

//! What the command line says of a configuration: `--recording.duration 5`.

use std::collections::BTreeMap;

/// No list is longer.
const LIST_MAX: usize = 20;

/// Fields that were said, by their names with dots between.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// Takes what is left of a command line. What is no option with a value is passed over, as the original does.
    pub(crate) fn of(words: &[String]) -> Self {
        let mut said = BTreeMap::new();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) else { continue };
            if let Some((name, value)) = name.split_once('=') {
                said.insert(name.to_owned(), value.to_owned());
            } else if let Some(value) = words.next_if(|value| !is_option(value)) {
                said.insert(name.to_owned(), value.clone());
            }
        }
        Self(said)
    }

    /// What was said of a field.
    pub(crate) fn value(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// What was said of a list: `--name.0 a --name.1 b`, up to the first that is not there.
    pub(crate) fn list(&self, path: &str) -> Option<Vec<&str>> {
        let items: Vec<&str> =
            (0..LIST_MAX).map_while(|index| self.value(&format!("{path}.{index}"))).collect();
        Some(items).filter(|items| !items.is_empty())
    }

    /// Whether anything was said of a group, whose fields have these letters before their names.
    pub(crate) fn has_below(&self, prefix: &str) -> bool {
        self.0.keys().any(|name| name.starts_with(prefix))
    }
}

/// Not a negative number.
fn is_option(word: &str) -> bool {
    word.starts_with('-') && word.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn what_was_said_is_found_by_its_name() {
        let words =
            ["--recording.duration", "5", "--a=b c", "--lone", "--list.0", "x", "--list.1", "-3", "word"];
        let arguments = Arguments::of(&words.map(str::to_owned));
        assert_eq!(arguments.value("recording.duration"), Some("5"));
        assert_eq!(arguments.value("a"), Some("b c"));
        assert_eq!(arguments.value("lone"), None);
        assert_eq!(arguments.list("list"), Some(vec!["x", "-3"]));
        assert!(arguments.has_below("recording.") && !arguments.has_below("microphone."));
    }
}

//! The program that is set up, and its configuration: as a file, and field by field.

use std::path::{Path, PathBuf};

use minder_recorder::program::complete::{Problem, complete};
use minder_recorder::program::{Field, Group, Node, Program, ProgramKind, Surroundings, schema};
use serde_json::Value;

use crate::files;
use crate::settings::Settings;

/// The program that is set up.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Loaded {
    /// Which.
    pub(crate) kind: ProgramKind,
    /// Its configuration, with every field.
    pub(crate) value: Value,
    /// What the tasks see in it.
    pub(crate) program: Program,
}

/// Why there is no program.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// Its name says nothing.
    Unknown(String),
    /// Its configuration is wrong: where, and what.
    Invalid(PathBuf, String),
    /// A file cannot be read.
    File(PathBuf, std::io::Error),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "program {name} not found"),
            Self::Invalid(path, what) => write!(f, "Invalid configuration in {}: {what}", path.display()),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LoadError {}

impl Loaded {
    /// Reads the files.
    pub(crate) fn read(settings: &Settings) -> Result<Self, LoadError> {
        let kind = Self::kind(settings)?;
        let path = &settings.program_config_file;
        let value = serde_json::from_str(&text(path)?).map_err(|error| {
            LoadError::Invalid(path.clone(), invalid(&[Problem::new("", format!("Invalid JSON: {error}"))]))
        })?;
        Self::of(kind, &value).map_err(|problems| LoadError::Invalid(path.clone(), invalid(&problems)))
    }

    /// Which program is set up.
    pub(crate) fn kind(settings: &Settings) -> Result<ProgramKind, LoadError> {
        let name = text(&settings.program_name_file)?;
        ProgramKind::named(name.trim()).ok_or_else(|| LoadError::Unknown(name.trim().to_owned()))
    }

    /// Takes a configuration.
    pub(crate) fn of(kind: ProgramKind, value: &Value) -> Result<Self, Vec<Problem>> {
        let surroundings = surroundings();
        let program = Program::from_json(kind, value, &surroundings)?;
        let value = complete(&schema(kind, &surroundings), value)?;
        Ok(Self { kind, value, program })
    }

    /// Writes the configuration.
    pub(crate) fn write(&self, settings: &Settings) -> Result<(), files::FileError> {
        files::write(&settings.program_config_file, &files::pretty(&self.value), 0o644)
    }
}

/// The machine as programs see it: where recordings lie until somebody has looked at them.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings::of_this_machine()
}

fn text(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|error| LoadError::File(path.to_owned(), error))
}

/// What is wrong with a configuration: how much, then each field and what is wrong with it.
pub(crate) fn invalid(problems: &[Problem]) -> String {
    let count = problems.len();
    let mut text = format!("{count} validation error{} for ConfigSchema", if count == 1 { "" } else { "s" });
    for problem in problems {
        if !problem.path.is_empty() {
            text.push_str(&format!("\n{}", problem.path));
        }
        text.push_str(&format!("\n  {}", problem.message));
    }
    text
}

/// The value of a field, by its names and indexes with dots between.
pub(crate) fn get(value: &Value, path: &str) -> Result<Value, String> {
    let mut found = value;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        found = match found {
            Value::Object(fields) => fields.get(part).ok_or_else(|| no_such_field(part, found))?,
            Value::Array(items) => {
                let index: usize = part.parse().map_err(|_| "Field is not an index.".to_owned())?;
                items.get(index).ok_or("Index out of range.")?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(format!("Cannot get field from {found}."));
            }
        };
    }
    Ok(found.clone())
}

fn no_such_field(name: &str, value: &Value) -> String {
    let known = value.as_object().into_iter().flat_map(|fields| fields.keys());
    let names: Vec<String> = known.map(|name| format!("\t - {name}")).collect();
    format!(
        "Field '{name}' is not part of the configuration schema.\nValid fields are:\n{}",
        names.join("\n")
    )
}

/// The configuration with another value of a field. Text of a group, or of a field of several values, is JSON; so is the text
/// of everything where there is no path.
pub(crate) fn set(kind: ProgramKind, value: &Value, path: &str, text: &str) -> Result<Value, Vec<Problem>> {
    if path.is_empty() {
        return serde_json::from_str(text)
            .map_err(|error| vec![Problem::new("", format!("Invalid JSON: {error}"))]);
    }
    let schema = schema(kind, &surroundings());
    let mut changed = value.clone();
    let mut place = &mut changed;
    let mut known = Known::Group(&schema);
    for part in path.split('.') {
        known =
            known.below(part).ok_or_else(|| vec![Problem::new(path, "Extra inputs are not permitted")])?;
        if let Known::Item = known {
            let index: Option<usize> = part.parse().ok();
            let items = place.as_array_mut();
            place = items
                .and_then(|items| items.get_mut(index?))
                .ok_or_else(|| vec![Problem::new(path, "Index out of range.")])?;
            continue;
        }
        if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        let Value::Object(fields) = place else { return Err(vec![Problem::new(path, "it is no group")]) };
        place = fields.entry(part.to_owned()).or_insert(Value::Null);
    }
    *place = known.read(text);
    Ok(changed)
}

/// What the schema knows of a place.
enum Known<'a> {
    Group(&'a Group),
    Field(&'a Field),
    Item,
}

impl<'a> Known<'a> {
    fn below(&self, name: &str) -> Option<Self> {
        match self {
            Self::Group(group) => {
                let node: &'a Node = group.nodes.iter().find(|node| node.name() == name)?;
                Some(match node {
                    Node::Field(field) => Self::Field(field),
                    Node::Group(group) => Self::Group(group),
                })
            }
            Self::Field(field) if matches!(field.kind, minder_recorder::program::FieldKind::Texts) => {
                Some(Self::Item)
            }
            Self::Field(_) | Self::Item => None,
        }
    }

    /// Text, or JSON where that is what it is. The schema says later whether it can be.
    fn read(&self, text: &str) -> Value {
        use minder_recorder::program::{FieldKind, Nullable};
        let json = || serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let is_nothing = matches!(text, "null" | "none" | "None");
        match self {
            Self::Group(_) if is_nothing => Value::Null,
            Self::Group(_) => json(),
            Self::Field(field) if is_nothing && field.nullable == Nullable::Yes => Value::Null,
            Self::Field(field) if matches!(field.kind, FieldKind::Texts) => json(),
            Self::Field(_) | Self::Item => Value::String(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use minder_recorder::program::ProgramKind;
    use serde_json::{Value, json};

    use super::{Loaded, get, set};

    fn value() -> Value {
        let written = json!({"microphone": {"device_name": "simulated"}, "messaging": {}});
        Loaded::of(ProgramKind::Connected, &written).expect("a configuration").value
    }

    fn changed(path: &str, text: &str) -> Result<Value, String> {
        let value = set(ProgramKind::Connected, &value(), path, text)
            .map_err(|problems| super::invalid(&problems))?;
        let loaded =
            Loaded::of(ProgramKind::Connected, &value).map_err(|problems| super::invalid(&problems))?;
        Ok(get(&loaded.value, path).expect("it is there"))
    }

    #[test]
    fn a_field_is_found_by_its_path() {
        assert_eq!(get(&value(), "recording.duration"), Ok(json!(3)));
        assert_eq!(get(&value(), ""), Ok(value()));
        let error = get(&value(), "recording.x").expect_err("no such field");
        assert!(error.starts_with(
            "Field 'x' is not part of the configuration schema.\nValid fields are:\n\t - duration\n"
        ));
        assert_eq!(get(&json!(["a"]), "b"), Err("Field is not an index.".into()));
        assert_eq!(get(&json!(["a"]), "1"), Err("Index out of range.".into()));
    }

    #[test]
    fn a_field_is_set_from_text() {
        assert_eq!(changed("recording.duration", "7"), Ok(json!(7)));
        assert_eq!(changed("recording.duration", " 10.00 "), Ok(json!(10)));
        assert_eq!(changed("recording.schedule_start", "10:00:00"), Ok(json!("10:00:00")));
        assert_eq!(changed("messaging.max_messages", "5"), Ok(json!(5)));
        assert_eq!(changed("messaging.max_messages", "null"), Ok(json!(null)));
        assert_eq!(changed("recording_saving.starttime", "10:00"), Ok(json!("10:00:00")));
        assert_eq!(
            changed("recording", r#"{"duration":9}"#).map(|group| group["duration"].clone()),
            Ok(json!(9))
        );
        assert_eq!(changed("minder.disk_action", "discard"), Ok(json!("discard")));
    }

    #[test]
    fn what_cannot_be_is_said() {
        let wrong = |path: &str, text: &str| changed(path, text).expect_err("wrong");
        assert!(
            wrong("recording.duration", "seven")
                .contains("\nrecording.duration\n  Input should be a valid integer")
        );
        for text in ["10.5", "10.", ".0", "1e1"] {
            assert!(wrong("recording.duration", text).contains("Input should be a valid integer"), "{text}");
        }
        assert!(wrong("recording.x", "3").contains("Extra inputs are not permitted"));
        assert!(wrong("recording.duration.x", "3").contains("Extra inputs are not permitted"));
        assert!(wrong("timezone", "Mars").contains("Invalid timezone name."));
        assert!(wrong("", "3").contains("Input should be an object"));
        assert!(wrong("", "{").contains("Invalid JSON"));
    }
}

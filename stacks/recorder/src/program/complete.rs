//! From what was written to what acoupi would make of it: values coerced, defaults filled in, and everything that cannot be.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::schema::{Field, FieldKind, Group, Need, Node, Nullable};
use super::wall_time::WallTime;

/// A field that has a value it cannot have, or none and needs one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where: names with dots between them.
    pub path: String,
    /// What.
    pub message: String,
}

impl Problem {
    /// A problem of the field at this path.
    pub fn new(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// The configuration with every field of the schema, in the schema's order; what the schema does not know is left out, as acoupi
/// does.
///
/// # Errors
/// With every problem.
pub fn complete(schema: &Group, value: &Value) -> Result<Value, Vec<Problem>> {
    let mut problems = Vec::new();
    let complete = group(schema, "", value, &mut problems);
    if problems.is_empty() { Ok(complete) } else { Err(problems) }
}

fn group(schema: &Group, path: &str, value: &Value, problems: &mut Vec<Problem>) -> Value {
    let Value::Object(given) = value else {
        problems.push(Problem::new(path, "Input should be an object"));
        return Value::Null;
    };
    let mut whole = Map::new();
    for node in &schema.nodes {
        let path = joined(path, node.name());
        let given = given.get(node.name());
        let value = match node {
            Node::Field(schema) => field(schema, &path, given, problems),
            Node::Group(schema) => subgroup(schema, &path, given, problems),
        };
        whole.extend(value.map(|value| (node.name().to_owned(), value)));
    }
    Value::Object(whole)
}

fn subgroup(schema: &Group, path: &str, given: Option<&Value>, problems: &mut Vec<Problem>) -> Option<Value> {
    let may_be_null = match schema.need {
        Need::Optional | Need::OptionalDefaulted | Need::Extra => true,
        Need::Required | Need::Defaulted => false,
    };
    match given {
        Some(Value::Null) if may_be_null => Some(Value::Null),
        Some(value) => Some(group(schema, path, value, problems)),
        None => match schema.need {
            Need::Required => {
                problems.push(Problem::new(path, "Field required"));
                None
            }
            Need::Defaulted | Need::OptionalDefaulted => Some(group(schema, path, &json!({}), problems)),
            Need::Optional => Some(Value::Null),
            Need::Extra => None,
        },
    }
}

fn field(schema: &Field, path: &str, given: Option<&Value>, problems: &mut Vec<Problem>) -> Option<Value> {
    let Some(given) = given else {
        if schema.default.is_none() {
            problems.push(Problem::new(path, "Field required"));
        }
        return schema.default.clone();
    };
    if given.is_null() && schema.nullable == Nullable::Yes {
        return Some(Value::Null);
    }
    match coerce(schema.kind, given) {
        Ok(value) => Some(value),
        Err(message) => {
            problems.push(Problem::new(path, message));
            None
        }
    }
}

/// A value as a field of this kind has it. Text becomes a number, a time or yes and no where that is what it says.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn coerce(kind: FieldKind, given: &Value) -> Result<Value, String> {
    match kind {
        FieldKind::Text | FieldKind::Secret | FieldKind::Path => match given {
            Value::String(_) => Ok(given.clone()),
            _ => Err("Input should be a valid string".into()),
        },
        FieldKind::Zone => zone(given),
        FieldKind::Integer(least, most) => integer(given, least, most),
        FieldKind::Number(least, most) => number(given, least, most),
        FieldKind::Boolean => boolean(given),
        FieldKind::Time => match given.as_str().map(WallTime::parse) {
            Some(Ok(time)) => Ok(json!(time.to_string())),
            Some(Err(message)) => Err(message.into()),
            None => Err("Input should be in a valid time format".into()),
        },
        FieldKind::Choice(choices) => {
            let chosen = given.as_str().and_then(|text| choices.iter().find(|choice| **choice == text));
            chosen.map(|choice| json!(choice)).ok_or_else(|| {
                let names: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
                format!("Input should be {}", names.join(" or "))
            })
        }
        FieldKind::Texts => match given {
            Value::Array(items) if items.iter().all(Value::is_string) => Ok(given.clone()),
            _ => Err("Input should be a list of strings".into()),
        },
    }
}

fn zone(given: &Value) -> Result<Value, String> {
    let known = given.as_str().is_some_and(|name| {
        !Path::new(name).is_absolute() && !name.is_empty() && jiff::tz::TimeZone::get(name).is_ok()
    });
    if known { Ok(given.clone()) } else { Err("Invalid timezone name.".into()) }
}

fn integer(given: &Value, least: i64, most: i64) -> Result<Value, String> {
    let number = match given {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| whole(number.as_f64()?))
            .ok_or("Input should be a valid integer, got a number with a fractional part")?,
        Value::String(text) => digits(text)
            .parse()
            .map_err(|_| "Input should be a valid integer, unable to parse string as an integer")?,
        _ => return Err("Input should be a valid integer".into()),
    };
    if number < least {
        return Err(format!("Input should be greater than or equal to {least}"));
    }
    if number > most {
        return Err(format!("Input should be less than or equal to {most}"));
    }
    Ok(json!(number))
}

/// A text without blanks, and without the zeros behind a point: "10.0" is a whole number too.
fn digits(text: &str) -> &str {
    let text = text.trim();
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) | None => text,
    }
}

/// A float that is a whole number which an `i64` holds.
fn whole(number: f64) -> Option<i64> {
    if number.fract() != 0.0 || number.abs() > 9e15 {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

fn number(given: &Value, least: f64, most: f64) -> Result<Value, String> {
    let number: f64 = match given {
        Value::Number(number) => number.as_f64().ok_or("Input should be a valid number")?,
        Value::String(text) => text
            .trim()
            .parse()
            .map_err(|_| "Input should be a valid number, unable to parse string as a number")?,
        _ => return Err("Input should be a valid number".into()),
    };
    if number < least && least == f64::MIN_POSITIVE {
        return Err("Input should be greater than 0".into());
    }
    if number < least {
        return Err(format!("Input should be greater than or equal to {least}"));
    }
    if number > most || !number.is_finite() {
        return Err(format!("Input should be less than or equal to {most}"));
    }
    Ok(json!(number))
}

fn boolean(given: &Value) -> Result<Value, String> {
    let said = match given {
        Value::Bool(said) => Some(*said),
        Value::Number(number) if number.as_i64() == Some(1) => Some(true),
        Value::Number(number) if number.as_i64() == Some(0) => Some(false),
        Value::String(text) => match text.to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "on" => Some(true),
            "false" | "f" | "no" | "n" | "0" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    };
    said.map(|said| json!(said)).ok_or_else(|| "Input should be a valid boolean".into())
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

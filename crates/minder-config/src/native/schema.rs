//! The JSON Schema of a `minder.toml`, for editors.

use serde_json::{Map, Value, json};

use super::vocabulary::{Kind, Number, SECTIONS, STREAM, Section, TOP_LEVEL};
use crate::bound::{Bound, Unit};

/// The schema, in the dialect of 2020-12.
#[must_use]
pub fn schema() -> Value {
    let properties: Map<String, Value> = SECTIONS[..TOP_LEVEL]
        .iter()
        .map(|section| {
            let one = of_section(section);
            let all = match section.number {
                Number::One => one,
                Number::Named => json!({ "type": "object", "additionalProperties": one }),
            };
            (section.name.to_owned(), all)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "minder.toml",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn of_section(section: &Section) -> Value {
    if section.keys.is_empty() {
        return json!({ "type": "object", "description": section.about, "additionalProperties": { "type": "string" } });
    }
    let properties: Map<String, Value> = section
        .keys
        .iter()
        .map(|key| {
            let mut value = of_kind(&key.kind);
            if let Value::Object(members) = &mut value {
                let about = format!("{} Without it: {}.", key.about, key.without());
                members.insert("description".to_owned(), Value::from(about));
            }
            (key.name.to_owned(), value)
        })
        .collect();
    json!({
        "type": "object",
        "description": section.about,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn of_bound(bound: &Bound) -> Value {
    let whole = json!({ "type": "integer", "minimum": bound.least, "maximum": bound.most });
    match bound.unit {
        Unit::Count => whole,
        Unit::Bytes | Unit::Seconds => json!({ "anyOf": [{ "type": "string" }, whole] }),
    }
}

fn of_kind(kind: &Kind) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let whole = |least: i64, most: i64| json!({ "type": "integer", "minimum": least, "maximum": most });
    match kind {
        Kind::Text | Kind::Path | Kind::Duration | Kind::Zone | Kind::Cron | Kind::Window => {
            json!({ "type": "string" })
        }
        Kind::Words | Kind::Paths => texts,
        Kind::Command | Kind::Moments => json!({ "anyOf": [{ "type": "string" }, texts] }),
        Kind::Pairs => {
            json!({ "anyOf": [{ "type": "object", "additionalProperties": { "type": "string" } }, texts] })
        }
        Kind::Size => json!({ "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 0 }] }),
        Kind::Whole(least, most) => whole(*least, *most),
        Kind::WholeOr(least, most, word) => json!({ "anyOf": [{ "const": word }, whole(*least, *most)] }),
        Kind::Bound(bound) => of_bound(bound),
        Kind::Numbers(least, most) => json!({ "type": "array", "items": whole(*least, *most) }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Choice(choices) => json!({ "enum": choices }),
        Kind::Octal => json!({ "type": "string", "pattern": "^[0-7]{1,4}$" }),
        Kind::User | Kind::Signal => {
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 0 }] })
        }
        Kind::Limits => json!({
            "type": "object",
            "additionalProperties": { "anyOf": [{ "enum": ["unlimited", "highest"] }, { "type": "integer", "minimum": 0 }] },
        }),
        Kind::Degrees(most) => json!({ "type": "number", "minimum": -most, "maximum": most }),
        Kind::Stream => json!({ "anyOf": [{ "type": "string" }, of_section(&STREAM)] }),
        Kind::Table(section) => of_section(section),
    }
}

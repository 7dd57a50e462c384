//! Values as Python shows them.

use minder_recorder::program::FieldKind;
use serde_json::Value;

/// As `repr` shows a value of such a field.
pub(super) fn representation(kind: FieldKind, value: &Value) -> String {
    match (kind, value) {
        (FieldKind::Time, Value::String(text)) => time(text),
        (FieldKind::Path, Value::String(text)) => format!("PosixPath({})", quoted(text)),
        (FieldKind::Secret, _) => "SecretStr('**********')".to_owned(),
        (_, Value::String(text)) => quoted(text),
        (_, other) => text(other),
    }
}

/// As `str` shows it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// `datetime.time(6, 0)`: seconds only when there are any.
fn time(text: &str) -> String {
    let numbers: Vec<u32> = text.split([':', '.']).filter_map(|part| part.parse().ok()).collect();
    let shown = match numbers.as_slice() {
        [hour, minute] | [hour, minute, 0] => format!("{hour}, {minute}"),
        _ => numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
    };
    format!("datetime.time({shown})")
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            letter if letter == quote => {
                shown.push('\\');
                shown.push(letter);
            }
            letter => shown.push(letter),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::representation;
    use minder_recorder::program::FieldKind;
    use serde_json::json;

    #[test]
    fn values_look_as_in_python() {
        for (kind, value, shown) in [
            (FieldKind::Text, json!("it's"), "\"it's\""),
            (FieldKind::Zone, json!("Europe/London"), "'Europe/London'"),
            (FieldKind::Integer(0, 9), json!(3), "3"),
            (FieldKind::Number(0.0, 9.0), json!(1.0), "1.0"),
            (FieldKind::Boolean, json!(false), "False"),
            (FieldKind::Time, json!("06:00:00"), "datetime.time(6, 0)"),
            (FieldKind::Time, json!("22:30:05"), "datetime.time(22, 30, 5)"),
            (FieldKind::Path, json!("/run/shm"), "PosixPath('/run/shm')"),
        ] {
            assert_eq!(representation(kind, &value), shown);
        }
    }
}

//! JSON as Python's `json.dumps` writes it, which is what readers of the socket have always been given: a space behind commas
//! and colons, and nothing beyond ASCII.

use serde_json::Value;

/// The value as text.
pub(crate) fn dumps(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                quote(name, out);
                out.push_str(": ");
                write(member, out);
            }
            out.push('}');
        }
        Value::String(text) => quote(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn quote(text: &str, out: &mut String) {
    let quoted = Value::from(text).to_string();
    for c in quoted.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::dumps;

    #[test]
    fn what_python_writes() {
        let value = json!({"a": [1, 2.5, null, true], "lcd": "20 ░C", "clef": "𝄞"});
        assert_eq!(
            dumps(&value),
            r#"{"a": [1, 2.5, null, true], "lcd": "20 \u2591C", "clef": "\ud834\udd1e"}"#
        );
    }
}

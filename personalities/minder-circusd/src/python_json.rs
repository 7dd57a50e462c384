//! JSON as Python's `json.dumps` writes it: a space behind `,` and `:`, and nothing but ASCII.

use std::collections::BTreeMap;

use serde_json::Value;

/// A value in one line.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// `json.dumps(value, indent=2, sort_keys=True)`: a line for each item, keys in the order of their code points.
#[must_use]
pub fn to_pretty_string(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(value, 0, &mut out);
    out
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                begin_line(n, depth + 1, out);
                write_pretty(item, depth + 1, out);
            }
            end_lines(depth, out);
            out.push(']');
        }
        Value::Object(fields) if !fields.is_empty() => {
            out.push('{');
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            for (n, (key, field)) in sorted.into_iter().enumerate() {
                begin_line(n, depth + 1, out);
                write_text(key, out);
                out.push_str(": ");
                write_pretty(field, depth + 1, out);
            }
            end_lines(depth, out);
            out.push('}');
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => write(value, out),
    }
}

fn begin_line(n: usize, depth: usize, out: &mut String) {
    out.push_str(if n == 0 { "" } else { "," });
    end_lines(depth, out);
}

fn end_lines(depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&crate::options::python::text(&Value::Number(number.clone()))),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (n, (key, field)) in fields.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { ", " });
                write_text(key, out);
                out.push_str(": ");
                write(field, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{to_pretty_string, to_string};
    use serde_json::json;

    /// Captured from Python 3.11.
    #[test]
    fn json_looks_as_python_writes_it() {
        let value = json!({"z": [1, 2.0, {}], "a": {"é": "😀\u{7f}\u{1}", "A": []}, "t": 1_795_241_344.98, "n": null});
        assert_eq!(
            to_string(&value),
            r#"{"z": [1, 2.0, {}], "a": {"\u00e9": "\ud83d\ude00\u007f\u0001", "A": []}, "t": 1795241344.98, "n": null}"#
        );
        let pretty = [
            "{",
            r#"  "a": {"#,
            r#"    "A": [],"#,
            r#"    "\u00e9": "\ud83d\ude00\u007f\u0001""#,
            "  },",
            r#"  "n": null,"#,
            r#"  "t": 1795241344.98,"#,
            r#"  "z": ["#,
            "    1,",
            "    2.0,",
            "    {}",
            "  ]",
            "}",
        ];
        assert_eq!(to_pretty_string(&value), pretty.join("\n"));
    }
}

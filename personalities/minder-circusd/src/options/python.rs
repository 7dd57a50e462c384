//! What Python makes of a value: as a number, as a truth, and as text.
//!
//! The original lets its language's own rules and messages through wherever it converts a value. They are facts of its
//! interface. Values that Python holds and JSON does not (a whole number beyond 64 bits) are refused as too large.

use super::exception::{Class, Exception};
use serde_json::Value;
use std::fmt::Write as _;

/// Python's `str.isspace` for one character: Unicode white space and the four ASCII separators, which Rust leaves out.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Python's `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `int(text, base)`.
///
/// # Errors
///
/// `ValueError` if the text is no whole number of that base.
pub fn int(text: &str, base: u32) -> Result<i64, Exception> {
    let wrong =
        || Exception::value(format!("invalid literal for int() with base {base}: {}", repr_text(text)));
    let literal = strip(text);
    let (negative, unsigned) = match literal.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, literal.strip_prefix('+').unwrap_or(literal)),
    };
    let mut digits = unsigned;
    if base == 8 {
        digits = unsigned.strip_prefix("0o").or_else(|| unsigned.strip_prefix("0O")).unwrap_or(unsigned);
        if digits.len() < unsigned.len() {
            digits = digits.strip_prefix('_').unwrap_or(digits);
        }
    }
    let digits = without_underscores(digits).ok_or_else(wrong)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Err(wrong());
    }
    let signed = if negative { format!("-{digits}") } else { digits };
    i64::from_str_radix(&signed, base)
        .map_err(|_| Exception::new(Class::Overflow, "Python int too large to convert to C long"))
}

/// The digits without the single underscores that may stand between two of them.
fn without_underscores(digits: &str) -> Option<String> {
    let misplaced = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    (!misplaced).then(|| digits.replace('_', ""))
}

/// `int(value)`.
///
/// # Errors
///
/// `ValueError` or `TypeError`, as Python has it.
pub fn int_of(value: &Value) -> Result<i64, Exception> {
    let too_large = || Exception::new(Class::Overflow, "Python int too large to convert to C long");
    match value {
        Value::Bool(truth) => Ok(i64::from(*truth)),
        Value::String(text) => int(text, 10),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(whole),
            (None, Some(float)) if float.abs() < 9.0e18 =>
            {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "cutting the fraction off is what int() does"
                )]
                Ok(float.trunc() as i64)
            }
            _ => Err(too_large()),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Exception::of_type(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            type_name(value)
        ))),
    }
}

/// `float(value)`.
///
/// # Errors
///
/// `ValueError` or `TypeError`, as Python has it.
pub fn float_of(value: &Value) -> Result<f64, Exception> {
    match value {
        Value::Bool(truth) => Ok(f64::from(u8::from(*truth))),
        Value::String(text) => float(text),
        Value::Number(number) => {
            number.as_f64().ok_or_else(|| Exception::value("int too large to convert to float"))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Exception::of_type(format!(
            "float() argument must be a string or a real number, not '{}'",
            type_name(value)
        ))),
    }
}

/// `float(text)`.
///
/// # Errors
///
/// `ValueError` if the text is no number.
pub fn float(text: &str) -> Result<f64, Exception> {
    let wrong = || Exception::value(format!("could not convert string to float: {}", repr_text(text)));
    let literal = strip(text);
    let beside_digits = literal.char_indices().filter(|(_, c)| *c == '_').all(|(at, _)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        digit(literal[..at].chars().next_back()) && digit(literal[at + 1..].chars().next())
    });
    if !beside_digits {
        return Err(wrong());
    }
    literal.replace('_', "").parse().map_err(|_| wrong())
}

/// The original's `to_bool`: `yes true on 1` and `no false off 0` in any case.
///
/// # Errors
///
/// `ValueError` for another text, `AttributeError` for what is no text.
pub fn to_bool(value: &Value) -> Result<bool, Exception> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Null => Ok(false),
        Value::String(text) => match strip(&text.to_lowercase()) {
            "yes" | "true" | "on" | "1" => Ok(true),
            "no" | "false" | "off" | "0" => Ok(false),
            _ => Err(Exception::value(format!("{} is not a boolean", repr_text(text)))),
        },
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(Exception::new(
            Class::Attribute,
            format!("'{}' object has no attribute 'lower'", type_name(value)),
        )),
    }
}

/// `bool(value)`: whether `if value:` is taken.
#[must_use]
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
    }
}

/// `type(value).__name__`.
#[must_use]
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `str(value)`.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => repr(value),
    }
}

/// `repr(value)`.
#[must_use]
pub fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => float_text(float),
            _ => number.to_string(),
        },
        Value::String(text) => repr_text(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(items) => {
            let items: Vec<String> =
                items.iter().map(|(key, value)| format!("{}: {}", repr_text(key), repr(value))).collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}

/// `repr(float)`: the shortest digits that come back, with an exponent below 1e-4 and from 1e16 on.
#[must_use]
pub fn float_text(float: f64) -> String {
    if float.is_nan() {
        return "nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = format!("{float}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `repr(text)`: in single quotes unless only single quotes are inside, with escapes for what cannot be printed.
#[must_use]
pub fn repr_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if is_printable(c) => out.push(c),
            c => push_escape(&mut out, c),
        }
    }
    out.push(quote);
    out
}

fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Rust's own table of printable characters is made from the same Unicode categories as Python's. It is only reachable
/// through escaping, and only behind a first character does that leave combining marks alone.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let mut shielded = String::from("a");
    shielded.push(c);
    shielded.escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_python_prints_them() {
        let cases = [
            (0.0, "0.0"),
            (30.0, "30.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (-1e300, "-1e+300"),
        ];
        for (float, expected) in cases {
            assert_eq!(float_text(float), expected);
        }
    }

    #[test]
    fn whole_numbers_are_read_as_python_reads_them() {
        for (text, expected) in [(" 15\n", Some(15)), ("1_0", Some(10)), ("-3", Some(-3)), ("+4", Some(4))] {
            assert_eq!(int(text, 10).ok(), expected, "{text:?}");
        }
        for text in ["", "1.0", "_1", "1__0", "0x1", "--1", "- 1"] {
            let error = int(text, 10).expect_err(text);
            assert_eq!(error.text, format!("invalid literal for int() with base 10: '{text}'"));
        }
        assert_eq!(int("0o22", 8).ok(), Some(18));
        assert_eq!(int("022", 8).ok(), Some(18));
    }
}

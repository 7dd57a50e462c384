//! How Python would name, print or convert a value.
//!
//! Methods of Supervisor do not check what they are given; they use it, and what then happens is visible to clients.
//! So a wrong type fails here in the way it fails there: with fault 2 where Python raises `TypeError`, with HTTP 500
//! where it raises anything else.

use super::faults::{Code, Failure, fault};
use crate::words::Quoted;
use crate::xmlrpc::Value;

/// The name of the value's class.
#[must_use]
pub fn class(value: &Value) -> &'static str {
    match value {
        Value::Nil => "NoneType",
        Value::Int(_) => "int",
        Value::Bool(_) => "bool",
        Value::Double(_) => "float",
        Value::String(_) => "str",
        Value::DateTime(_) => "datetime.datetime",
        Value::Array(_) => "list",
        Value::Struct(_) => "dict",
    }
}

/// `str(value)`.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::DateTime(text) => date(text),
        Value::Nil
        | Value::Int(_)
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Array(_)
        | Value::Struct(_) => repr(value),
    }
}

/// `repr(value)`.
fn repr(value: &Value) -> String {
    match value {
        Value::Nil => "None".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Double(number) => format!("{number:?}"),
        Value::String(text) => Quoted(text).to_string(),
        Value::DateTime(text) => date(text),
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(repr).collect::<Vec<_>>().join(", "))
        }
        Value::Struct(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", Quoted(name), repr(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `20261121T08:03:32` as `2026-11-21 08:03:32`.
fn date(text: &str) -> String {
    match (text.get(..4), text.get(4..6), text.get(6..8), text.get(9..)) {
        (Some(year), Some(month), Some(day), Some(time)) => format!("{year}-{month}-{day} {time}"),
        _ => text.to_owned(),
    }
}

/// What a fault says of a value: nothing of a null.
#[must_use]
pub fn detail(value: &Value) -> Option<String> {
    match value {
        Value::Nil => None,
        Value::Int(_)
        | Value::Bool(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::DateTime(_)
        | Value::Array(_)
        | Value::Struct(_) => Some(text(value)),
    }
}

/// A value that is used as text by calling its method `attribute`.
///
/// # Errors
/// The `AttributeError` of every other class.
pub fn expect_text<'a>(value: &'a Value, attribute: &str) -> Result<&'a str, Failure> {
    value.as_str().ok_or_else(|| {
        let message = format!("'{}' object has no attribute '{attribute}'", class(value));
        Failure::crash("AttributeError", message)
    })
}

/// A value that is used as a key of a dictionary.
///
/// # Errors
/// Fault 2 for those that cannot be hashed.
pub fn expect_hashable(value: &Value) -> Result<(), Failure> {
    match value {
        Value::Array(_) | Value::Struct(_) => Err(fault(Code::IncorrectParameters, None)),
        Value::Nil
        | Value::Int(_)
        | Value::Bool(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::DateTime(_) => Ok(()),
    }
}

/// Why `int(value)` fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoInt {
    /// `TypeError`: not even something like a number.
    Type,
    /// `ValueError`, with its text.
    Value(String),
    /// `OverflowError`, with its text.
    Overflow(String),
}

/// `int(value)`.
///
/// # Errors
/// Why there is none. Numbers beyond 64 bits count as an overflow.
pub fn int(value: &Value) -> Result<i64, NoInt> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Bool(truth) => Ok(i64::from(*truth)),
        Value::Double(number) if number.is_nan() => {
            Err(NoInt::Value("cannot convert float NaN to integer".to_owned()))
        }
        Value::Double(number) if number.abs() < 9.0e18 => {
            #[allow(
                clippy::cast_possible_truncation,
                reason = "int() cuts off the fraction; the range is checked"
            )]
            let whole = *number as i64;
            Ok(whole)
        }
        Value::Double(_) => Err(NoInt::Overflow("cannot convert float infinity to integer".to_owned())),
        Value::String(text) => int_in(text)
            .ok_or_else(|| NoInt::Value(format!("invalid literal for int() with base 10: {}", Quoted(text)))),
        Value::Nil | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => Err(NoInt::Type),
    }
}

/// A sign, then digits with single underscores between them, with space around.
fn int_in(text: &str) -> Option<i64> {
    let bare = text.trim();
    let digits = bare.strip_prefix(['+', '-']).unwrap_or(bare);
    let well_formed = !digits.is_empty()
        && digits.split('_').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if well_formed { bare.replace('_', "").parse().ok() } else { None }
}

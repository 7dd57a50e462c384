//! What travels in a call and in a response.

/// One XML-RPC value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `<nil/>`. Supervisor accepts it in requests and never sends it.
    Nil,
    /// `<int>`, `<i4>` or `<i8>`. The wire has 32 bits; what does not fit is clamped when it is encoded.
    Int(i64),
    /// `<boolean>`.
    Bool(bool),
    /// `<double>`.
    Double(f64),
    /// `<string>`, text without a type, and `<base64>` that holds UTF-8.
    String(String),
    /// `<dateTime.iso8601>`, as written: `20261121T08:03:32`.
    DateTime(String),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`: the members in the order in which they were written. Of two members with one name the last counts.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// A struct with these members, in this order.
    #[must_use]
    pub fn record<const N: usize>(members: [(&str, Value); N]) -> Value {
        Value::Struct(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    /// The number in an integer. A boolean is a number too, as it is in Python, in which Supervisor is written.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Bool(truth) => Some(i64::from(*truth)),
            Value::Nil
            | Value::Double(_)
            | Value::String(_)
            | Value::DateTime(_)
            | Value::Array(_)
            | Value::Struct(_) => None,
        }
    }

    /// The truth in a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(elements) = self { Some(elements) } else { None }
    }

    /// The members of a struct.
    #[must_use]
    pub fn as_struct(&self) -> Option<&[(String, Value)]> {
        if let Value::Struct(members) = self { Some(members) } else { None }
    }

    /// The member of a struct with this name; `None` also when this is no struct.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.as_struct()?.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether Python would take this for true: what Supervisor's methods do with their `wait` argument.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Int(number) => *number != 0,
            Value::Bool(truth) => *truth,
            Value::Double(number) => *number != 0.0,
            Value::String(text) => !text.is_empty(),
            Value::DateTime(_) => true,
            Value::Array(elements) => !elements.is_empty(),
            Value::Struct(members) => !members.is_empty(),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::Int(i64::from(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Int(i64::from(number))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Double(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Value {
        Value::Array(elements.into_iter().map(Into::into).collect())
    }
}

/// An answer that says no: Supervisor's number for the reason, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `faultCode`, for example 10.
    pub code: i32,
    /// `faultString`, for example `BAD_NAME: nope`.
    pub text: String,
}

//! Replies and refusals.

use serde_json::{Map, Value, json};

use super::Fields;
use crate::arbiter::{Conflict, Failed};
use crate::options::{Class, Exception, bytes};

/// Why a command was refused.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// It is not JSON.
    InvalidJson,
    /// There is no such command; the name as it was sent.
    Unknown(String),
    /// Something in it is wrong.
    Message(String),
    /// The system refused.
    Os(String),
    /// Another change is under way.
    Conflict(String),
    /// What the original raises any other exception for: its text.
    Exception(String),
    /// It went wrong after it had been accepted.
    Server,
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict.to_string())
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        Self::Exception(failed.0)
    }
}

impl From<Exception> for Failure {
    fn from(exception: Exception) -> Self {
        match exception.class {
            Class::Message => Self::Message(exception.text),
            Class::Os => Self::Os(exception.text),
            Class::Argument
            | Class::Value
            | Class::Type
            | Class::Key
            | Class::Attribute
            | Class::Index
            | Class::Overflow
            | Class::Import
            | Class::UnicodeDecode
            | Class::Parsing
            | Class::MissingSectionHeader => Self::Exception(exception.text),
        }
    }
}

impl Failure {
    /// The number that clients see.
    fn errno(&self) -> u8 {
        match self {
            Self::InvalidJson => 1,
            Self::Unknown(_) => 2,
            Self::Message(_) => 3,
            Self::Os(_) => 4,
            Self::Conflict(_) | Self::Exception(_) => 5,
            Self::Server => 6,
        }
    }

    /// What clients read. `raw` is the message that was sent.
    fn reason(&self, raw: &[u8]) -> String {
        match self {
            Self::InvalidJson => "json invalid".to_owned(),
            Self::Unknown(name) => format!("unknown command: {}", crate::options::python::repr_text(name)),
            Self::Message(text) | Self::Os(text) | Self::Conflict(text) => text.clone(),
            Self::Exception(text) => format!("command {}: {text}", bytes::repr(raw)),
            Self::Server => "server error".to_owned(),
        }
    }

    /// Where the original shows a traceback, clients get one that says as much as there is to say.
    fn traceback(&self) -> Value {
        match self {
            Self::Exception(text) => format!("Traceback (most recent call last):\n{text}\n").into(),
            Self::InvalidJson
            | Self::Unknown(_)
            | Self::Message(_)
            | Self::Os(_)
            | Self::Conflict(_)
            | Self::Server => Value::Null,
        }
    }

    /// The reply. `time` is in seconds since 1970.
    #[must_use]
    pub fn reply(&self, raw: &[u8], time: f64, id: &Value) -> Value {
        json!({
            "status": "error",
            "reason": self.reason(raw),
            "tb": self.traceback(),
            "time": time,
            "errno": self.errno(),
            "id": id,
        })
    }
}

/// The reply to a command that was done. Its fields come behind those that all have, and may replace them.
pub(super) fn ok(time: f64, fields: Fields, id: Value) -> Value {
    let mut reply = Map::new();
    reply.insert("status".into(), "ok".into());
    reply.insert("time".into(), time.into());
    reply.extend(fields);
    reply.insert("id".into(), id);
    Value::Object(reply)
}

/// Fields of a reply.
pub(super) fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

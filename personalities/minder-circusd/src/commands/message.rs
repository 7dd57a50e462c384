//! A client's message, taken apart.

use serde_json::{Map, Value};

use super::reply::Failure;

/// What a client sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// The command's name as it was sent.
    pub command: String,
    /// What it is about.
    pub properties: Map<String, Value>,
    /// Comes back with the reply.
    pub id: Value,
    /// Whether a reply is wanted.
    pub reply: Wanted,
}

/// Whether a reply is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// It is.
    Yes,
    /// It is not, whatever happens.
    No,
}

/// Why something is no message.
#[derive(Clone, PartialEq, Debug)]
pub struct NoMessage {
    /// What is told.
    pub failure: Failure,
    /// Its id, if that could be read.
    pub id: Value,
    /// Whether it is told.
    pub reply: Wanted,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it. The original gives no answer to JSON that is no object with a command, and a client would wait
    /// in vain; it gets one here.
    pub fn read(bytes: &[u8]) -> Result<Self, NoMessage> {
        let refused = |failure, id, reply| NoMessage { failure, id, reply };
        let json: Value = serde_json::from_slice(bytes.trim_ascii())
            .map_err(|_| refused(Failure::InvalidJson, Value::Null, Wanted::Yes))?;
        let Value::Object(mut fields) = json else {
            return Err(refused(
                Failure::Message("message invalid: not an object".into()),
                Value::Null,
                Wanted::Yes,
            ));
        };
        let id = fields.remove("id").unwrap_or(Value::Null);
        let reply = match fields.get("msg_type").and_then(Value::as_str) {
            Some("cast") => Wanted::No,
            Some(_) | None => Wanted::Yes,
        };
        let Some(Value::String(command)) = fields.remove("command") else {
            let failure = Failure::Message("message invalid 'command' is missing".into());
            return Err(refused(failure, id, reply));
        };
        let properties = match fields.remove("properties") {
            None => Map::new(),
            Some(Value::Object(properties)) => properties,
            // An empty list is as good as nothing.
            Some(Value::Array(items)) if items.is_empty() => Map::new(),
            Some(other) => {
                let kind = crate::options::python::type_name(&other);
                let failure = Failure::Exception(format!("argument of type '{kind}' is not iterable"));
                return Err(refused(failure, id, reply));
            }
        };
        Ok(Self { command, properties, id, reply })
    }
}

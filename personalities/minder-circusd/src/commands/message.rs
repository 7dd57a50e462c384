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

#[cfg(test)]
mod tests {
    use super::{Message, Wanted};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Any JSON, not too deep.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z_]{0,10}", inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_refused(bytes: Vec<u8>) {
            if let Err(refused) = Message::read(&bytes) {
                prop_assert_eq!(refused.reply, Wanted::Yes);
            }
        }

        #[test]
        fn what_has_a_command_and_properties_is_a_message(
            command in "\\PC{0,20}", properties in prop::collection::btree_map("\\PC{0,8}", value(), 0..5), id in value(),
        ) {
            let properties: serde_json::Map<String, Value> = properties.into_iter().collect();
            let text = json!({"command": command, "properties": properties, "id": id}).to_string();
            let message = Message::read(format!("\n {text}\t ").as_bytes());
            prop_assert_eq!(message, Ok(Message { command, properties, id, reply: Wanted::Yes }));
        }

        #[test]
        fn who_asks_wrongly_gets_his_own_id_back(
            command in value(), properties in value(), id in value(), kind in value(),
        ) {
            let text = json!({"command": command, "properties": properties, "id": id, "msg_type": kind}).to_string();
            match Message::read(text.as_bytes()) {
                Ok(message) => prop_assert_eq!(message.id, id),
                Err(refused) => prop_assert_eq!(refused.id, id),
            }
        }

        #[test]
        fn a_message_that_was_damaged_is_a_message_or_refused(
            properties in value(), at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = json!({"command": "set", "properties": properties, "id": "x"}).to_string().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Message::read(&bytes);
            let _ = Message::read(&bytes[..cut.index(bytes.len())]);
        }
    }

    #[test]
    fn nothing_is_too_deep_or_too_long_to_be_refused() {
        for bytes in
            [b"[".repeat(100_000), b"{\"a\":".repeat(100_000), b"9".repeat(100_000), vec![b'"'; 100_001]]
        {
            assert!(Message::read(&bytes).is_err());
        }
    }
}

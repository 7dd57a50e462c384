//! JSON as Python writes it: a space behind each colon and comma. Readers do not mind, and people who watch the wire see what
//! they have always seen.

use std::io;

use serde_json::Value;
use serde_json::ser::Formatter;

/// The text of a value.
#[must_use]
pub fn spaced(value: &Value) -> Vec<u8> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Spaced);
    match serde::Serialize::serialize(value, &mut serializer) {
        Ok(()) => text,
        // A tree of JSON always has a text; were it otherwise, this would be it.
        Err(_) => value.to_string().into_bytes(),
    }
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

//! Bytes to values. Everything from outside is bounded here: size, nesting and number of values.

use std::fmt;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::value::{Fault, Value};

/// What a body may cost. Beyond any of these the body is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Length of the body in bytes.
    pub bytes_max: usize,
    /// How deeply arrays and structs may be nested.
    pub depth_max: usize,
    /// How many values, nested ones included.
    pub values_max: usize,
}

impl Limits {
    /// For a request: a long `multicall` fits, a flood does not.
    pub const REQUEST: Limits = Limits { bytes_max: 8 << 20, depth_max: 32, values_max: 200_000 };
    /// For a response: a whole 50 MB log file fits.
    pub const RESPONSE: Limits = Limits { bytes_max: 256 << 20, depth_max: 32, values_max: 4_000_000 };
}

/// A decoded request.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The method as written, `supervisor.getState`. Never empty.
    pub method: String,
    /// The parameters in order. A request without `<params>` has none.
    pub params: Vec<Value>,
}

/// Why a body is not XML-RPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The body is longer than [`Limits::bytes_max`].
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Arrays and structs nest deeper than [`Limits::depth_max`].
    TooDeep,
    /// There are more values than [`Limits::values_max`].
    TooManyValues,
    /// The body is not UTF-8.
    NotUtf8,
    /// The body is not well-formed XML, in the words of the XML reader.
    Xml(String),
    /// Text refers to an entity that is neither numeric nor one of XML's own five.
    UnknownEntity(String),
    /// An element stands where none, or another, must stand.
    Unexpected {
        /// What was found: `<struct>`, or `end of file`.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The content of a typed element does not have that type.
    BadContent {
        /// The element: `int`, `double`, `base64` …
        element: String,
        /// What it held.
        text: String,
    },
    /// A request without a method name.
    NoMethodName,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::TooLong { bytes } => write!(out, "body of {bytes} bytes is too long"),
            DecodeError::TooDeep => out.write_str("values are nested too deeply"),
            DecodeError::TooManyValues => out.write_str("too many values"),
            DecodeError::NotUtf8 => out.write_str("body is not UTF-8"),
            DecodeError::Xml(why) => write!(out, "not well-formed XML: {why}"),
            DecodeError::UnknownEntity(name) => write!(out, "undefined entity &{name};"),
            DecodeError::Unexpected { found, expected } => write!(out, "found {found}, expected {expected}"),
            DecodeError::BadContent { element, text } => write!(out, "found {text:?} in <{element}>"),
            DecodeError::NoMethodName => out.write_str("no method name"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads a request.
///
/// # Errors
/// When the body is beyond the limits, is not XML, or is not a method call with a name.
pub fn decode_call(body: &[u8], limits: Limits) -> Result<Call, DecodeError> {
    let mut decoder = Decoder::new(body, limits)?;
    decoder.alphabet = Alphabet::Xml;
    if let Some(outcast) = std::str::from_utf8(body).ok().and_then(|text| text.chars().find(|c| !is_xml(*c)))
    {
        return Err(outside_xml(outcast));
    }
    decoder.expect_open("methodCall")?;
    let mut method = None;
    let mut params = Vec::new();
    loop {
        match decoder.next_element("<methodName>, <params> or </methodCall>")? {
            Some(name) if name == "methodName" => method = Some(decoder.text_until_close("methodName")?),
            Some(name) if name == "params" => params = decoder.params()?,
            Some(name) => {
                return Err(unexpected_open(&name, "<methodName> or <params>"));
            }
            None => break,
        }
    }
    decoder.expect_end()?;
    match method {
        Some(method) if !method.is_empty() => Ok(Call { method, params }),
        Some(_) | None => Err(DecodeError::NoMethodName),
    }
}

/// Reads a response: the result, or the fault that stands in its place. Held to [`Limits::RESPONSE`].
///
/// # Errors
/// When the body is beyond the limits, is not XML, or is neither a result nor a fault.
pub fn decode_response(body: &[u8]) -> Result<Result<Value, Fault>, DecodeError> {
    let mut decoder = Decoder::new(body, Limits::RESPONSE)?;
    decoder.expect_open("methodResponse")?;
    let response = match decoder.next_element("<params> or <fault>")? {
        Some(name) if name == "params" => {
            let mut params = decoder.params()?;
            if params.len() > 1 {
                return Err(DecodeError::Unexpected {
                    found: format!("{} results", params.len()),
                    expected: "one",
                });
            }
            Ok(params.pop().unwrap_or(Value::Nil))
        }
        Some(name) if name == "fault" => {
            decoder.expect_open("value")?;
            let fault = decoder.value()?;
            decoder.expect_close("</fault>")?;
            Err(fault_of(&fault)?)
        }
        Some(name) => return Err(unexpected_open(&name, "<params> or <fault>")),
        None => {
            let found = "</methodResponse>".to_owned();
            return Err(DecodeError::Unexpected { found, expected: "<params> or <fault>" });
        }
    };
    decoder.expect_close("</methodResponse>")?;
    decoder.expect_end()?;
    Ok(response)
}

fn fault_of(value: &Value) -> Result<Fault, DecodeError> {
    let code = value.member("faultCode").and_then(Value::as_int).and_then(|code| i32::try_from(code).ok());
    let text = value.member("faultString").and_then(Value::as_str);
    match (code, text) {
        (Some(code), Some(text)) => Ok(Fault { code, text: text.to_owned() }),
        _ => Err(DecodeError::Unexpected {
            found: "a fault without them".to_owned(),
            expected: "faultCode and faultString",
        }),
    }
}

fn unexpected_open(name: &str, expected: &'static str) -> DecodeError {
    DecodeError::Unexpected { found: format!("<{name}>"), expected }
}

/// What the XML reader's events come down to.
enum Token {
    Open(String),
    Close,
    /// A piece of character data; one text may come in several pieces.
    Text(String),
    End,
}

/// Which characters a body may hold.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Those of XML: the original refuses a request with any other.
    Xml,
    /// All of them: the original answers with what a program has written into its log, and to see it is better than to see an
    /// error.
    Any,
}

/// Whether a character may stand in XML (version 1.0, production 2).
fn is_xml(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn outside_xml(character: char) -> DecodeError {
    DecodeError::Xml(format!("the character U+{:04X} cannot stand in it", u32::from(character)))
}

struct Decoder<'a> {
    reader: Reader<&'a [u8]>,
    alphabet: Alphabet,
    depth_left: usize,
    values_left: usize,
}

impl<'a> Decoder<'a> {
    fn new(body: &'a [u8], limits: Limits) -> Result<Decoder<'a>, DecodeError> {
        if body.len() > limits.bytes_max {
            return Err(DecodeError::TooLong { bytes: body.len() });
        }
        let text = std::str::from_utf8(body).map_err(|_| DecodeError::NotUtf8)?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Ok(Decoder {
            reader,
            alphabet: Alphabet::Any,
            depth_left: limits.depth_max,
            values_left: limits.values_max,
        })
    }

    fn next(&mut self) -> Result<Token, DecodeError> {
        loop {
            return Ok(
                match self.reader.read_event().map_err(|error| DecodeError::Xml(error.to_string()))? {
                    Event::Start(start) | Event::Empty(start) => {
                        Token::Open(start.name().as_ref().to_owned())
                    }
                    Event::End(_) => Token::Close,
                    Event::Text(text) => Token::Text(text.xml10_content().into_owned()),
                    Event::CData(text) => Token::Text(text.xml10_content().into_owned()),
                    Event::GeneralRef(reference) => Token::Text(resolve(&reference, self.alphabet)?),
                    Event::Eof => Token::End,
                    Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
                },
            );
        }
    }

    /// The name of the element that opens next, or `None` when the enclosing one closes.
    fn next_element(&mut self, expected: &'static str) -> Result<Option<String>, DecodeError> {
        loop {
            match self.next()? {
                Token::Open(name) => return Ok(Some(name)),
                Token::Close => return Ok(None),
                Token::Text(text) if text.trim_ascii().is_empty() => {}
                Token::Text(text) => return Err(DecodeError::Unexpected { found: text, expected }),
                Token::End => {
                    return Err(DecodeError::Unexpected { found: "end of file".to_owned(), expected });
                }
            }
        }
    }

    fn expect_open(&mut self, name: &'static str) -> Result<(), DecodeError> {
        match self.next_element(name)? {
            Some(found) if found == name => Ok(()),
            Some(found) => Err(unexpected_open(&found, name)),
            None => Err(DecodeError::Unexpected { found: "a closing tag".to_owned(), expected: name }),
        }
    }

    fn expect_close(&mut self, expected: &'static str) -> Result<(), DecodeError> {
        match self.next_element(expected)? {
            None => Ok(()),
            Some(found) => Err(unexpected_open(&found, expected)),
        }
    }

    fn expect_end(&mut self) -> Result<(), DecodeError> {
        loop {
            let found = match self.next()? {
                Token::End => return Ok(()),
                Token::Text(text) if text.trim_ascii().is_empty() => continue,
                Token::Text(text) => text,
                Token::Open(name) => format!("<{name}>"),
                Token::Close => "a closing tag".to_owned(),
            };
            return Err(DecodeError::Unexpected { found, expected: "end of file" });
        }
    }

    fn text_until_close(&mut self, expected: &'static str) -> Result<String, DecodeError> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Token::Text(piece) if text.is_empty() => text = piece,
                Token::Text(piece) => text.push_str(&piece),
                Token::Close => return Ok(text),
                Token::Open(name) => return Err(unexpected_open(&name, expected)),
                Token::End => {
                    return Err(DecodeError::Unexpected { found: "end of file".to_owned(), expected });
                }
            }
        }
    }

    /// The inside of `<params>`, up to and with its closing tag.
    fn params(&mut self) -> Result<Vec<Value>, DecodeError> {
        let mut params = Vec::new();
        while let Some(name) = self.next_element("<param>")? {
            if name != "param" {
                return Err(unexpected_open(&name, "<param>"));
            }
            self.expect_open("value")?;
            params.push(self.value()?);
            self.expect_close("</param>")?;
        }
        Ok(params)
    }

    /// The inside of `<value>`, up to and with its closing tag.
    fn value(&mut self) -> Result<Value, DecodeError> {
        self.values_left = self.values_left.checked_sub(1).ok_or(DecodeError::TooManyValues)?;
        let mut untyped = String::new();
        loop {
            match self.next()? {
                Token::Text(piece) => untyped.push_str(&piece),
                Token::Close => return Ok(Value::String(untyped)),
                Token::Open(name) => {
                    // Text around a typed element carries no meaning, and Supervisor ignores it as well.
                    let value = self.typed(&name)?;
                    self.text_until_close("</value>")?;
                    return Ok(value);
                }
                Token::End => {
                    let found = "end of file".to_owned();
                    return Err(DecodeError::Unexpected { found, expected: "</value>" });
                }
            }
        }
    }

    /// The inside of a typed element such as `<int>`, up to and with its closing tag.
    fn typed(&mut self, element: &str) -> Result<Value, DecodeError> {
        match element {
            "array" => self.nested(Decoder::array),
            "struct" => self.nested(Decoder::members),
            "nil" => self.text_until_close("</nil>").map(|_| Value::Nil),
            _ => {
                let text = self.text_until_close("the end of a value")?;
                scalar(element, text)
            }
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Decoder<'a>) -> Result<Value, DecodeError>,
    ) -> Result<Value, DecodeError> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, DecodeError> {
        self.expect_open("data")?;
        let mut elements = Vec::new();
        while let Some(name) = self.next_element("<value>")? {
            if name != "value" {
                return Err(unexpected_open(&name, "<value>"));
            }
            elements.push(self.value()?);
        }
        self.expect_close("</array>")?;
        Ok(Value::Array(elements))
    }

    fn members(&mut self) -> Result<Value, DecodeError> {
        let mut members = Vec::new();
        while let Some(element) = self.next_element("<member>")? {
            if element != "member" {
                return Err(unexpected_open(&element, "<member>"));
            }
            self.expect_open("name")?;
            let name = self.text_until_close("</name>")?;
            self.expect_open("value")?;
            members.push((name, self.value()?));
            self.expect_close("</member>")?;
        }
        Ok(Value::Struct(members))
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>, alphabet: Alphabet) -> Result<String, DecodeError> {
    let number = reference.resolve_char_ref().map_err(|error| DecodeError::Xml(error.to_string()))?;
    if let Some(character) = number {
        return match alphabet {
            Alphabet::Xml if !is_xml(character) => Err(outside_xml(character)),
            Alphabet::Xml | Alphabet::Any => Ok(character.to_string()),
        };
    }
    let name: &str = reference;
    match quick_xml::escape::resolve_xml_entity(name) {
        Some(text) => Ok(text.to_owned()),
        None => Err(DecodeError::UnknownEntity(name.to_owned())),
    }
}

fn scalar(element: &str, text: String) -> Result<Value, DecodeError> {
    let trimmed = text.trim_ascii();
    let value = match element {
        "string" => return Ok(Value::String(text)),
        "int" | "i4" | "i8" => trimmed.parse().ok().map(Value::Int),
        // Everything that is not `1` is false, as in Supervisor.
        "boolean" => Some(Value::Bool(text == "1")),
        "double" => trimmed.parse().ok().map(Value::Double),
        "dateTime.iso8601" => is_date_time(trimmed).then(|| Value::DateTime(trimmed.to_owned())),
        "base64" => base64(&text).and_then(|bytes| String::from_utf8(bytes).ok()).map(Value::String),
        _ => return Err(unexpected_open(element, "a type of value")),
    };
    value.ok_or_else(|| DecodeError::BadContent { element: element.to_owned(), text })
}

/// Whether the text has the shape `20261121T08:03:32`.
fn is_date_time(text: &str) -> bool {
    text.len() == 17
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            11 | 14 => byte == b':',
            _ => byte.is_ascii_digit(),
        })
}

/// Decodes base64 with the standard alphabet. White space and anything after the padding is skipped, as Python does.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits: u32 = 0;
    let mut sextets = 0_usize;
    for byte in text.bytes() {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            byte if byte.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(sextet);
        sextets += 1;
        if sextets.is_multiple_of(4) {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    match sextets % 4 {
        0 => {}
        2 => bytes.push((bits << 12).to_be_bytes()[1]),
        3 => bytes.extend_from_slice(&(bits << 6).to_be_bytes()[1..3]),
        _ => return None,
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;

//! XML-RPC over JSON values: just enough to ask a supervisord everything and to see exactly what it said.
//!
//! It is written apart from minder's own codec on purpose: a mistake made in one place cannot agree with itself.

use crate::http::{self, Address};
use serde_json::{Map, Value};
use std::fmt::Write;

/// What came back from one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A result.
    Value(Value),
    /// A fault with its code and text.
    Fault(i64, String),
    /// An HTTP status other than 200.
    Http(u16),
    /// No answer; the text says why.
    Broken(String),
}

impl Reply {
    /// The result of a call that must have succeeded.
    ///
    /// # Panics
    /// When it did not.
    pub fn value(self) -> Value {
        match self {
            Reply::Value(value) => value,
            other => panic!("expected a result, got {other:?}"),
        }
    }
}

/// Calls `method` with positional `params` (a JSON array).
pub fn call(address: &Address, method: &str, params: &Value) -> Reply {
    post(address, &encode_call(method, params), &[])
}

/// Posts a body as it is.
pub fn post(address: &Address, body: &str, headers: &[(&str, &str)]) -> Reply {
    let mut all = vec![("Content-Type", "text/xml")];
    all.extend_from_slice(headers);
    match http::exchange(address, &http::request("POST", "/RPC2", &all, body.as_bytes())) {
        Ok(response) if response.status == 200 => decode_response(&response.text()),
        Ok(response) => Reply::Http(response.status),
        Err(error) => Reply::Broken(error.kind().to_string()),
    }
}

/// The document of a call.
pub fn encode_call(method: &str, params: &Value) -> String {
    let mut xml =
        format!("<?xml version='1.0'?><methodCall><methodName>{}</methodName><params>", escape(method));
    for param in params.as_array().into_iter().flatten() {
        let _ = write!(xml, "<param><value>{}</value></param>", encode(param));
    }
    xml.push_str("</params></methodCall>");
    xml
}

fn encode(value: &Value) -> String {
    match value {
        Value::Null => "<nil/>".into(),
        Value::Bool(yes) => format!("<boolean>{}</boolean>", u8::from(*yes)),
        Value::Number(number) if number.is_f64() => format!("<double>{number}</double>"),
        Value::Number(number) => format!("<int>{number}</int>"),
        Value::String(text) => format!("<string>{}</string>", escape(text)),
        Value::Array(items) => {
            let items: String = items.iter().map(|item| format!("<value>{}</value>", encode(item))).collect();
            format!("<array><data>{items}</data></array>")
        }
        Value::Object(members) => {
            let members: String = members
                .iter()
                .map(|(name, value)| {
                    format!("<member><name>{}</name><value>{}</value></member>", escape(name), encode(value))
                })
                .collect();
            format!("<struct>{members}</struct>")
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        let end = rest[start..].find(';').map_or(rest.len() - 1, |length| start + length);
        match &rest[start + 1..end] {
            "amp" => out.push('&'),
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            number => out.extend(
                number
                    .strip_prefix("#x")
                    .map_or_else(
                        || number.trim_start_matches('#').parse().ok(),
                        |hex| u32::from_str_radix(hex, 16).ok(),
                    )
                    .and_then(char::from_u32),
            ),
        }
        rest = &rest[end + 1..];
    }
    out + rest
}

/// Reads a whole answer.
pub fn decode_response(xml: &str) -> Reply {
    let mut reader = Reader { rest: xml };
    let Some(start) = xml.find("<value>") else { return Reply::Broken(format!("no value in {xml:?}")) };
    reader.rest = &xml[start..];
    let value = match reader.value() {
        Some(value) => value,
        None => return Reply::Broken(format!("a strange document: {xml:?}")),
    };
    if xml[..start].contains("<fault>") {
        let code = value["faultCode"].as_i64().unwrap_or(-1);
        return Reply::Fault(code, value["faultString"].as_str().unwrap_or("(none)").to_owned());
    }
    Reply::Value(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, tag: &str) -> Option<()> {
        self.blank();
        self.rest = self.rest.strip_prefix(tag)?;
        Some(())
    }

    /// The raw text up to the closing tag, which is eaten too.
    fn text(&mut self, close: &str) -> Option<&'a str> {
        let end = self.rest.find(close)?;
        let text = &self.rest[..end];
        self.rest = &self.rest[end + close.len()..];
        Some(text)
    }

    fn value(&mut self) -> Option<Value> {
        self.eat("<value>")?;
        if !self.rest.trim_start().starts_with('<') {
            return Some(Value::String(unescape(self.text("</value>")?)));
        }
        let before = self.rest;
        self.blank();
        if self.rest.starts_with("</value>") {
            self.rest = before;
            return Some(Value::String(unescape(self.text("</value>")?)));
        }
        let value = self.typed()?;
        self.eat("</value>")?;
        Some(value)
    }

    fn typed(&mut self) -> Option<Value> {
        let end = self.rest.find('>')?;
        let tag = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        Some(match tag {
            "int" | "i4" => Value::from(self.text(&format!("</{tag}>"))?.trim().parse::<i64>().ok()?),
            "boolean" => Value::from(self.text("</boolean>")?.trim() == "1"),
            "string" => Value::String(unescape(self.text("</string>")?)),
            "string/" => Value::String(String::new()),
            "nil/" => Value::Null,
            "double" | "dateTime.iso8601" | "base64" => {
                let text = self.text(&format!("</{tag}>"))?;
                Value::String(format!("({tag}) {}", text.trim()))
            }
            "array" => self.array()?,
            "struct" => self.members()?,
            "struct/" => Value::Object(Map::new()),
            _ => return None,
        })
    }

    fn array(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        if self.eat("<data/>").is_none() {
            self.eat("<data>")?;
            while self.eat("</data>").is_none() {
                items.push(self.value()?);
            }
        }
        self.eat("</array>")?;
        Some(Value::Array(items))
    }

    fn members(&mut self) -> Option<Value> {
        let mut members = Map::new();
        while self.eat("</struct>").is_none() {
            self.eat("<member>")?;
            self.eat("<name>")?;
            let name = unescape(self.text("</name>")?);
            members.insert(name, self.value()?);
            self.eat("</member>")?;
        }
        Some(Value::Object(members))
    }
}

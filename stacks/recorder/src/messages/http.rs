//! Messages to a server, by HTTP.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::messenger::{CheckError, Messenger, SendError};
use super::{Message, Response, ResponseStatus, tls};
use crate::moment;
use crate::program::HttpSettings;

/// So much of an answer is kept.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// How often a server may send us elsewhere.
const DETOURS_MAX: u32 = 5;

/// Posts each message.
#[derive(Debug)]
pub struct HttpMessenger {
    settings: HttpSettings,
    agent: Agent,
}

impl HttpMessenger {
    /// One that has not sent anything yet.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(settings: &HttpSettings) -> Result<Self, CheckError> {
        let uri: Uri = settings
            .base_url
            .parse()
            .map_err(|error| CheckError(format!("'{}' is no URL: {error}", settings.base_url)))?;
        let encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(CheckError(format!("'{}' is no URL of HTTP", settings.base_url))),
        };
        let mut config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(u64::from(settings.timeout))))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false);
        if encrypted {
            config = config.tls_config(encryption());
        }
        Ok(Self { settings: settings.clone(), agent: config.build().new_agent() })
    }

    fn post(&self, message: &Message) -> Result<(StatusCode, String), SendError> {
        let unsendable = |error: String| {
            SendError::Unsendable(format!("Invalid HTTP message payload for message {}: {error}", message.id))
        };
        let unreachable = |error: ureq::Error| {
            SendError::Unreachable(format!("HTTP request failed for message {}: {error}", message.id))
        };
        let value: Value =
            serde_json::from_slice(&message.content).map_err(|error| unsendable(error.to_string()))?;
        let body = if self.settings.content_type == "application/json" {
            message.content.clone()
        } else {
            form(&value).into_bytes()
        };
        let mut target = self.settings.base_url.clone();
        for _ in 0..=DETOURS_MAX {
            let request = self
                .agent
                .post(&target)
                .header("Content-Type", &self.settings.content_type)
                .header("Accept", &self.settings.content_type);
            let mut response = request.send(&body[..]).map_err(unreachable)?;
            let status = response.status();
            let elsewhere = response.headers().get("Location").and_then(|value| value.to_str().ok());
            match (status.as_u16(), elsewhere) {
                // The only two that mean: send the same there.
                (307 | 308, Some(elsewhere)) => target = resolved(&target, elsewhere),
                _ => {
                    let limited = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true);
                    // An answer that breaks off in its text has been given nevertheless: its status says what it is.
                    return Ok((status, limited.read_to_string().unwrap_or_default()));
                }
            }
        }
        Err(SendError::Unreachable(format!(
            "HTTP request failed for message {}: the server sent us elsewhere {DETOURS_MAX} times",
            message.id
        )))
    }
}

impl Messenger for HttpMessenger {
    fn send(&mut self, message: &Message) -> Result<Response, SendError> {
        let (status, text) = self.post(message)?;
        // acoupi takes 3xx for a success: after a detour on which the message was left behind.
        let status = if status.is_success() { ResponseStatus::Success } else { ResponseStatus::Error };
        let received_on = moment::whole_microseconds(Timestamp::now());
        Ok(Response { status, content: Some(text), received_on })
    }

    fn rest(&mut self) {}

    fn check(&mut self) -> Result<(), CheckError> {
        let url = &self.settings.base_url;
        let response = self.agent.options(url).call().map_err(|error| {
            CheckError(format!(
                "Health check failed: Unable to connect to {url}.\n\
                 {error}\nIs the address right, is there a network, does the server run?"
            ))
        })?;
        let code = response.status().as_u16();
        if code >= 400 {
            let side = if code < 500 { "Client" } else { "Server" };
            return Err(CheckError(format!(
                "Health check failed for {url}: {side} Error ({code}).\n\
                 The server is there and refuses: is something missing that it wants to know, is it in trouble?"
            )));
        }
        let allowed = response.headers().get("Allow").and_then(|value| value.to_str().ok());
        if allowed.is_some_and(|allowed| !allowed.contains("POST")) {
            return Err(CheckError(format!(
                "Could connect to {url} but POST method is not allowed. Check the server configuration."
            )));
        }
        Ok(())
    }
}

fn encryption() -> TlsConfig {
    let roots: Vec<Certificate<'static>> =
        tls::roots().iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(tls::provider())
        .build()
}

/// Where an address leads that may be one of the same server.
fn resolved(from: &str, to: &str) -> String {
    let Ok(uri) = from.parse::<Uri>() else { return to.to_owned() };
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) if to.starts_with('/') && !to.starts_with("//") => {
            format!("{scheme}://{authority}{to}")
        }
        _ => to.to_owned(),
    }
}

/// The fields of a form, as the client of acoupi makes them: of a list each item, of an object each name, and nothing of `null`.
fn form(value: &Value) -> String {
    let Value::Object(fields) = value else { return String::new() };
    let mut pairs = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                pairs.extend(items.iter().filter_map(|item| Some((name, plain(item)?))));
            }
            Value::Object(inner) => pairs.extend(inner.keys().map(|key| (name, key.clone()))),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                pairs.extend(plain(value).map(|text| (name, text)));
            }
        }
    }
    let encoded: Vec<String> =
        pairs.iter().map(|(name, text)| format!("{}={}", escaped(name), escaped(text))).collect();
    encoded.join("&")
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

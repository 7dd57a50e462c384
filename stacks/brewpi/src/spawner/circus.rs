//! What is asked of the manager, in Circus's protocol, which minder speaks too.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use minder_zmtp::{Dealer, Endpoint};
use serde_json::{Value, json};

use super::watcher_name;
use crate::device::Device;

/// How long an answer is waited for: a script may take this long to stop.
const ANSWER_WITHIN: Duration = Duration::from_secs(35);
/// Size in bytes at which a script's log begins anew, and old ones that are kept.
const LOG: (u64, u32) = (2_097_152, 5);

/// A circusd.
#[derive(Clone, Debug)]
pub(super) struct Circus {
    endpoint: Endpoint,
}

/// Why it did not do what it was asked.
#[derive(Debug)]
pub(super) enum CircusError {
    /// It is written nowhere where to ask.
    Endpoint(String),
    /// No answer came.
    Silent,
    /// It refused.
    Refused(String),
    /// The system refused something.
    System(std::io::Error),
}

impl fmt::Display for CircusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(text) => write!(f, "BREWPI_CIRCUS: {text}"),
            Self::Silent => write!(f, "no answer within {} seconds", ANSWER_WITHIN.as_secs()),
            Self::Refused(reason) => write!(f, "Error during circus call: {reason}"),
            Self::System(error) => write!(f, "cannot ask: {error}"),
        }
    }
}

impl Circus {
    pub(super) fn at(endpoint: &str) -> Result<Self, CircusError> {
        let endpoint: Endpoint = endpoint
            .parse()
            .map_err(|error: minder_zmtp::EndpointError| CircusError::Endpoint(error.to_string()))?;
        Ok(Self { endpoint })
    }

    /// The names of its watchers.
    pub(super) fn list(&self) -> Result<Vec<String>, CircusError> {
        let reply = self.ask("list", &json!({}))?;
        let watchers = reply.get("watchers").and_then(Value::as_array);
        Ok(watchers.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Adds the script of a device, and starts it.
    pub(super) fn add(&self, program: &str, device: &Device, logs: &Path) -> Result<(), CircusError> {
        let name = watcher_name(&device.name);
        let stream = |which: &str| {
            json!({
                "class": "FileStream",
                "filename": logs.join(format!("{name}-{which}.log")).to_string_lossy(),
                "max_bytes": LOG.0,
                "backup_count": LOG.1,
            })
        };
        self.ask(
            "add",
            &json!({
                "cmd": format!("{} --dbcfg {}", quoted(program), quoted(&device.name)),
                "name": name,
                "start": true,
                "options": {
                    "copy_env": true,
                    "stdout_stream": stream("stdout"),
                    "stderr_stream": stream("stderr"),
                },
            }),
        )
        .map(drop)
    }

    /// Stops a script, and forgets it.
    pub(super) fn remove(&self, name: &str) -> Result<(), CircusError> {
        self.ask("rm", &json!({ "name": name, "waiting": true })).map(drop)
    }

    fn ask(&self, command: &str, properties: &Value) -> Result<Value, CircusError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(CircusError::System)?;
        let conversation = async {
            let mut dealer = Dealer::connect(self.endpoint.clone(), None)
                .map_err(|error| CircusError::Endpoint(error.to_string()))?;
            let id = format!("brewpi-spawner-{}", std::process::id());
            let question = json!({ "command": command, "properties": properties, "id": id }).to_string();
            dealer.send(&[question]).map_err(|error| CircusError::Refused(error.to_string()))?;
            loop {
                let message = dealer.recv().await;
                let reply = message.first().and_then(|frame| serde_json::from_slice::<Value>(frame).ok());
                if let Some(reply) =
                    reply.filter(|reply| reply.get("id").and_then(Value::as_str) == Some(&id))
                {
                    return Ok(reply);
                }
            }
        };
        let bounded = async { tokio::time::timeout(ANSWER_WITHIN, conversation).await };
        let reply =
            tokio::task::LocalSet::new().block_on(&runtime, bounded).unwrap_or(Err(CircusError::Silent))?;
        match reply.get("status").and_then(Value::as_str) {
            Some("error") => {
                let reason = reply.get("reason").and_then(Value::as_str).unwrap_or("unknown");
                Err(CircusError::Refused(reason.to_owned()))
            }
            _ => Ok(reply),
        }
    }
}

/// A word for the manager's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_name_breaks_the_command() {
        assert_eq!(quoted("brewpi1"), "brewpi1");
        assert_eq!(quoted("my cellar"), "'my cellar'");
        assert_eq!(quoted("it's \"cold\""), "'it'\"'\"'s \"cold\"'");
    }
}

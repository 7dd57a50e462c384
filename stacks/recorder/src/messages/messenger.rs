//! Who takes messages.

use super::http::HttpMessenger;
use super::mqtt::MqttMessenger;
use super::{Message, Response};
use crate::program::RecorderProgram;

/// Sends messages.
pub trait Messenger: Send {
    /// Sends one, and waits until it is known what came of it.
    ///
    /// # Errors
    /// When nothing is known: then it has to be sent again.
    fn send(&mut self, message: &Message) -> Result<Response, SendError>;

    /// Nothing is sent for a while: what is open is closed, in order.
    fn rest(&mut self);

    /// Whether there is anybody to send to.
    ///
    /// # Errors
    /// What is wrong, for a person.
    fn check(&mut self) -> Result<(), CheckError>;
}

/// Why nothing is known of a message that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SendError {
    /// Nobody is there, or nobody answers. It is likely to be so for the next one as well.
    Unreachable(String),
    /// It is not what it should be, and never will be.
    Unsendable(String),
}

impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(message) | Self::Unsendable(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for SendError {}

/// What is wrong with who takes messages; begins with acoupi's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckError(pub String);

impl std::fmt::Display for CheckError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CheckError {}

/// The messenger of a program: by HTTP if both are set. `None`: nobody is told.
///
/// # Errors
/// When its settings cannot be.
pub fn messenger(program: &RecorderProgram, device: &str) -> Result<Option<Box<dyn Messenger>>, CheckError> {
    let Some(messaging) = &program.messaging else { return Ok(None) };
    if let Some(settings) = &messaging.http {
        return Ok(Some(Box::new(HttpMessenger::new(settings)?)));
    }
    let Some(settings) = &messaging.mqtt else { return Ok(None) };
    Ok(Some(Box::new(MqttMessenger::new(settings, program.minder.mqtt_qos, device)?)))
}

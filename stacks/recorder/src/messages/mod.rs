//! What is told to the world: messages, who takes them, and what they say.
//!
//! In reading order: [`factory`] makes a message of what was detected, [`summary`] of what was detected in a while,
//! [`heartbeat`] of the device; [`mod@messenger`] sends one, by [`http`] or [`mqtt`].

pub mod factory;
pub mod heartbeat;
pub mod http;
mod lock;
pub mod messenger;
pub mod mqtt;
pub mod summary;
mod tls;

pub use lock::Lock;
pub use messenger::{CheckError, Messenger, SendError, messenger};

use jiff::Timestamp;
use uuid::Uuid;

/// Something that is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// Mostly JSON.
    pub content: Vec<u8>,
    /// When it was made.
    pub created_on: Timestamp,
    /// What it is about. `None`: nobody said.
    pub kind: Option<MessageKind>,
}

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// A deployment.
    Deployment,
    /// That the device is alive.
    Heartbeat,
    /// A recording.
    Recording,
    /// All that was detected in a while.
    Summary,
    /// What was detected in a recording.
    Detection,
}

impl MessageKind {
    const ALL: [Self; 5] =
        [Self::Deployment, Self::Heartbeat, Self::Recording, Self::Summary, Self::Detection];

    /// acoupi's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Heartbeat => "heartbeat",
            Self::Recording => "recording",
            Self::Summary => "summary",
            Self::Detection => "detection",
        }
    }

    /// The one of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What was answered to a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Whether it was taken.
    pub status: ResponseStatus,
    /// The answer's text.
    pub content: Option<String>,
    /// When it came.
    pub received_on: Timestamp,
}

/// Whether a message was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseStatus {
    /// It was; it is never sent again.
    Success,
    /// It could not be sent. acoupi has the number and never stores it, nor does minder.
    Failed,
    /// It was sent, and the answer was that something is wrong with it or there.
    Error,
    /// Nobody answered in time. Never stored either.
    Timeout,
}

impl ResponseStatus {
    /// acoupi's number of it.
    pub fn number(self) -> i64 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Error => 2,
            Self::Timeout => 3,
        }
    }
}

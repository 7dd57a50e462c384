//! What a recorder does: acoupi's tasks, each a function of the [`Station`] and of what it is given.

mod adoption;
pub mod detection;
pub mod files;
pub mod heartbeat;
mod presence;
pub mod recording;
pub mod sending;
pub mod summary;
mod unwritten;

use serde_json::Value;
use uuid::Uuid;

pub(crate) use unwritten::Unwritten;

use crate::capture::CaptureError;
use crate::detect::DetectError;
use crate::files::guard::GuardError;
use crate::messages::SendError;
use crate::station::Station;
use crate::store::StoreError;

/// Why a run failed.
#[derive(Debug)]
pub enum TaskError {
    /// The program has no such task.
    Unknown(String),
    /// What it was given is not what it takes.
    Input(serde_json::Error),
    /// Nothing was recorded.
    Capture(CaptureError),
    /// Nothing is known of a recording.
    Detect(DetectError),
    /// A database did not do what it should.
    Store(StoreError),
    /// Nobody knows whether there is room.
    Guard(GuardError),
    /// A message could not be sent.
    Send(SendError),
    /// A directory or a file did not do what it should.
    File(std::path::PathBuf, std::io::Error),
}

impl std::fmt::Display for TaskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "Task {name} not found."),
            Self::Input(error) => write!(f, "the input is not what the task takes: {error}"),
            Self::Capture(error) => write!(f, "{error}"),
            Self::Detect(error) => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Guard(error) => write!(f, "{error}"),
            Self::Send(error) => write!(f, "{error}"),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for TaskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unknown(_) => None,
            Self::Input(error) => Some(error),
            Self::Capture(error) => Some(error),
            Self::Detect(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Guard(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::File(_, error) => Some(error),
        }
    }
}

impl From<StoreError> for TaskError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<GuardError> for TaskError {
    fn from(error: GuardError) -> Self {
        Self::Guard(error)
    }
}

/// Does a task of a recorder, and gives its output; `null` when there is nothing for others to go on with. `run` is the same when
/// a run is done again.
///
/// # Errors
/// When it failed, or there is no such task.
pub fn run(station: &mut Station, task: &str, run: Uuid, input: &Value) -> Result<Value, TaskError> {
    match task {
        "recording_task" => recording::run(station),
        "detection_task" => detection::run(station, input),
        "file_management_task" => files::run(station),
        "send_messages_task" => sending::run(station),
        "heartbeat_task" => heartbeat::run(station),
        "summary_task" => summary::run(station, run),
        _ => Err(TaskError::Unknown(task.to_owned())),
    }
}

//! A message of what was detected in a recording.

use uuid::Uuid;

use super::{Message, MessageKind};
use crate::output::ModelOutput;

/// Makes messages of outputs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Factory {
    /// Of detections with this score that have tags. Without any there is no message.
    Sure(f64),
    /// Of all of it.
    Everything,
}

impl Factory {
    /// The message, if there is one. The same output makes a message of the same id, so that it is stored once, however often
    /// its recording is looked at.
    #[must_use]
    pub fn message(self, output: &ModelOutput) -> Option<Message> {
        let told = match self {
            Self::Everything => output.clone(),
            Self::Sure(score) => {
                let mut told = output.clone();
                told.detections.retain(|found| found.detection_score >= score && !found.tags.is_empty());
                if told.detections.is_empty() {
                    return None;
                }
                // acoupi takes it for another output.
                told.id = Uuid::new_v5(&output.id, b"sure");
                told
            }
        };
        Some(Message {
            id: Uuid::new_v5(&told.id, b"message"),
            content: serde_json::to_vec(&told).ok()?,
            created_on: output.created_on,
            kind: Some(MessageKind::Detection),
        })
    }
}

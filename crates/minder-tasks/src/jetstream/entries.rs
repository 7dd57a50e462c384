//! What is in the stream, told exactly.
//!
//! It is looked up by sequence numbers: a server of version 2.9 that is asked for the next message of a subject says that there
//! is none, when there is one, after those before it were acknowledged in another order.

use std::collections::BTreeSet;

use async_nats::jetstream::stream::RawMessageErrorKind;
use futures_util::StreamExt as _;
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;

use super::message::from_wire;
use super::{JetStream, JetStreamError, cannot};
use crate::run::Run;

/// How many runs are looked at, the oldest ones.
pub(super) const LISTED_MAX: usize = 1000;

/// What names a message, for the server to know it again.
const MESSAGE_ID: &str = "Nats-Msg-Id";

/// A run that waits or works.
pub(super) struct Entry {
    /// Where in the stream it is.
    pub(super) sequence: u64,
    /// What it was offered under.
    pub(super) key: String,
    pub(super) run: Run,
}

impl Entry {
    /// Whether nobody works on it, when the runs of its worker were given to somebody up to this sequence number.
    pub(super) fn waits(&self, given: u64, now: WallTime) -> bool {
        self.sequence > given || self.run.not_before > now
    }
}

impl JetStream {
    /// From this sequence number on, the oldest first, no more than [`LISTED_MAX`].
    pub(super) async fn entries(&self, from: u64) -> Result<Vec<Entry>, JetStreamError> {
        let info = self.stream.info_builder().with_deleted(true).fetch().await;
        let state = info.map_err(cannot("list the runs"))?.info.state;
        if state.messages == 0 {
            return Ok(Vec::new());
        }
        let deleted: BTreeSet<u64> = state.deleted.into_iter().flatten().collect();
        let there = (state.first_sequence.max(from)..=state.last_sequence).filter(|at| !deleted.contains(at));
        let mut entries = Vec::new();
        for sequence in there {
            match self.stream.get_raw_message(sequence).await {
                Ok(message) => {
                    let key = message.headers.get(MESSAGE_ID).map(ToString::to_string).unwrap_or_default();
                    let run = from_wire(&message.payload);
                    entries.extend(run.ok().map(|run| Entry { sequence, key, run }));
                }
                // It has ended in between.
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(cannot("list the runs")(error)),
            }
            if entries.len() == LISTED_MAX {
                break;
            }
        }
        Ok(entries)
    }

    /// The last run of a task that waits or works.
    pub(super) async fn last_of(
        &self,
        worker: &WorkerName,
        task: &TaskName,
    ) -> Result<Option<Entry>, JetStreamError> {
        // Mostly there is none, and that is asked quickly.
        let info = self.stream.info_builder().subjects(self.subject(worker, task)).fetch().await;
        let mut subjects = info.map_err(cannot("look for earlier runs"))?;
        if subjects.next().await.is_none() {
            return Ok(None);
        }
        let entries = self.entries(0).await?;
        Ok(entries.into_iter().rfind(|entry| entry.run.task == *task))
    }

    /// Up to which sequence number the runs of a worker were given to somebody.
    pub(super) async fn given(&self, worker: &WorkerName) -> Result<u64, JetStreamError> {
        let consumer = self.consumer(worker).await?;
        let info = consumer.get_info().await.map_err(cannot("ask who has a run"))?;
        Ok(info.delivered.stream_sequence)
    }

    pub(super) async fn remove(&self, entry: &Entry) -> Result<(), JetStreamError> {
        let deleted = self.stream.delete_message(entry.sequence).await;
        deleted.map(drop).map_err(cannot("take a run out of the stream"))
    }
}

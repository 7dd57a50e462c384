//! What people ask about the stream, and how they hear of an end on another machine.

use async_nats::Subscriber;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use futures_util::StreamExt as _;
use minder_core::agenda::Agenda;
use minder_core::ids::TaskName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::from_wire;
use super::{JetStream, JetStreamError, cannot};
use crate::run::{Outcome, Record, Run, RunId, RunState, Verdict};
use crate::store::{Backlog, Cancelled};

/// How many waiting runs are looked at. A stream that has more says so by its length.
const LISTED_MAX: usize = 1000;

/// How an attempt at a run ended, as its worker tells it to whoever listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndNotice {
    /// Which attempt.
    pub attempt: u32,
    /// Where it stands.
    pub state: RunState,
    /// Whether it will be tried again.
    pub will_retry: bool,
    /// How long it took, in microseconds.
    pub duration_micros: u64,
    /// How its process ended, as text.
    pub exit: Option<String>,
    /// The end of what it printed.
    pub tail: String,
    /// Why it did not do well.
    pub reason: Option<String>,
    /// What it gave.
    pub output: Option<Record>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    attempt: u32,
    state: String,
    will_retry: bool,
    duration_micros: u64,
    exit: Option<String>,
    tail: String,
    reason: Option<String>,
    output: Option<Value>,
}

/// The ends of the attempts at one run, from when one began to listen.
#[derive(Debug)]
pub struct EndNotices(Subscriber);

impl EndNotices {
    /// The next one. `None`: there will be no more.
    pub async fn next(&mut self) -> Option<EndNotice> {
        loop {
            let message = self.0.next().await?;
            let Ok(wire) = serde_json::from_slice::<Wire>(&message.payload) else { continue };
            let Some(state) = RunState::of_word(&wire.state) else { continue };
            return Some(EndNotice {
                attempt: wire.attempt,
                state,
                will_retry: wire.will_retry,
                duration_micros: wire.duration_micros,
                exit: wire.exit,
                tail: wire.tail,
                reason: wire.reason,
                output: wire.output.as_ref().and_then(Record::of),
            });
        }
    }
}

impl JetStream {
    /// Listens for the ends of a run. One that ends before is not heard of.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn ends_of(&self, id: &RunId) -> Result<EndNotices, JetStreamError> {
        let ends = self.client.subscribe(self.ended_subject(id)).await.map_err(cannot("listen"))?;
        self.client.flush().await.map_err(cannot("listen"))?;
        Ok(EndNotices(ends))
    }

    /// Tells of an end. Nobody relies on hearing it.
    pub(crate) async fn announce(&self, run: &Run, outcome: &Outcome, will_retry: bool) {
        let (state, output) = match &outcome.verdict {
            Verdict::Done(output) => (RunState::Done, output.as_ref()),
            Verdict::Failed => (RunState::Failed, None),
            Verdict::TimedOut => (RunState::TimedOut, None),
            Verdict::Cancelled | Verdict::GivenBack => (RunState::Cancelled, None),
        };
        let wire = Wire {
            attempt: run.attempt,
            state: state.word().to_owned(),
            will_retry,
            duration_micros: u64::try_from(outcome.duration.as_micros()).unwrap_or(u64::MAX),
            exit: outcome.exit.map(|exit| exit.to_string()),
            tail: outcome.tail.clone(),
            reason: outcome.reason.clone(),
            output: output.map(Record::value),
        };
        let payload = serde_json::to_vec(&wire).unwrap_or_default();
        let _ = self.client.publish(self.ended_subject(&run.id), payload.into()).await;
        self.flush().await;
    }

    pub(super) async fn tell_to_stop(&self, whom: &Value) -> Result<(), JetStreamError> {
        let told = self.client.publish(self.stop_subject(), whom.to_string().into()).await;
        told.map_err(cannot("have a run stopped"))?;
        self.client.flush().await.map_err(cannot("have a run stopped"))
    }

    /// The runs that have not ended, the oldest first, no more than 1000, and where in the stream they are.
    async fn open(&self) -> Result<Vec<(u64, Run)>, JetStreamError> {
        let all = format!("{}.work.>", self.name);
        let mut runs = Vec::new();
        let mut from = 1;
        while runs.len() < LISTED_MAX {
            match self.stream.get_first_raw_message_by_subject(&all, from).await {
                Ok(message) => {
                    from = message.sequence + 1;
                    runs.extend(from_wire(&message.payload).ok().map(|run| (message.sequence, run)));
                }
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => break,
                Err(error) => return Err(cannot("list the runs")(error)),
            }
        }
        Ok(runs)
    }

    /// The runs that wait or work anywhere, the oldest first, no more than 1000.
    pub(crate) async fn open_runs(&self) -> Result<Vec<Run>, JetStreamError> {
        Ok(self.open().await?.into_iter().map(|(_, run)| run).collect())
    }

    /// Takes a run out of the stream, and has it stopped if it works.
    pub(crate) async fn cancel(&self, id: &RunId, reason: &str) -> Result<Cancelled, JetStreamError> {
        let found = self.open().await?.into_iter().find(|(_, run)| run.id == *id);
        let Some((sequence, run)) = found else { return Ok(Cancelled::Unknown) };
        let consumer = self.consumer(&run.worker).await?;
        let info = consumer.get_info().await.map_err(cannot("ask who has a run"))?;
        let deleted = self.stream.delete_message(sequence).await;
        deleted.map_err(cannot("take a run out of the stream"))?;
        self.tell_to_stop(&json!({ "run": id.as_str(), "reason": reason })).await?;
        let was_given = sequence <= info.delivered.stream_sequence;
        Ok(if was_given { Cancelled::Told } else { Cancelled::Now })
    }

    /// Takes out what waits, of one task or of all. What works goes on.
    pub(crate) async fn purge(
        &self,
        agenda: &Agenda,
        task: Option<&TaskName>,
    ) -> Result<usize, JetStreamError> {
        let subject = match task.and_then(|task| agenda.task(task)) {
            Some(task) => self.subject(&task.worker, &task.name),
            None => format!("{}.work.>", self.name),
        };
        let purged = self.stream.purge().filter(subject).await.map_err(cannot("purge the stream"))?;
        Ok(usize::try_from(purged.purged).unwrap_or(usize::MAX))
    }

    /// What waits, by worker and task. Who works on what, the server does not tell by task.
    pub(crate) async fn backlog(&self, agenda: &Agenda) -> Result<Vec<Backlog>, JetStreamError> {
        let mut backlog = Vec::new();
        for (sequence, run) in self.open().await? {
            if agenda.worker(&run.worker).is_none() {
                continue;
            }
            let consumer = self.consumer(&run.worker).await?;
            let is_given = sequence <= consumer.cached_info().delivered.stream_sequence;
            let found = backlog
                .iter_mut()
                .find(|entry: &&mut Backlog| entry.worker == run.worker && entry.task == run.task);
            let (waiting, claimed) = if is_given { (0, 1) } else { (1, 0) };
            match found {
                Some(entry) => {
                    entry.waiting += waiting;
                    entry.claimed += claimed;
                }
                None => backlog.push(Backlog { worker: run.worker, task: run.task, waiting, claimed }),
            }
        }
        Ok(backlog)
    }
}

//! What people ask about the stream, and how they hear of an end on another machine.

use std::collections::BTreeMap;

use async_nats::Subscriber;
use futures_util::StreamExt as _;
use minder_core::agenda::Agenda;
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entries::{Entry, LISTED_MAX};
use super::{JetStream, JetStreamError, cannot};
use crate::run::{Outcome, Record, Run, RunId, RunState, Verdict};
use crate::store::{Backlog, Cancelled};

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

    /// The runs that wait or work anywhere, the oldest first, no more than 1000.
    pub(crate) async fn open_runs(&self) -> Result<Vec<Run>, JetStreamError> {
        Ok(self.entries(0).await?.into_iter().map(|entry| entry.run).collect())
    }

    /// Takes a run out of the stream, and has it stopped if it works.
    pub(crate) async fn cancel(&self, id: &RunId, reason: &str) -> Result<Cancelled, JetStreamError> {
        let found = self.entries(0).await?.into_iter().find(|entry| entry.run.id == *id);
        let Some(entry) = found else { return Ok(Cancelled::Unknown) };
        let was_given = entry.sequence <= self.given(&entry.run.worker).await?;
        self.remove(&entry).await?;
        self.tell_to_stop(&json!({ "run": id.as_str(), "reason": reason })).await?;
        Ok(if was_given { Cancelled::Told } else { Cancelled::Now })
    }

    /// Takes out what waits, of one task or of all. What works goes on.
    pub(crate) async fn purge(
        &self,
        task: Option<&TaskName>,
        now: WallTime,
    ) -> Result<usize, JetStreamError> {
        let (mut count, mut from) = (0, 0);
        let mut given: BTreeMap<WorkerName, u64> = BTreeMap::new();
        loop {
            let entries = self.entries(from).await?;
            for entry in entries.iter().filter(|entry| task.is_none_or(|task| entry.run.task == *task)) {
                let worker = &entry.run.worker;
                let given = match given.get(worker) {
                    Some(given) => *given,
                    None => *given.entry(worker.clone()).or_insert(self.given(worker).await?),
                };
                if entry.sequence > given || entry.run.not_before > now {
                    self.remove(entry).await?;
                    count += 1;
                }
            }
            match entries.last() {
                Some(last) if entries.len() == LISTED_MAX => from = last.sequence + 1,
                Some(_) | None => return Ok(count),
            }
        }
    }

    /// What waits and works, by worker and task.
    pub(crate) async fn backlog(
        &self,
        agenda: &Agenda,
        now: WallTime,
    ) -> Result<Vec<Backlog>, JetStreamError> {
        let mut backlog: Vec<Backlog> = Vec::new();
        let mut given: BTreeMap<WorkerName, u64> = BTreeMap::new();
        for worker in agenda.workers() {
            given.insert(worker.name.clone(), self.given(&worker.name).await?);
        }
        for Entry { sequence, run, .. } in self.entries(0).await? {
            let Some(given) = given.get(&run.worker) else { continue };
            let is_given = sequence <= *given && run.not_before <= now;
            let (waiting, claimed) = if is_given { (0, 1) } else { (1, 0) };
            match backlog.iter_mut().find(|entry| entry.worker == run.worker && entry.task == run.task) {
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

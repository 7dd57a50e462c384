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
        self.tell_end(&run.id, &wire).await;
    }

    async fn tell_end(&self, id: &RunId, wire: &Wire) {
        let payload = serde_json::to_vec(wire).unwrap_or_default();
        let _ = self.client.publish(self.ended_subject(id), payload.into()).await;
        self.flush().await;
    }

    /// Takes a run out of the stream that nobody has begun. Whoever waits for its end hears that there is none.
    pub(super) async fn take_out(
        &self,
        entry: &Entry,
        state: RunState,
        reason: &str,
    ) -> Result<(), JetStreamError> {
        self.remove(entry).await?;
        let wire = Wire {
            attempt: entry.run.attempt,
            state: state.word().to_owned(),
            will_retry: false,
            duration_micros: 0,
            exit: None,
            tail: String::new(),
            reason: Some(reason.to_owned()),
            output: None,
        };
        self.tell_end(&entry.run.id, &wire).await;
        Ok(())
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
    pub(crate) async fn cancel(
        &self,
        id: &RunId,
        reason: &str,
        now: WallTime,
    ) -> Result<Cancelled, JetStreamError> {
        let found = self.entries(0).await?.into_iter().find(|entry| entry.run.id == *id);
        let Some(entry) = found else { return Ok(Cancelled::Unknown) };
        let waits = entry.waits(self.given(&entry.run.worker).await?, now);
        if waits {
            self.take_out(&entry, RunState::Cancelled, reason).await?;
        } else {
            self.remove(&entry).await?;
        }
        // Also for one that waited: somebody may have been given it just now.
        self.tell_to_stop(&json!({ "run": id.as_str(), "reason": reason })).await?;
        Ok(if waits { Cancelled::Now } else { Cancelled::Told })
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
                if entry.waits(given, now) {
                    self.take_out(entry, RunState::Cancelled, "purged").await?;
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
        for entry in self.entries(0).await? {
            let Some(given) = given.get(&entry.run.worker) else { continue };
            let (waiting, claimed) = if entry.waits(*given, now) { (1, 0) } else { (0, 1) };
            let run = entry.run;
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

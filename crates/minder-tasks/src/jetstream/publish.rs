//! What goes into the stream: what is due, what follows, what is tried again. All of it can be said twice, as after a death:
//! the server takes it once, by its message id.

use async_nats::jetstream::message::PublishMessage;
use minder_core::agenda::{Agenda, Bound, Overlap, TaskSpec, WorkerSpec};
use minder_core::ids::TaskName;
use minder_core::time::WallTime;
use serde_json::json;

use super::entries::Entry;
use super::message::{Given, Times, to_wire, waiting};
use super::{JetStream, JetStreamError, cannot};
use crate::planner::Mark;
use crate::queue::QueueError;
use crate::retry;
use crate::run::{Ask, Offered, Outcome, Run, RunId, RunState, Verdict};
use crate::store::{Store, StoreError};

impl JetStream {
    /// As [`Store::offer`], with what is remembered in `store`.
    pub(crate) async fn offer(
        &self,
        store: &Store,
        agenda: &Agenda,
        asks: &[Ask],
        marks: &[(TaskName, Mark)],
        now: WallTime,
    ) -> Result<Vec<Offered>, QueueError> {
        let mut offered = Vec::new();
        for ask in asks {
            offered.push(self.offer_one(store, agenda, ask, now).await?);
        }
        let waits = |task: &TaskName| {
            asks.iter().zip(&offered).any(|(ask, offered)| ask.task == *task && *offered == Offered::Full)
        };
        let come_to: Vec<_> = marks.iter().filter(|(task, _)| !waits(task)).cloned().collect();
        store.remember(&come_to)?;
        Ok(offered)
    }

    async fn offer_one(
        &self,
        store: &Store,
        agenda: &Agenda,
        ask: &Ask,
        now: WallTime,
    ) -> Result<Offered, QueueError> {
        let (_, worker) = specs(agenda, &ask.task)?;
        // Two people may ask at the same moment, and want two runs.
        let key = ask.id.as_ref().map_or_else(|| format!("{}@{}", ask.task, ask.due.0), ToString::to_string);
        let earlier = match ask.overlap {
            Overlap::Queue => None,
            Overlap::Skip | Overlap::Replace => self.last_of(&worker.name, &ask.task).await?,
        };
        if let Some(Entry { run, key: its_key, .. }) = &earlier {
            if *its_key == key {
                return Ok(Offered::Waits(run.id.clone()));
            }
            if ask.overlap == Overlap::Skip {
                let reason = format!("run {} of it waits or works", run.id);
                let id = store.note_skipped(agenda, ask, &reason, now)?;
                return Ok(Offered::Skipped(id, reason));
            }
        }
        let id = ask.id.clone().unwrap_or_else(|| RunId::new(now));
        if earlier.is_some() {
            self.replace(worker, &ask.task, &id, now).await?;
        } else {
            match self.room(worker).await? {
                Room::Free => {}
                Room::Full => return Ok(Offered::Full),
                Room::Refused(reason) => {
                    let id = store.note_skipped(agenda, ask, &reason, now)?;
                    return Ok(Offered::Skipped(id, reason));
                }
            }
        }
        let times = Times { due: ask.due, asked: now, not_before: ask.not_before };
        let names = (ask.task.clone(), worker.name.clone());
        let run = waiting(id.clone(), 1, names, times, Given { input: ask.input.clone(), after: None });
        self.publish(&run, &key).await?;
        Ok(Offered::Waits(id))
    }

    /// Offers the followers of a run that has ended, or the next attempt at it; says when that begins at the earliest.
    pub(crate) async fn follow_up(
        &self,
        store: &Store,
        agenda: &Agenda,
        run: &Run,
        outcome: &Outcome,
        now: WallTime,
    ) -> Result<Option<WallTime>, QueueError> {
        let Some(task) = agenda.task(&run.task) else { return Ok(None) };
        match &outcome.verdict {
            Verdict::Done(Some(output)) => {
                for name in &task.then {
                    let Ok((_, worker)) = specs(agenda, name) else { continue };
                    let given = Given { input: Some(output.clone()), after: Some(run.id.clone()) };
                    let times = Times { due: now, asked: now, not_before: now };
                    let names = (name.clone(), worker.name.clone());
                    let follower = waiting(RunId::new(now), 1, names, times, given);
                    self.follow(
                        store,
                        agenda,
                        worker,
                        &follower,
                        &format!("{name}/{}/{}", run.id, run.attempt),
                    )
                    .await?;
                }
                Ok(None)
            }
            Verdict::Failed | Verdict::TimedOut => {
                let Some(delay) = retry::delay(&task.retry, run.attempt) else { return Ok(None) };
                let not_before = retry::later(now, delay);
                let names = (run.task.clone(), run.worker.clone());
                let times = Times { due: run.due, asked: now, not_before };
                let given = Given { input: run.input.clone(), after: run.after.clone() };
                let next = waiting(run.id.clone(), run.attempt + 1, names, times, given);
                self.publish(&next, &format!("{}/{}", run.id, next.attempt)).await?;
                Ok(Some(not_before))
            }
            Verdict::Done(None) | Verdict::Cancelled | Verdict::GivenBack => Ok(None),
        }
    }

    async fn follow(
        &self,
        store: &Store,
        agenda: &Agenda,
        worker: &WorkerSpec,
        follower: &Run,
        key: &str,
    ) -> Result<(), QueueError> {
        match self.room(worker).await? {
            // Who has just ended a run cannot wait.
            Room::Free | Room::Full => Ok(self.publish(follower, key).await?),
            Room::Refused(reason) => {
                let ask = Ask {
                    id: Some(follower.id.clone()),
                    task: follower.task.clone(),
                    due: follower.due,
                    not_before: follower.not_before,
                    input: follower.input.clone(),
                    overlap: Overlap::Queue,
                };
                store.note_skipped(agenda, &ask, &reason, follower.asked)?;
                Ok(())
            }
        }
    }

    async fn publish(&self, run: &Run, key: &str) -> Result<(), JetStreamError> {
        let message = PublishMessage::build().payload(to_wire(run).into()).message_id(key);
        let subject = self.subject(&run.worker, &run.task);
        let sent = self.context.send_publish(subject, message).await.map_err(cannot("offer a run"))?;
        sent.await.map(drop).map_err(cannot("offer a run"))
    }

    async fn replace(
        &self,
        worker: &WorkerSpec,
        task: &TaskName,
        by: &RunId,
        now: WallTime,
    ) -> Result<(), JetStreamError> {
        let reason = format!("replaced by run {by}");
        let given = self.given(&worker.name).await?;
        for entry in self.entries(0).await?.iter().filter(|entry| entry.run.task == *task) {
            if entry.waits(given, now) {
                self.take_out(entry, RunState::Cancelled, &reason).await?;
            } else {
                self.remove(entry).await?;
            }
        }
        self.tell_to_stop(&json!({ "task": task.as_str(), "by": by.as_str(), "reason": reason })).await
    }

    async fn room(&self, worker: &WorkerSpec) -> Result<Room, JetStreamError> {
        let consumer = self.consumer(&worker.name).await?;
        let info = consumer.get_info().await.map_err(cannot("ask how many runs wait"))?;
        if info.num_pending < u64::from(worker.backlog) {
            return Ok(Room::Free);
        }
        Ok(match worker.bound {
            Bound::Refuse => {
                let waiting = info.num_pending;
                Room::Refused(format!("the backlog of worker {} is full: {waiting} wait", worker.name))
            }
            Bound::Wait => Room::Full,
            Bound::DropOldest => {
                let entries = self.entries(info.delivered.stream_sequence + 1).await?;
                // The first that was given to nobody. If somebody is given it just now, it is done all the same.
                if let Some(oldest) = entries.iter().find(|entry| entry.run.worker == worker.name) {
                    let reason = format!("the oldest when the backlog of worker {} was full", worker.name);
                    self.take_out(oldest, RunState::Dropped, &reason).await?;
                }
                Room::Free
            }
        })
    }
}

enum Room {
    Free,
    Refused(String),
    Full,
}

fn specs<'a>(agenda: &'a Agenda, task: &TaskName) -> Result<(&'a TaskSpec, &'a WorkerSpec), StoreError> {
    let found = agenda.task(task).and_then(|task| Some((task, agenda.worker(&task.worker)?)));
    found.ok_or_else(|| StoreError::NoSuchTask(task.clone()))
}

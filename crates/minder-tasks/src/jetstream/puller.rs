//! What comes out of the stream: one run for each free slot, which is the worker's until it says otherwise or falls silent.

use std::convert::Infallible;
use std::time::Duration;

use async_nats::Subscriber;
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use minder_core::ids::{TaskName, WorkerName};
use serde_json::Value;

use super::message::from_wire;
use super::{ACK_WAIT, JetStream, JetStreamError, cannot};
use crate::clock::wall;
use crate::log::log;
use crate::run::{Run, RunId};

/// How long the server is asked for a run before it is asked again: it forgets who asks when it is started anew.
const ASKING: Duration = Duration::from_secs(60);

/// How long to wait when it does not answer.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// How often a run may be given to workers. More often than in the embedded queue, since the server also counts when it was
/// given back, or was not due yet.
const DELIVERIES_MAX: u32 = 10;

/// How often an end is said before it is left to the next delivery.
const ACK_TRIES: u32 = 5;

/// Asks for one worker's runs.
pub(crate) struct Puller {
    queue: JetStream,
    worker: WorkerName,
    stops: Subscriber,
}

/// A run, and whom to tell how it goes.
pub(crate) struct Delivery {
    queue: JetStream,
    message: Message,
    run: Run,
    ack_wait: Duration,
}

/// Some runs are to stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StopNotice {
    whom: Whom,
    reason: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Whom {
    Run(RunId),
    /// All of a task, but for the run that takes their place: it may be here before this is heard.
    Task(TaskName, RunId),
    Nobody,
}

impl JetStream {
    pub(crate) async fn puller(&self, worker: &WorkerName) -> Result<Puller, JetStreamError> {
        let stops = self.client.subscribe(self.stop_subject()).await.map_err(cannot("listen"))?;
        Ok(Puller { queue: self.clone(), worker: worker.clone(), stops })
    }

    /// Says of runs whose worker has died that they are to be given to another one now.
    pub(crate) async fn return_receipts(
        &self,
        worker: &WorkerName,
        receipts: &[String],
    ) -> Result<(), JetStreamError> {
        self.forget_who_asked(worker).await?;
        for receipt in receipts {
            let returned = self.client.publish(receipt.clone(), "-NAK".into()).await;
            returned.map_err(cannot("give runs back"))?;
        }
        self.client.flush().await.map_err(cannot("give runs back"))
    }
}

impl JetStream {
    /// Has the server forget that somebody asks for a run who is not there any more: it (2.9) would take the first run that is
    /// given back for that one, find nobody, and not think of the run again before its silence has lasted too long. When it is
    /// asked who waits, it looks.
    async fn forget_who_asked(&self, worker: &WorkerName) -> Result<(), JetStreamError> {
        let consumer = self.consumer(worker).await?;
        consumer.get_info().await.map(drop).map_err(cannot("give runs back"))
    }
}

impl Puller {
    /// Waits for a run. `None`: there was none for a while, or it is not due yet, or the server did not answer; ask again.
    pub(crate) fn pull(&self) -> LocalBoxFuture<'static, Result<Option<Delivery>, JetStreamError>> {
        let (queue, worker) = (self.queue.clone(), self.worker.clone());
        Box::pin(async move {
            match pull(&queue, &worker).await {
                Ok(delivery) => Ok(delivery),
                Err(error) => {
                    log(&format!("worker {worker}: {error}"));
                    tokio::time::sleep(AFTER_FAILURE).await;
                    // It may have lost what it had.
                    if let Err(error) = super::open(&queue.context, &queue.name).await {
                        log(&format!("worker {worker}: {error}"));
                    }
                    Ok(None)
                }
            }
        })
    }

    /// Waits until somebody wants runs to stop. A wait that is given up loses nothing.
    pub(crate) async fn next_stop(&mut self) -> StopNotice {
        match self.stops.next().await {
            Some(message) => StopNotice::read(&message.payload),
            // The connection is closed for good; then nothing else works either, and says so.
            None => std::future::pending().await,
        }
    }
}

async fn pull(queue: &JetStream, worker: &WorkerName) -> Result<Option<Delivery>, JetStreamError> {
    let consumer = queue.consumer(worker).await?;
    let ack_wait = consumer.cached_info().config.ack_wait;
    let ack_wait = if ack_wait.is_zero() { ACK_WAIT } else { ack_wait };
    let batch = consumer.batch().max_messages(1).expires(ASKING).messages().await;
    let mut batch = batch.map_err(cannot("ask for a run"))?;
    let Some(message) = batch.next().await else { return Ok(None) };
    let message = message.map_err(|source| JetStreamError { what: "ask for a run", source })?;
    let mut run = match from_wire(&message.payload) {
        Ok(run) => run,
        Err(error) => {
            log(&format!("worker {worker}: took away a message that is no run: {error}"));
            message
                .ack_with(AckKind::Term)
                .await
                .map_err(|source| JetStreamError { what: "answer", source })?;
            return Ok(None);
        }
    };
    run.deliveries = message.info().ok().and_then(|info| u32::try_from(info.delivered).ok()).unwrap_or(1);
    let now = wall();
    // The clocks of machines differ, so somebody set back is not waited for longer than the one who asked wanted to.
    if run.not_before > now && run.asked <= now {
        let wait = Duration::from_micros((run.not_before.0 - now.0).unsigned_abs());
        let later = message.ack_with(AckKind::Nak(Some(wait))).await;
        later.map_err(|source| JetStreamError { what: "put a run off", source })?;
        return Ok(None);
    }
    Ok(Some(Delivery { queue: queue.clone(), message, run, ack_wait }))
}

impl Delivery {
    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// Where the server hears of it, also from somebody else.
    pub(crate) fn receipt(&self) -> &str {
        self.message.reply.as_ref().map_or("", |subject| subject.as_str())
    }

    /// Why it is not to be done once more.
    pub(crate) fn too_often(&self) -> Option<String> {
        (self.run.deliveries > DELIVERIES_MAX)
            .then(|| format!("it was given to a worker {} times, and never ended", self.run.deliveries))
    }

    /// Tells the server again and again that it is being worked on.
    pub(crate) async fn keep_alive(&self) -> Infallible {
        loop {
            tokio::time::sleep(self.ack_wait / 3).await;
            self.still_ours().await;
        }
    }

    /// Tells the server that the run is not to be given to somebody else.
    pub(crate) async fn still_ours(&self) {
        // One that does not arrive is followed by another one, and after a long silence the run is done twice.
        let _ = self.message.ack_with(AckKind::Progress).await;
    }

    /// It has ended, and the server can forget it. If it cannot be told, it gives it out again, and will be told then.
    pub(crate) async fn ack(&self) {
        for _ in 0..ACK_TRIES {
            match self.message.double_ack().await {
                Ok(()) => return,
                Err(error) => {
                    log(&format!("run {}: NATS: cannot say that it has ended: {error}", self.run.id));
                }
            }
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }

    /// Somebody else is to do it, at once.
    pub(crate) async fn give_back(&self) {
        // If this does not arrive, the silence says the same.
        let _ = self.queue.forget_who_asked(&self.run.worker).await;
        let _ = self.message.ack_with(AckKind::Nak(None)).await;
        self.queue.flush().await;
    }
}

impl StopNotice {
    fn read(payload: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(payload).unwrap_or_default();
        let text = |key| value.get(key).and_then(Value::as_str);
        let whom = match (text("run"), text("task")) {
            (Some(id), _) => Whom::Run(RunId::known(id)),
            (None, Some(task)) => {
                Whom::Task(TaskName::new(task), RunId::known(text("by").unwrap_or_default()))
            }
            (None, None) => Whom::Nobody,
        };
        Self { whom, reason: text("reason").unwrap_or("stopped").to_owned() }
    }

    pub(crate) fn concerns(&self, run: &Run) -> bool {
        match &self.whom {
            Whom::Run(id) => run.id == *id,
            Whom::Task(task, by) => run.task == *task && run.id != *by,
            Whom::Nobody => false,
        }
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{Given, Times, waiting};
    use super::StopNotice;
    use crate::run::{Run, RunId};
    use minder_core::ids::{TaskName, WorkerName};
    use minder_core::time::WallTime;

    fn run(id: &str, task: &str) -> Run {
        let times = Times { due: WallTime(1), asked: WallTime(1), not_before: WallTime(1) };
        let names = (TaskName::new(task), WorkerName::new("w"));
        waiting(RunId::known(id), 1, names, times, Given { input: None, after: None })
    }

    #[test]
    fn a_run_that_takes_the_place_of_others_is_not_stopped_with_them() {
        let notice = StopNotice::read(br#"{"task": "a", "by": "new", "reason": "replaced by run new"}"#);
        assert!(notice.concerns(&run("old", "a")));
        assert!(!notice.concerns(&run("new", "a")) && !notice.concerns(&run("old", "b")));
        assert_eq!(notice.reason(), "replaced by run new");
        // As those of an older minder say it.
        assert!(StopNotice::read(br#"{"task": "a"}"#).concerns(&run("old", "a")));
        assert!(!StopNotice::read(b"?").concerns(&run("old", "a")));
    }
}

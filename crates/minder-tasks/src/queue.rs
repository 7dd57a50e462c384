//! The queue that an agenda asks for: embedded, or a stream of a NATS server with the embedded one for what was done here.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use minder_core::agenda::{Agenda, QueueSpec};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;

use crate::clock::wall;
use crate::jetstream::{EndNotices, JetStream, JetStreamError, Puller};
use crate::log::log;
use crate::planner::Mark;
use crate::run::{Ask, Offered, Outcome, Run, RunId, RunState};
use crate::state_dir::StateDir;
use crate::store::{Backlog, Cancelled, Filter, Scope, Store, StoreError};

/// How long to wait when the server does not take what follows from a run.
const AFTER_FAILURE: Duration = Duration::from_secs(3);

/// Where runs wait.
#[derive(Debug)]
pub enum Queue {
    /// In `queue.db`.
    Embedded(Rc<Store>),
    /// With a server; what was done on this machine is in `queue.db`.
    JetStream(Rc<Store>, Box<JetStream>),
}

/// Why a queue could not be asked or changed.
#[derive(Debug)]
pub enum QueueError {
    /// The database.
    Store(StoreError),
    /// The server.
    JetStream(JetStreamError),
}

impl QueueError {
    /// Whether the same may be possible later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.may_pass(),
            Self::JetStream(_) => true,
        }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::JetStream(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for QueueError {}

impl From<StoreError> for QueueError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<JetStreamError> for QueueError {
    fn from(error: JetStreamError) -> Self {
        Self::JetStream(error)
    }
}

impl Queue {
    /// Opens the queue of an agenda, and makes it if there is none.
    ///
    /// # Errors
    /// When the database or the server refuses.
    pub async fn open(state: &StateDir, agenda: &Agenda) -> Result<Self, QueueError> {
        let store = Rc::new(Store::open(state)?);
        match &agenda.settings().queue {
            QueueSpec::Embedded => Ok(Self::Embedded(store)),
            QueueSpec::JetStream(spec) => {
                Ok(Self::JetStream(store, Box::new(JetStream::connect(spec).await?)))
            }
        }
    }

    /// What was done on this machine, and for the embedded queue what waits too.
    pub fn store(&self) -> Rc<Store> {
        match self {
            Self::Embedded(store) | Self::JetStream(store, _) => Rc::clone(store),
        }
    }

    /// The server, if there is one.
    pub fn server(&self) -> Option<&JetStream> {
        match self {
            Self::Embedded(_) => None,
            Self::JetStream(_, server) => Some(server),
        }
    }

    /// Offers runs in this order and remembers how far the beat has come; see [`Store::offer`].
    ///
    /// # Errors
    /// When the database or the server refuses. With a server some may have been offered then: offering them again changes
    /// nothing.
    pub async fn offer(
        &self,
        agenda: &Agenda,
        asks: &[Ask],
        marks: &[(TaskName, Mark)],
        now: WallTime,
    ) -> Result<Vec<Offered>, QueueError> {
        match self {
            Self::Embedded(store) => Ok(store.offer(agenda, asks, marks, now)?),
            Self::JetStream(store, server) => server.offer(store, agenda, asks, marks, now).await,
        }
    }

    /// Takes a run out of the queue, or has it stopped.
    ///
    /// # Errors
    /// When the database or the server refuses.
    pub async fn cancel(&self, id: &RunId, reason: &str, now: WallTime) -> Result<Cancelled, QueueError> {
        match self {
            Self::Embedded(store) => Ok(store.cancel(id, reason, now)?),
            Self::JetStream(store, server) => match server.cancel(id, reason, now).await? {
                Cancelled::Unknown => Ok(match store.run(id)? {
                    Some(run) if run.state.has_ended() => Cancelled::Ended(run.state),
                    Some(_) | None => Cancelled::Unknown,
                }),
                cancelled => Ok(cancelled),
            },
        }
    }

    /// Takes many runs out at once; see [`Store::purge`]. Gives how many.
    ///
    /// # Errors
    /// When the database or the server refuses.
    pub async fn purge(
        &self,
        task: Option<&TaskName>,
        scope: Scope,
        now: WallTime,
    ) -> Result<usize, QueueError> {
        match (self, scope) {
            (Self::JetStream(_, server), Scope::Waiting) => Ok(server.purge(task, now).await?),
            (Self::Embedded(store), _) | (Self::JetStream(store, _), Scope::Ended) => {
                Ok(store.purge(task, scope, now)?)
            }
        }
    }

    /// What waits and works.
    ///
    /// # Errors
    /// When the database or the server refuses.
    pub async fn backlog(&self, agenda: &Agenda) -> Result<Vec<Backlog>, QueueError> {
        match self {
            Self::Embedded(store) => Ok(store.backlog()?),
            Self::JetStream(_, server) => Ok(server.backlog(agenda, wall()).await?),
        }
    }

    /// The runs that wait or work, the oldest first.
    ///
    /// # Errors
    /// When the database or the server refuses.
    pub async fn open_runs(&self) -> Result<Vec<Run>, QueueError> {
        match self {
            Self::Embedded(store) => {
                let states = vec![RunState::Waiting, RunState::Claimed];
                let mut runs = store.runs(&Filter { states, ..Filter::default() })?;
                runs.reverse();
                Ok(runs)
            }
            Self::JetStream(_, server) => Ok(server.open_runs().await?),
        }
    }

    /// Listens for the ends of a run on another machine. `None`: they are all in the database here.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn ends_of(&self, id: &RunId) -> Result<Option<EndNotices>, QueueError> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::JetStream(_, server) => Ok(Some(server.ends_of(id).await?)),
        }
    }

    pub(crate) async fn puller(&self, worker: &WorkerName) -> Result<Option<Puller>, QueueError> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::JetStream(_, server) => Ok(Some(server.puller(worker).await?)),
        }
    }

    pub(crate) async fn return_receipts(
        &self,
        worker: &WorkerName,
        receipts: &[String],
    ) -> Result<(), QueueError> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::JetStream(_, server) => Ok(server.return_receipts(worker, receipts).await?),
        }
    }

    /// Gives the server what follows from a run, however long it takes to reach it: the run is kept for so long.
    pub(crate) async fn follow_up(
        &self,
        agenda: &Agenda,
        run: &Run,
        outcome: &Outcome,
    ) -> Result<Option<WallTime>, QueueError> {
        let Self::JetStream(store, server) = self else { return Ok(None) };
        loop {
            match server.follow_up(store, agenda, run, outcome, wall()).await {
                Err(QueueError::JetStream(error)) => {
                    log(&format!("run {}: {error}; trying again in {AFTER_FAILURE:?}", run.id));
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
                result => return result,
            }
        }
    }

    pub(crate) async fn announce(&self, run: &Run, outcome: &Outcome, next: Option<WallTime>) {
        if let Self::JetStream(_, server) = self {
            server.announce(run, outcome, next.is_some()).await;
        }
    }
}

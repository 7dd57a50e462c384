//! The worker: takes runs out of the queue, has processes do them, and records how they ended.
//!
//! ```text
//!              ┌── bell, clock, server ──┐
//!              ▼                         │
//!  queue ─▶ a free slot ─▶ serve ─▶ perform: command or resident ─▶ finish ─▶ queue
//!                            ▲  patience: time-outs, orders to stop
//!  SIGTERM ─▶ drain ─────────┘
//! ```
//!
//! In reading order: this loop; [`serve`], a run from its claim to its end; [`slot`]; [`command`] and [`resident`], which do it;
//! [`patience`]; [`child`], a process; [`tail`], what it prints; [`run_folder`], its records; [`leftovers`].
//!
//! Invariants: one loop owns all; nothing polls; no process that it has started outlives it by more than the successor's begin.

mod child;
mod command;
mod leftovers;
mod patience;
mod resident;
mod run_folder;
mod serve;
mod slot;
mod tail;

use std::future::pending;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use std::{fmt, io};

use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use minder_core::agenda::Agenda;
use minder_core::ids::WorkerName;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::agenda_file::{self, AgendaFileError};
use crate::bell::Ear;
use crate::clock::wall;
use crate::jetstream::{Delivery, JetStreamError, Puller, StopNotice};
use crate::log::log;
use crate::process_identity::ProcessIdentity;
use crate::queue::{Queue, QueueError};
use crate::run::{Run, RunId};
use crate::state_dir::{Lock, StateDir};
use crate::store::{Claimed, Mode, Store, StoreError, WorkerRow};
use patience::Order;
use slot::Slot;

pub(crate) use command::rfc_3339;

/// How long to wait when the database refuses for a reason that may pass.
const STORE_PAUSE: Duration = Duration::from_secs(3);

/// Why a worker could not go on. Whoever started it starts it again.
#[derive(Debug)]
pub enum WorkerError {
    /// It has no agenda.
    Agenda(AgendaFileError),
    /// The agenda has no such worker.
    NoSuchWorker(WorkerName),
    /// There is one already.
    Busy(WorkerName),
    /// The system refused: what, and why.
    Io(PathBuf, io::Error),
    /// The queue refused.
    Store(StoreError),
    /// The server of the queue refused.
    JetStream(JetStreamError),
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agenda(error) => error.fmt(f),
            Self::NoSuchWorker(name) => write!(f, "the agenda has no worker `{name}`"),
            Self::Busy(name) => write!(f, "another process is worker `{name}` already"),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Store(error) => error.fmt(f),
            Self::JetStream(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WorkerError {}

impl From<StoreError> for WorkerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<QueueError> for WorkerError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Store(error) => Self::Store(error),
            QueueError::JetStream(error) => Self::JetStream(error),
        }
    }
}

/// What a run is served with.
pub(crate) struct Context {
    pub(crate) worker: WorkerName,
    pub(crate) agenda: Agenda,
    pub(crate) state: StateDir,
    pub(crate) queue: Queue,
    pub(crate) store: Rc<Store>,
}

/// Is the worker of this name on this state, until SIGTERM or SIGINT: then it ends what it has begun, and takes nothing new; at
/// the second it gives back what it has not ended. In an event loop of one thread, which must be the process's first.
///
/// # Errors
/// When it cannot begin or go on. What it had claimed is given back when the next one of its name begins.
pub async fn run(state: &StateDir, name: &WorkerName, agenda_hash: &str) -> Result<(), WorkerError> {
    let here = std::path::absolute(state.path());
    let state = StateDir::new(here.map_err(|error| WorkerError::Io(state.path().to_owned(), error))?);
    let agenda = agenda_file::read(&state, agenda_hash).map_err(WorkerError::Agenda)?;
    let spec = agenda.worker(name).ok_or_else(|| WorkerError::NoSuchWorker(name.clone()))?;
    let at_once = spec.at_once.unwrap_or_else(processors);
    let io = |error| WorkerError::Io(state.path().to_owned(), error);
    let lock = state.lock_of_worker(name).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => WorkerError::Busy(name.clone()),
        _ => io(error),
    })?;
    let terminate = signal(SignalKind::terminate()).map_err(io)?;
    let interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let queue = Queue::open(&state, &agenda).await?;
    let store = queue.store();
    let ear = Ear::new(&state.bell()).map_err(io)?;
    give_back(&queue, &state, name).await?;
    take_over(&queue, &state, &agenda).await?;
    let process = ProcessIdentity::own().map_err(io)?;
    let predecessor = store.worker(name)?;
    let row = WorkerRow {
        name: name.clone(),
        died: predecessor.and_then(|predecessor| predecessor.last_death(&process, wall())),
        process,
        agenda: agenda_hash.to_owned(),
        at_once,
        since: wall(),
        mode: Mode::Working,
    };
    store.enter(&row)?;
    let puller = queue.puller(name).await?;
    log(&format!("worker {name}: {at_once} at once, agenda {agenda_hash}"));
    let worker = Worker {
        idle: (0..at_once.get()).rev().map(Slot::new).collect(),
        context: Rc::new(Context { worker: name.clone(), agenda, state, queue, store }),
        row,
        running: FuturesUnordered::new(),
        at_work: Vec::new(),
        puller,
        pulling: None,
        ear,
        signals: Signals { terminate, interrupt },
        _lock: lock,
    };
    worker.work().await
}

fn processors() -> NonZeroU32 {
    let count = std::thread::available_parallelism().ok().and_then(|count| u32::try_from(count.get()).ok());
    count.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

/// What a predecessor has left when it died: processes end, then what it had claimed waits again.
async fn give_back(queue: &Queue, state: &StateDir, name: &WorkerName) -> Result<(), WorkerError> {
    let store = queue.store();
    let orphans = store.orphans(name)?;
    let runs: Vec<Run> = orphans.iter().map(|orphan| orphan.run.clone()).collect();
    let killed = leftovers::kill(&runs, state, name);
    if killed > 0 {
        log(&format!("worker {name}: killed {killed} processes that its predecessor had left"));
    }
    if runs.is_empty() {
        return Ok(());
    }
    for run in &runs {
        run_folder::forget(state, run);
    }
    let receipts: Vec<String> = orphans.into_iter().filter_map(|orphan| orphan.receipt).collect();
    store.give_back(name, wall())?;
    queue.return_receipts(name, &receipts).await?;
    log(&format!("worker {name}: gave back {} runs that its predecessor had begun", runs.len()));
    Ok(())
}

/// What waits for, or is left by, workers that the agenda before this one had.
async fn take_over(queue: &Queue, state: &StateDir, agenda: &Agenda) -> Result<(), WorkerError> {
    let store = queue.store();
    for departed in store.departed(agenda)? {
        // Whoever has its lock is that worker, even if it has not said so yet.
        if let Ok(_lock) = state.lock_of_worker(&departed) {
            give_back(queue, state, &departed).await?;
        }
    }
    store.settle(agenda, wall())?;
    Ok(())
}

struct Worker {
    context: Rc<Context>,
    row: WorkerRow,
    idle: Vec<Slot>,
    running: FuturesUnordered<LocalBoxFuture<'static, Served>>,
    at_work: Vec<AtWork>,
    puller: Option<Puller>,
    /// Waits for the server; it has a free slot kept for what comes.
    pulling: Option<LocalBoxFuture<'static, Result<Option<Delivery>, JetStreamError>>>,
    ear: Ear,
    signals: Signals,
    _lock: Lock,
}

/// A slot that is free again, the run that was in it, and whether its end could be recorded.
type Served = (Slot, RunId, Result<(), WorkerError>);

/// A run in a slot.
struct AtWork {
    run: Run,
    orders: watch::Sender<Order>,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Worker {
    async fn work(mut self) -> Result<(), WorkerError> {
        loop {
            self.stop_unwanted()?;
            let wait = self.fill()?;
            if self.row.mode == Mode::Draining && self.running.is_empty() {
                break;
            }
            tokio::select! {
                Some((slot, id, ended)) = self.running.next() => {
                    self.at_work.retain(|work| work.run.id != id);
                    self.idle.push(slot);
                    ended?;
                }
                () = self.signals.come() => self.told_to_end()?,
                heard = self.ear.heard() => {
                    heard.map_err(|error| WorkerError::Io(self.context.state.bell(), error))?;
                }
                notice = next_stop(&mut self.puller) => self.obey(&notice),
                delivery = pulled(&mut self.pulling) => {
                    self.pulling = None;
                    self.take(delivery.map_err(WorkerError::JetStream)?)?;
                }
                () = after(wait) => {}
                () = slot::idle(&mut self.idle) => {}
            }
        }
        log(&format!("worker {}: ends", self.row.name));
        futures_util::future::join_all(self.idle.into_iter().map(Slot::end)).await;
        Ok(())
    }

    /// Gives every free slot a run, as long as there are any. Says when to look again, if nothing happens before.
    fn fill(&mut self) -> Result<Option<Duration>, WorkerError> {
        if self.row.mode == Mode::Draining {
            return Ok(None);
        }
        if let Some(puller) = &self.puller {
            if self.pulling.is_none() && !self.idle.is_empty() {
                self.pulling = Some(puller.pull());
            }
            return Ok(None);
        }
        while let Some(slot) = self.idle.last() {
            let Context { store, agenda, .. } = &*self.context;
            match store.claim(agenda, &self.row.name, slot.number, wall()) {
                Ok(Claimed::None(wait)) => return Ok(wait),
                Ok(Claimed::Run(run)) => self.begin(*run, None),
                // What works goes on meanwhile.
                Err(error) if error.may_pass() => {
                    log(&format!("worker {}: {error}; trying again in {STORE_PAUSE:?}", self.row.name));
                    return Ok(Some(STORE_PAUSE));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Begins with what the server has sent.
    fn take(&mut self, delivery: Option<Delivery>) -> Result<(), WorkerError> {
        let Some(delivery) = delivery else { return Ok(()) };
        let Some(slot) = self.idle.last() else { return Ok(()) };
        if self.at_work.iter().any(|work| work.run.id == delivery.run().id) {
            // The server has not heard of us for too long; it will, before it gives the run out once more.
            return Ok(());
        }
        let Context { store, .. } = &*self.context;
        match store.claim_this(delivery.run(), slot.number, delivery.receipt(), wall()) {
            Ok(Some(run)) => self.begin(run, Some(delivery)),
            Ok(None) => {
                // It has ended here before, and what followed from it was seen to before that was recorded.
                tokio::task::spawn_local(async move { delivery.ack().await });
            }
            Err(error) if error.may_pass() => {
                log(&format!("worker {}: {error}; trying again in {STORE_PAUSE:?}", self.row.name));
                // It stays ours: given back it would come again at once, and count as given to a worker.
                self.pulling = Some(Box::pin(async move {
                    delivery.still_ours().await;
                    tokio::time::sleep(STORE_PAUSE).await;
                    Ok(Some(delivery))
                }));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn begin(&mut self, run: Run, delivery: Option<Delivery>) {
        let Some(mut slot) = self.idle.pop() else { return };
        let (orders, receiver) = watch::channel(Order::GoOn);
        self.at_work.push(AtWork { run: run.clone(), orders });
        let context = Rc::clone(&self.context);
        self.running.push(Box::pin(async move {
            let ended = serve::serve(&mut slot, &context, &run, delivery, receiver).await;
            (slot, run.id, ended)
        }));
    }

    /// Tells the runs that are cancelled or replaced.
    fn stop_unwanted(&mut self) -> Result<(), WorkerError> {
        if self.at_work.is_empty() {
            return Ok(());
        }
        for stop in self.context.store.stops(&self.row.name)? {
            for work in self.at_work.iter().filter(|work| work.run.id == stop.id) {
                stop_once(&work.orders, &stop.reason);
            }
        }
        Ok(())
    }

    fn obey(&mut self, notice: &StopNotice) {
        for work in self.at_work.iter().filter(|work| notice.concerns(&work.run)) {
            stop_once(&work.orders, notice.reason());
        }
    }

    fn told_to_end(&mut self) -> Result<(), WorkerError> {
        match self.row.mode {
            Mode::Working => {
                log(&format!(
                    "worker {}: ends what it has begun, {} runs, and takes no more",
                    self.row.name,
                    self.at_work.len()
                ));
                self.row.mode = Mode::Draining;
                self.pulling = None;
                // Who asks hears less of us for that, and nothing else.
                match self.context.store.enter(&self.row) {
                    Err(error) if error.may_pass() => log(&format!("worker {}: {error}", self.row.name)),
                    entered => entered?,
                }
            }
            Mode::Draining => {
                log(&format!("worker {}: gives back {} runs", self.row.name, self.at_work.len()));
                for work in &self.at_work {
                    let _ = work.orders.send(Order::GiveBack);
                }
            }
        }
        Ok(())
    }
}

fn stop_once(orders: &watch::Sender<Order>, reason: &str) {
    orders.send_if_modified(|order| {
        let is_new = *order == Order::GoOn;
        if is_new {
            *order = Order::Stop(reason.to_owned());
        }
        is_new
    });
}

/// Never, without a time.
async fn after(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => pending().await,
    }
}

async fn pulled(
    pulling: &mut Option<LocalBoxFuture<'static, Result<Option<Delivery>, JetStreamError>>>,
) -> Result<Option<Delivery>, JetStreamError> {
    match pulling {
        Some(pulling) => pulling.await,
        None => pending().await,
    }
}

async fn next_stop(puller: &mut Option<Puller>) -> StopNotice {
    match puller {
        Some(puller) => puller.next_stop().await,
        None => pending().await,
    }
}

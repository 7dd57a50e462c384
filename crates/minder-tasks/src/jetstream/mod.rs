//! The queue for workers on more than one machine: a work-queue stream of a NATS server.
//!
//! ```text
//!  STREAM.work.WORKER.TASK   a run that waits or works, until it is acknowledged      the stream
//!  STREAM.stop               runs that are to stop                                    heard by all who are there
//!  STREAM.ended.RUN          how a run ended                                          for who waits for it
//! ```
//!
//! What was done on a machine is remembered there, in its own `queue.db`; what waits is with the server alone. In reading order:
//! [`message`], a run on its way; [`publish`], what goes into the stream; [`puller`], what comes out of it; [`entries`], what is in it; [`control`], what people
//! ask about it.

mod control;
mod entries;
mod message;
mod publish;
mod puller;

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};
use minder_core::agenda::JetStreamSpec;
use minder_core::ids::{TaskName, WorkerName};

use crate::state_dir::file_name;

pub use control::{EndNotice, EndNotices};
pub(crate) use puller::{Delivery, Puller, StopNotice};

/// A run of which nobody has heard for so long is given to another worker. Who does it says each third of that that it does.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// For so long the server knows what it was given, and takes nothing twice.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(3600);

/// How long a server that may be gone is waited for before it is left.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// The server, and the stream of one agenda there.
#[derive(Clone, Debug)]
pub struct JetStream {
    client: async_nats::Client,
    context: Context,
    stream: Stream,
    name: String,
}

/// What the server, or the way to it, did not let us do.
#[derive(Debug)]
pub struct JetStreamError {
    what: &'static str,
    source: async_nats::Error,
}

impl fmt::Display for JetStreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NATS: cannot {}: {}", self.what, self.source)?;
        let mut source = self.source.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for JetStreamError {}

/// To be said of whatever goes wrong there.
fn cannot<E: Into<async_nats::Error>>(what: &'static str) -> impl FnOnce(E) -> JetStreamError {
    move |error| JetStreamError { what, source: error.into() }
}

impl JetStream {
    /// Connects, and makes the stream if there is none.
    ///
    /// # Errors
    /// When the server cannot be reached, does not let us in, or has a stream of that name that is not of our kind.
    pub async fn connect(spec: &JetStreamSpec) -> Result<Self, JetStreamError> {
        let mut options = async_nats::ConnectOptions::new().name("minder");
        if let Some(file) = &spec.credentials {
            use std::os::unix::ffi::OsStrExt as _;
            let path = std::path::Path::new(std::ffi::OsStr::from_bytes(file.as_bytes()));
            options = options.credentials_file(path).await.map_err(cannot("read the credentials"))?;
        }
        let servers: Vec<&str> = spec.servers.split(',').map(str::trim).collect();
        let client = options.connect(servers).await.map_err(cannot("connect"))?;
        let context = jetstream::new(client.clone());
        let name = spec.stream.to_string();
        let stream = open(&context, &name).await?;
        Ok(Self { client, context, stream, name })
    }

    /// Has what was said arrive before this process ends, if it can arrive at all.
    async fn flush(&self) {
        let _ = tokio::time::timeout(FLUSH_PATIENCE, self.client.flush()).await;
    }

    fn subject(&self, worker: &WorkerName, task: &TaskName) -> String {
        format!("{}.work.{}.{}", self.name, file_name(worker.as_str()), file_name(task.as_str()))
    }

    /// All of a worker.
    fn subjects(&self, worker: &WorkerName) -> String {
        format!("{}.work.{}.>", self.name, file_name(worker.as_str()))
    }

    fn stop_subject(&self) -> String {
        format!("{}.stop", self.name)
    }

    fn ended_subject(&self, id: &crate::run::RunId) -> String {
        format!("{}.ended.{}", self.name, file_name(id.as_str()))
    }

    /// Where the server keeps who has what of a worker's runs. One that is there stays as it is.
    async fn consumer(&self, worker: &WorkerName) -> Result<PullConsumer, JetStreamError> {
        let name = file_name(worker.as_str());
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: self.subjects(worker),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_deliver: -1,
            // What waits for its retry counts too, and must not keep others from being given out.
            max_ack_pending: -1,
            ..pull::Config::default()
        };
        self.stream.get_or_create_consumer(&name, config).await.map_err(cannot("ask for a worker's runs"))
    }
}

async fn open(context: &Context, name: &str) -> Result<Stream, JetStreamError> {
    let config = Config {
        name: name.to_owned(),
        subjects: vec![format!("{name}.work.>")],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        duplicate_window: DUPLICATE_WINDOW,
        ..Config::default()
    };
    let stream = context.get_or_create_stream(config).await.map_err(cannot("open the stream"))?;
    if stream.cached_info().config.retention != RetentionPolicy::WorkQueue {
        let found = format!("the stream {name} is there, and is no work queue");
        return Err(JetStreamError { what: "open the stream", source: found.into() });
    }
    Ok(stream)
}

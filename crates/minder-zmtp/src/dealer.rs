//! DEALER: asks one ROUTER, and hears its answers.
//!
//! ```text
//! send ─▶ Outbox (bounded; waits for a connection) ─▶ connection ─(room for one message)─▶ recv
//! ```

use std::fmt;
use std::rc::Rc;

use tokio::sync::mpsc;

use crate::Message;
use crate::client::{ConnectError, definite, keep_connected};
use crate::command::IDENTITY_BYTES_MAX;
use crate::connection::{Connection, Incoming, Role};
use crate::endpoint::Endpoint;
use crate::error::End;
use crate::frame::encode_message;
use crate::outbox::{Full, Outbox};
use crate::server::Task;

/// A DEALER socket with one server. It connects in the background, again and again if need be. Dropping it closes the
/// connection, with whatever is not sent yet.
#[derive(Debug)]
pub struct Dealer {
    outbox: Rc<Outbox>,
    inbox: mpsc::Receiver<Message>,
    _connection: Task,
}

/// So much is queued already that a message was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QueueFull;

impl fmt::Display for QueueFull {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "too much is queued for a server that does not take it")
    }
}

impl std::error::Error for QueueFull {}

impl Dealer {
    /// Makes a socket, which begins to connect. To be called on a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Errors
    /// When the endpoint is one to listen on only, or the identity none that a client may have. Whether somebody
    /// listens is no question here.
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub fn connect(endpoint: Endpoint, identity: Option<&[u8]>) -> Result<Dealer, ConnectError> {
        let endpoint = definite(endpoint)?;
        let identity = match identity {
            None => Vec::new(),
            Some(id) if id.len() <= IDENTITY_BYTES_MAX && id.first().is_some_and(|first| *first != 0) => {
                id.to_vec()
            }
            Some(id) => return Err(ConnectError::Identity(id.to_vec())),
        };
        let (sender, inbox) = mpsc::channel(1);
        let outbox = Rc::<Outbox>::default();
        let queued = outbox.clone();
        let work = keep_connected(endpoint, Role::Dealer, identity, async move |connection| {
            queued.rewind();
            talk(connection, &queued, &sender).await
        });
        Ok(Dealer { outbox, inbox, _connection: Task::start(work) })
    }

    /// Queues a message, without waiting. It is sent when there is a connection; what was sent to a server that went
    /// before it read is lost. A message of no frames is not sent.
    ///
    /// # Errors
    /// When [`Bounds::queued_messages`](crate::Bounds::queued_messages) messages or
    /// [`Bounds::queued_bytes`](crate::Bounds::queued_bytes) bytes are queued already.
    pub fn send<F: AsRef<[u8]>>(&self, frames: &[F]) -> Result<(), QueueFull> {
        self.outbox.push(encode_message(frames)).map_err(|Full| QueueFull)
    }

    /// The next message. Cancel safe.
    pub async fn recv(&mut self) -> Message {
        match self.inbox.recv().await {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }

    /// Waits until the kernel has everything that was queued, which needs a server. Cancel safe.
    pub async fn flushed(&self) {
        self.outbox.emptied().await;
    }
}

async fn talk(mut connection: Connection, outbox: &Outbox, inbox: &mpsc::Sender<Message>) -> Result<(), End> {
    loop {
        match connection.next(outbox).await? {
            Incoming::Message(message) => connection.deliver(message, inbox, outbox).await?,
            Incoming::Subscribe(_) | Incoming::Cancel(_) => {}
        }
    }
}

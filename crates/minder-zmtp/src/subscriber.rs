//! SUB: hears what one PUB says about some topics.
//!
//! ```text
//! subscribe, unsubscribe ─▶ Wanted ─(what differs from what was asked for)─▶ connection
//! recv ◀─(room for one message)─ connection
//! ```

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use tokio::sync::{Notify, mpsc};

use crate::Message;
use crate::client::{ConnectError, definite, keep_connected};
use crate::connection::{Connection, Incoming, Role};
use crate::endpoint::Endpoint;
use crate::error::End;
use crate::outbox::Outbox;
use crate::server::Task;

/// A SUB socket with one publisher. It connects in the background, again and again if need be, and asks each time for
/// everything it wants. Dropping it closes the connection.
#[derive(Debug)]
pub struct Subscriber {
    wanted: Rc<Wanted>,
    inbox: mpsc::Receiver<Message>,
    _connection: Task,
}

#[derive(Debug, Default)]
struct Wanted {
    topics: RefCell<Topics>,
    changed: Notify,
}

type Topics = BTreeSet<Vec<u8>>;

impl Subscriber {
    /// Makes a socket, which begins to connect. It hears messages whose first frame begins with one of the topics; an
    /// empty topic wants everything. To be called on a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Errors
    /// When the endpoint is one to listen on only. Whether somebody listens is no question here.
    ///
    /// # Panics
    /// Outside of a `LocalSet`.
    pub fn connect<T: AsRef<[u8]>>(
        endpoint: Endpoint,
        topics: impl IntoIterator<Item = T>,
    ) -> Result<Subscriber, ConnectError> {
        let endpoint = definite(endpoint)?;
        let topics: Topics = topics.into_iter().map(|topic| topic.as_ref().to_vec()).collect();
        let wanted = Rc::new(Wanted { topics: RefCell::new(topics), changed: Notify::new() });
        let (sender, inbox) = mpsc::channel(1);
        let asked_for = wanted.clone();
        let work = keep_connected(endpoint, Role::Subscriber, Vec::new(), async move |connection| {
            listen(connection, &asked_for, &sender).await
        });
        Ok(Subscriber { wanted, inbox, _connection: Task::start(work) })
    }

    /// Wants messages whose first frame begins so. To want the same twice is to want it once.
    pub fn subscribe(&self, topic: &[u8]) {
        self.wanted.topics.borrow_mut().insert(topic.to_vec());
        self.wanted.changed.notify_one();
    }

    /// Wants them no longer. What was sent before may still come.
    pub fn unsubscribe(&self, topic: &[u8]) {
        self.wanted.topics.borrow_mut().remove(topic);
        self.wanted.changed.notify_one();
    }

    /// The next message. Cancel safe.
    pub async fn recv(&mut self) -> Message {
        match self.inbox.recv().await {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }
}

async fn listen(
    mut connection: Connection,
    wanted: &Wanted,
    inbox: &mpsc::Sender<Message>,
) -> Result<(), End> {
    let nothing = Outbox::default();
    let mut asked_for = Topics::new();
    loop {
        let topics = wanted.topics.borrow().clone();
        asked_for.difference(&topics).for_each(|topic| connection.cancel(topic));
        topics.difference(&asked_for).for_each(|topic| connection.subscribe(topic));
        asked_for = topics;
        loop {
            let incoming = tokio::select! {
                incoming = connection.next(&nothing) => incoming?,
                () = wanted.changed.notified() => break,
            };
            match incoming {
                Incoming::Message(message) => connection.deliver(message, inbox, &nothing).await?,
                Incoming::Subscribe(_) | Incoming::Cancel(_) => {}
            }
        }
    }
}

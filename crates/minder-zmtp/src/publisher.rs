//! PUB: tells everybody what they asked for, and waits for nobody.
//!
//! ```text
//! Listener ─▶ connection (a task each) ─SUBSCRIBE, CANCEL─▶ Hall: what each subscriber wants
//!                   ▲                                         │            │
//!                   └── Outbox (bounded, else lost) ◀── publish(frames)    └─▶ Subscriptions: is anybody there?
//! ```

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::watch;

use crate::bounds::Bounds;
use crate::connection::{Connection, Incoming, Role};
use crate::error::End;
use crate::frame::encode_message;
use crate::listener::Listener;
use crate::outbox::{Full, Outbox};
use crate::pool::Pool;
use crate::server::{Acquaintance, Task, serve};
use crate::stream::Stream;

/// How many topics a subscriber may have. One that wants more is cut off.
pub const TOPICS_MAX: usize = 4096;
/// How many bytes the topics of a subscriber may have together. One that wants more is cut off.
pub const TOPIC_BYTES_MAX: usize = 256 << 10;

/// A PUB socket. Dropping it closes its listeners and connections.
#[derive(Debug)]
pub struct Publisher {
    hall: Rc<Hall>,
    _listeners: Vec<Task>,
}

impl Publisher {
    /// Serves listeners, whose peers may take so much. To be called on a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Panics
    /// Outside of one.
    #[must_use]
    pub fn new(listeners: impl IntoIterator<Item = Listener>, bounds: Bounds) -> Publisher {
        let hall = Rc::new(Hall::new(bounds));
        let entered = hall.clone();
        let listeners = serve(listeners, bounds.peers, move |stream, acquaintance| {
            peer(stream, acquaintance, entered.clone())
        });
        Publisher { hall, _listeners: listeners }
    }

    /// Sends a message to all who want its first frame, without waiting. A subscriber for whom
    /// [`Bounds::queued_messages`] messages or [`Bounds::queued_bytes`] bytes are queued already does not get it. A message of no frames is not sent.
    pub fn publish<F: AsRef<[u8]>>(&self, frames: &[F]) {
        let Some(first) = frames.first() else { return };
        let mut encoded = None;
        for subscriber in self.hall.subscribers.borrow().values() {
            if subscriber.topics.borrow().want(first.as_ref()) {
                let message = encoded.get_or_insert_with(|| encode_message(frames)).clone();
                match subscriber.outbox.push(message) {
                    // Whoever is slow loses messages, and not the others' time.
                    Ok(()) | Err(Full) => {}
                }
            }
        }
    }

    /// What is wanted, for those who need not measure what nobody wants.
    #[must_use]
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions { seen: self.hall.changes.subscribe(), hall: self.hall.clone() }
    }

    /// Whether there is any subscription; see [`Subscriptions::has_subscribers`].
    #[must_use]
    pub fn has_subscribers(&self) -> bool {
        self.hall.has_subscribers()
    }

    /// Whether somebody would get a message with this first frame.
    #[must_use]
    pub fn is_subscribed(&self, first: &[u8]) -> bool {
        self.hall.is_subscribed(first)
    }

    /// Waits until the kernel has everything that was queued before. A subscriber that does not read delays it until
    /// it goes, so a process that wants to end puts a time limit on it. Cancel safe.
    pub async fn flushed(&self) {
        let everybody: Vec<Rc<Subscriber>> = self.hall.subscribers.borrow().values().cloned().collect();
        for subscriber in everybody {
            subscriber.outbox.emptied().await;
        }
    }
}

/// What is wanted of a [`Publisher`], and word of its changes.
#[derive(Clone, Debug)]
pub struct Subscriptions {
    hall: Rc<Hall>,
    seen: watch::Receiver<()>,
}

impl Subscriptions {
    /// Whether there is any subscription. A connection that has none does not count.
    #[must_use]
    pub fn has_subscribers(&self) -> bool {
        self.hall.has_subscribers()
    }

    /// Whether somebody would get a message with this first frame.
    #[must_use]
    pub fn is_subscribed(&self, first: &[u8]) -> bool {
        self.hall.is_subscribed(first)
    }

    /// Waits until something has been subscribed to or cancelled since this was last waited for, or since the handle
    /// was made. Cancel safe.
    pub async fn changed(&mut self) {
        // The hall, which this handle keeps, has the other end.
        if self.seen.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Who is there.
#[derive(Debug)]
struct Hall {
    bounds: Bounds,
    subscribers: RefCell<BTreeMap<u64, Rc<Subscriber>>>,
    /// How many have ever come.
    entered: Cell<u64>,
    changes: watch::Sender<()>,
    pool: Pool,
}

#[derive(Debug)]
struct Subscriber {
    topics: RefCell<Topics>,
    outbox: Outbox,
}

/// What one subscriber wants: everything that begins with one of these.
#[derive(Debug, Default)]
struct Topics {
    prefixes: BTreeSet<Bytes>,
    /// How many bytes they have together.
    bytes: usize,
}

impl Hall {
    fn new(bounds: Bounds) -> Hall {
        Hall {
            bounds,
            subscribers: RefCell::default(),
            entered: Cell::default(),
            changes: watch::Sender::new(()),
            pool: Pool::default(),
        }
    }

    fn has_subscribers(&self) -> bool {
        self.subscribers.borrow().values().any(|subscriber| !subscriber.topics.borrow().prefixes.is_empty())
    }

    fn is_subscribed(&self, first: &[u8]) -> bool {
        self.subscribers.borrow().values().any(|subscriber| subscriber.topics.borrow().want(first))
    }
}

impl Topics {
    fn want(&self, first: &[u8]) -> bool {
        self.prefixes.iter().any(|prefix| first.starts_with(prefix))
    }

    fn add(&mut self, topic: &[u8]) -> Result<(), Full> {
        if self.prefixes.contains(topic) {
            return Ok(());
        }
        if self.prefixes.len() == TOPICS_MAX || self.bytes + topic.len() > TOPIC_BYTES_MAX {
            return Err(Full);
        }
        self.bytes += topic.len();
        // A copy, because it outlives the buffer that it came in.
        self.prefixes.insert(Bytes::copy_from_slice(topic));
        Ok(())
    }

    fn remove(&mut self, topic: &[u8]) {
        if self.prefixes.remove(topic) {
            self.bytes -= topic.len();
        }
    }
}

/// A place in the hall, given up when this is dropped.
struct Place<'a> {
    hall: &'a Hall,
    number: u64,
    subscriber: Rc<Subscriber>,
}

impl Place<'_> {
    fn new(hall: &Hall) -> Place<'_> {
        let number = hall.entered.get();
        hall.entered.set(number + 1);
        let outbox = Outbox::new(&hall.bounds);
        let subscriber = Rc::new(Subscriber { topics: RefCell::default(), outbox });
        hall.subscribers.borrow_mut().insert(number, subscriber.clone());
        Place { hall, number, subscriber }
    }

    fn subscribe(&self, topic: &[u8]) -> Result<(), End> {
        self.subscriber.topics.borrow_mut().add(topic).map_err(|Full| End::Shut)?;
        self.hall.changes.send_replace(());
        Ok(())
    }

    /// Before ZMTP 3.1 subscriptions are messages, marked by their first byte. Others mean nothing to a PUB.
    fn message(&self, body: &[u8]) -> Result<(), End> {
        match body.split_first() {
            Some((1, topic)) => self.subscribe(topic)?,
            Some((0, topic)) => self.cancel(topic),
            Some(_) | None => {}
        }
        Ok(())
    }

    fn cancel(&self, topic: &[u8]) {
        self.subscriber.topics.borrow_mut().remove(topic);
        self.hall.changes.send_replace(());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.hall.subscribers.borrow_mut().remove(&self.number);
        self.subscriber.outbox.shut();
        self.hall.changes.send_replace(());
    }
}

/// The life of one connection.
async fn peer(stream: Stream, acquaintance: Acquaintance, hall: Rc<Hall>) -> Result<(), End> {
    let mut connection = Connection::open(stream, Role::Publisher, &[], &hall.pool, &hall.bounds).await?;
    let place = Place::new(&hall);
    loop {
        match connection.next(&place.subscriber.outbox).await? {
            Incoming::Subscribe(topic) => {
                place.subscribe(&topic)?;
                acquaintance.make();
            }
            Incoming::Cancel(topic) => place.cancel(&topic),
            Incoming::Message(message) => {
                if let [only] = message.as_slice() {
                    place.message(only)?;
                    acquaintance.make();
                }
            }
        }
    }
}

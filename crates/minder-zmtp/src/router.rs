//! ROUTER: hears many peers, and answers each by its name.
//!
//! ```text
//! Listener ─▶ connection (a task each) ─(room for one message)─▶ Router::recv ─▶ (Peer, Message)
//!                   ▲                                                              │
//!                   └── Outbox (bounded) ◀── Registry, by name ◀── Replies::send ◀─┘
//! ```
//!
//! Peers are heard in turn, because they queue for the one place in the inbox, so one that floods does not keep the
//! others from being heard.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use crate::Message;
use crate::bounds::Bounds;
use crate::connection::{Connection, Incoming, Role};
use crate::error::End;
use crate::frame::encode_message;
use crate::listener::Listener;
use crate::outbox::Outbox;
use crate::pool::Pool;
use crate::server::{Acquaintance, Task, serve};
use crate::stream::Stream;

/// The name of a peer: its identity if it gave one, or else five bytes of our own, the first of which is zero.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Peer(Bytes);

impl Peer {
    /// The name, as libzmq gives it in front of a message.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Peer({})", self.0.escape_ascii())
    }
}

/// What became of a message to a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It is queued, and sent as soon as the peer takes it.
    Queued,
    /// There is no such peer, or no longer; the message is gone.
    Unknown,
    /// The peer does not take what is queued for it. It was cut off, and everything queued is gone.
    CutOff,
}

/// A ROUTER socket. A peer whose identity another one has already is not heard before that one has gone. Dropping it closes its listeners and connections.
#[derive(Debug)]
pub struct Router {
    inbox: mpsc::Receiver<(Peer, Message)>,
    replies: Replies,
    _listeners: Vec<Task>,
}

impl Router {
    /// Serves listeners, whose peers may take so much. To be called on a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Panics
    /// Outside of one.
    #[must_use]
    pub fn new(listeners: impl IntoIterator<Item = Listener>, bounds: Bounds) -> Router {
        let (sender, inbox) = mpsc::channel(1);
        let registry = Rc::new(Registry { bounds, ..Registry::default() });
        let heard = registry.clone();
        let listeners = serve(listeners, bounds.peers, move |stream, acquaintance| {
            peer(stream, acquaintance, heard.clone(), sender.clone())
        });
        Router { inbox, replies: Replies(registry), _listeners: listeners }
    }

    /// The next message, and who sent it. Cancel safe. Without listeners it waits for ever.
    pub async fn recv(&mut self) -> (Peer, Message) {
        match self.inbox.recv().await {
            Some(received) => received,
            None => std::future::pending().await,
        }
    }

    /// Sends a message to a peer; see [`Replies::send`].
    pub fn send<F: AsRef<[u8]>>(&self, peer: &Peer, frames: &[F]) -> Sent {
        self.replies.send(peer, frames)
    }

    /// A way to answer from elsewhere, later.
    #[must_use]
    pub fn replies(&self) -> Replies {
        self.replies.clone()
    }
}

/// The sending half of a [`Router`], for as many tasks as want it.
#[derive(Clone, Debug)]
pub struct Replies(Rc<Registry>);

impl Replies {
    /// Sends a message to a peer, without waiting. For each peer at most [`Bounds::queued_messages`] messages and
    /// [`Bounds::queued_bytes`] bytes are queued; a peer that lets more pile up is cut off. From
    /// half of that on it is not heard, so one that asks a lot before it reads is slowed down and not cut off, as long
    /// as each question has one answer. A message of no frames is not sent.
    pub fn send<F: AsRef<[u8]>>(&self, peer: &Peer, frames: &[F]) -> Sent {
        let peers = self.0.peers.borrow();
        let Some(outbox) = peers.get(&peer.0).filter(|outbox| !outbox.is_shut()) else {
            return Sent::Unknown;
        };
        if outbox.push(encode_message(frames)).is_ok() {
            return Sent::Queued;
        }
        outbox.shut();
        Sent::CutOff
    }

    /// Waits until the kernel has everything that was queued before. A peer that does not read delays it until it is
    /// cut off or goes, so a process that wants to end puts a time limit on it. Cancel safe.
    pub async fn flushed(&self) {
        let outboxes: Vec<Rc<Outbox>> = self.0.peers.borrow().values().cloned().collect();
        for outbox in outboxes {
            outbox.emptied().await;
        }
    }
}

/// Who is there.
#[derive(Debug, Default)]
struct Registry {
    bounds: Bounds,
    peers: RefCell<HashMap<Bytes, Rc<Outbox>>>,
    /// The number in the last name that was generated.
    generated: Cell<u32>,
    /// Rings when a name has become free.
    freed: Notify,
    pool: Pool,
}

/// A name in the registry, free again when this is dropped.
struct Place<'a> {
    registry: &'a Registry,
    id: Bytes,
    outbox: Rc<Outbox>,
}

impl Registry {
    /// Enters a peer, unless its identity is taken.
    fn enter(&self, identity: &Bytes) -> Option<Place<'_>> {
        let id = if identity.is_empty() { self.generate() } else { identity.clone() };
        match self.peers.borrow_mut().entry(id.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => {
                let outbox = Rc::new(Outbox::new(&self.bounds));
                vacant.insert(outbox.clone());
                Some(Place { registry: self, id, outbox })
            }
        }
    }

    /// A name that nobody has. Identities may look like ours, though they should not.
    fn generate(&self) -> Bytes {
        loop {
            let number = self.generated.get().wrapping_add(1);
            self.generated.set(number);
            let id = [&[0], &number.to_be_bytes()[..]].concat();
            if !self.peers.borrow().contains_key(&id[..]) {
                return Bytes::from(id);
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.registry.peers.borrow_mut().remove(&self.id);
        self.outbox.shut();
        self.registry.freed.notify_waiters();
    }
}

/// The life of one connection.
async fn peer(
    stream: Stream,
    acquaintance: Acquaintance,
    registry: Rc<Registry>,
    inbox: mpsc::Sender<(Peer, Message)>,
) -> Result<(), End> {
    let mut connection =
        Connection::open(stream, Role::Router, &[], &registry.pool, &registry.bounds).await?;
    let place = entered(&mut connection, &registry).await?;
    let name = Peer(place.id.clone());
    loop {
        match connection.next(&place.outbox).await? {
            Incoming::Message(message) => {
                acquaintance.make();
                connection.deliver((name.clone(), message), &inbox, &place.outbox).await?;
            }
            Incoming::Subscribe(_) | Incoming::Cancel(_) => {}
        }
    }
}

/// Waits until the peer's identity is free. A second peer of the same identity is not heard, as by libzmq without
/// handover; it is kept all the same, because closing it would only make it come again ten times a second.
async fn entered<'a>(connection: &mut Connection, registry: &'a Registry) -> Result<Place<'a>, End> {
    let nothing = Outbox::default();
    loop {
        if let Some(place) = registry.enter(&connection.identity) {
            return Ok(place);
        }
        tokio::select! {
            unheard = connection.next(&nothing) => drop(unheard?),
            () = registry.freed.notified() => {}
        }
    }
}

//! What waits to be sent to one peer.
//!
//! Messages lie here as they go over the wire, so the same bytes serve every subscriber. How much of the first one is
//! on its way is kept beside it: after a reconnect it is sent again from its beginning, as the peer has not got it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::bounds::Bounds;
use crate::stream::Stream;

/// How many messages one system call writes.
const BATCH: usize = 64;

/// A bounded queue of encoded messages, and the bell of the task that writes them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: RefCell<State>,
    bounds: Bounds,
    /// Rings when something was queued, and when the peer is to be let go.
    filled: Notify,
    /// Rings when nothing is left.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    /// How many bytes `queue` holds, those included that are on their way.
    bytes: usize,
    /// How many bytes of the first message are on their way.
    written: usize,
    flow: Flow,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Flow {
    #[default]
    Open,
    Shut,
}

/// There is no room for another message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Full;

impl Outbox {
    /// One that holds so much.
    pub(crate) fn new(bounds: &Bounds) -> Outbox {
        Outbox { bounds: *bounds, ..Outbox::default() }
    }

    /// Queues a message. Nothing is queued when it has no bytes.
    pub(crate) fn push(&self, message: Bytes) -> Result<(), Full> {
        if message.is_empty() {
            return Ok(());
        }
        let mut state = self.state.borrow_mut();
        let crowded = state.queue.len() >= self.bounds.queued_messages
            || (!state.queue.is_empty() && state.bytes + message.len() > self.bounds.queued_bytes);
        if crowded {
            return Err(Full);
        }
        state.bytes += message.len();
        state.queue.push_back(message);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Lets go of the peer and of all that waits for it.
    pub(crate) fn shut(&self) {
        *self.state.borrow_mut() = State { flow: Flow::Shut, ..State::default() };
        self.filled.notify_one();
        self.emptied.notify_waiters();
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.state.borrow().flow == Flow::Shut
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.borrow().queue.is_empty()
    }

    /// Whether half of what may be queued is.
    pub(crate) fn is_crowded(&self) -> bool {
        let state = self.state.borrow();
        state.queue.len() >= self.bounds.queued_messages / 2 || state.bytes >= self.bounds.queued_bytes / 2
    }

    /// Whether the next byte is the first of a message, so that something else may be sent before it.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.state.borrow().written == 0
    }

    /// Forgets what a connection that is gone had begun to send.
    pub(crate) fn rewind(&self) {
        self.state.borrow_mut().written = 0;
    }

    /// Waits until something was queued or the peer is let go; may return early. Cancel safe.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Waits until nothing is left to be sent, or nobody to send it to. Cancel safe.
    pub(crate) async fn emptied(&self) {
        while !self.is_empty() {
            self.emptied.notified().await;
        }
    }

    /// Writes as much as there is room for.
    pub(crate) fn write_to(&self, stream: &Stream) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        let written = {
            let mut pieces = [IoSlice::new(&[]); BATCH];
            let mut count = 0;
            for (piece, message) in pieces.iter_mut().zip(&state.queue) {
                let from = if count == 0 { state.written } else { 0 };
                *piece = IoSlice::new(&message[from..]);
                count += 1;
            }
            stream.try_write(&pieces[..count])?
        };
        state.advance(written);
        let empty = state.queue.is_empty();
        drop(state);
        if empty {
            self.emptied.notify_waiters();
        }
        Ok(())
    }
}

impl State {
    fn advance(&mut self, written: usize) {
        self.written += written;
        while let Some(first) = self.queue.front().map(Bytes::len)
            && first <= self.written
        {
            self.written -= first;
            self.bytes -= first;
            self.queue.pop_front();
        }
    }
}

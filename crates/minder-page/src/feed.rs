//! What is told as it happens: server-sent events, to whoever looks.
//!
//! ```text
//!  Feed::send(event) ──▶ a queue for each who looks, with a bound ──▶ the connection
//!                             └─ full: the connection ends; the browser comes back and is told everything anew
//! ```

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::response::Response;

/// How many events wait for a client that reads slowly. Behind that it is sent away, and comes again.
pub const EVENTS_QUEUED_MAX: usize = 64;
/// How many look at one feed at a time. More are told to come again (HTTP 503), which browsers do by themselves.
pub const LOOKERS_MAX: usize = 64;
/// How long a browser waits until it comes again, in milliseconds.
const RETRY_MS: u32 = 2000;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event(Bytes);

impl Event {
    /// An event of a name, with a fragment of HTML or with JSON. Line ends in a name are left out.
    #[must_use]
    pub fn new(name: &str, data: &str) -> Self {
        let name: String = name.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')).collect();
        let mut text = format!("event: {name}\n");
        for line in data.split('\n') {
            text.push_str("data: ");
            // A carriage return would end a line, too.
            text.push_str(&line.replace('\r', ""));
            text.push('\n');
        }
        text.push('\n');
        Self(text.into())
    }
}

/// Where events are told. Clones are the same feed.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    shared: Rc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lookers: RefCell<Vec<Weak<Looker>>>,
    /// How many look.
    count: Cell<usize>,
    changed: Notify,
}

#[derive(Debug)]
struct Looker {
    queue: RefCell<VecDeque<Bytes>>,
    state: Cell<State>,
    waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Looking,
    SentAway,
}

impl Feed {
    /// At which nobody looks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells everybody who looks.
    pub fn send(&self, event: &Event) {
        self.shared.lookers.borrow_mut().retain(|looker| match looker.upgrade() {
            Some(looker) => looker.take(event),
            None => false,
        });
    }

    /// How many look.
    #[must_use]
    pub fn lookers(&self) -> usize {
        self.shared.count.get()
    }

    /// Comes back as soon as somebody looks: at once, if somebody does. For one task at a time.
    pub async fn looked_at(&self) {
        while self.lookers() == 0 {
            self.shared.changed.notified().await;
        }
    }

    /// Comes back as soon as nobody looks. For one task at a time.
    pub async fn deserted(&self) {
        while self.lookers() > 0 {
            self.shared.changed.notified().await;
        }
    }

    /// An answer that never ends by itself: first these events, then what is sent.
    #[must_use]
    pub fn answer(&self, first: &[Event]) -> Response {
        if self.lookers() >= LOOKERS_MAX {
            return Response::crowded();
        }
        let mut queue = VecDeque::from([Bytes::from(format!("retry: {RETRY_MS}\n\n"))]);
        queue.extend(first.iter().map(|event| event.0.clone()));
        let looker = Rc::new(Looker {
            queue: RefCell::new(queue),
            state: Cell::new(State::Looking),
            waker: RefCell::new(None),
        });
        self.shared.lookers.borrow_mut().push(Rc::downgrade(&looker));
        self.shared.count.set(self.lookers() + 1);
        self.shared.changed.notify_one();
        Response::events(Look { looker, shared: self.shared.clone() })
    }
}

impl Looker {
    /// Whether it is there afterwards.
    fn take(&self, event: &Event) -> bool {
        let mut queue = self.queue.borrow_mut();
        if queue.len() >= EVENTS_QUEUED_MAX {
            drop(queue);
            self.send_away();
            return false;
        }
        queue.push_back(event.0.clone());
        drop(queue);
        self.wake();
        true
    }

    fn send_away(&self) {
        self.state.set(State::SentAway);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// One who looks. Dropped with its connection.
#[derive(Debug)]
pub(crate) struct Look {
    looker: Rc<Looker>,
    shared: Rc<Shared>,
}

impl Look {
    /// The next event. `None`: it was sent away.
    pub(crate) fn poll_event(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        if self.looker.state.get() == State::SentAway {
            return Poll::Ready(None);
        }
        if let Some(event) = self.looker.queue.borrow_mut().pop_front() {
            return Poll::Ready(Some(event));
        }
        *self.looker.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.shared.count.set(self.shared.count.get() - 1);
        self.shared.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Body;

    fn look(feed: &Feed, first: &[Event]) -> Look {
        match feed.answer(first).into_body() {
            Body::Events(look) => look,
            Body::Whole(_) => panic!("not a stream"),
        }
    }

    fn next(look: &Look) -> Poll<Option<String>> {
        let context = Context::from_waker(Waker::noop());
        look.poll_event(&context).map(|event| event.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    #[test]
    fn whoever_looks_is_told_first_what_is_and_then_what_happens() {
        let feed = Feed::new();
        feed.send(&Event::new("lost", "nobody looks"));
        let look = look(&feed, &[Event::new("a", "one\ntwo")]);
        assert_eq!(next(&look), Poll::Ready(Some("retry: 2000\n\n".to_owned())));
        assert_eq!(next(&look), Poll::Ready(Some("event: a\ndata: one\ndata: two\n\n".to_owned())));
        assert_eq!(next(&look), Poll::Pending);
        feed.send(&Event::new("b\n", "x\r\ny"));
        assert_eq!(next(&look), Poll::Ready(Some("event: b\ndata: x\ndata: y\n\n".to_owned())));
    }

    #[test]
    fn whoever_reads_too_slowly_is_sent_away_and_nobody_else_is() {
        let feed = Feed::new();
        let (slow, quick) = (look(&feed, &[]), look(&feed, &[]));
        for _ in 0..=EVENTS_QUEUED_MAX {
            feed.send(&Event::new("a", "1"));
            while next(&quick).is_ready() {}
        }
        assert_eq!(next(&slow), Poll::Ready(None));
        feed.send(&Event::new("a", "2"));
        assert!(next(&quick).is_ready());
        assert_eq!(feed.lookers(), 2);
        drop(slow);
        assert_eq!(feed.lookers(), 1);
    }

    #[test]
    fn only_so_many_look_at_a_time() {
        let feed = Feed::new();
        let all: Vec<_> = (0..LOOKERS_MAX).map(|_| look(&feed, &[])).collect();
        assert_eq!(feed.answer(&[]).status(), 503);
        drop(all);
        assert_eq!(feed.answer(&[]).status(), 200);
    }

    #[test]
    fn it_is_known_whether_anybody_looks() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let feed = Feed::new();
            feed.deserted().await;
            let (look, ()) = tokio::join!(
                async {
                    tokio::task::yield_now().await;
                    look(&feed, &[])
                },
                feed.looked_at()
            );
            tokio::join!(feed.deserted(), async {
                tokio::task::yield_now().await;
                drop(look);
            });
        });
    }
}

//! Who is connected: so many at a time, and when one more comes, whoever has waited longest without a whole request goes.
//!
//! ```text
//!  accept ─admit─▶ Guest: waits ──whole request──▶ is served ──answer──▶ waits again
//!                           │
//!                           └── full, and the longest of all ──▶ sent away
//! ```
//!
//! So a client that opens connections and says nothing, or little, takes nobody's place, and one that keeps its connection for
//! hours keeps it while there is room. Bodies on their way have room in common, whoever sends them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use minder_config::native::ServerBounds;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How much of all bodies that are on their way is held at a time beside one of the largest, in bytes: a few small ones.
const SMALL_UPLOADS_BYTES: usize = 1 << 20;

/// Everybody on one listener.
pub(super) struct Crowd {
    room: Arc<Semaphore>,
    hall: Rc<Hall>,
}

/// What guests have in common.
struct Hall {
    /// Those without a whole request, who has waited longest first.
    waiting: RefCell<BTreeMap<u64, Rc<Notify>>>,
    next: Cell<u64>,
    door: Cell<Door>,
    /// How much of bodies on their way is held.
    uploads: Cell<usize>,
    /// How much of them may be, in bytes.
    uploads_max: usize,
}

/// Whether somebody waits for room, and nobody could be sent away.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Door {
    #[default]
    Free,
    Crowded,
}

/// A connection.
pub(super) struct Guest {
    hall: Rc<Hall>,
    place: Cell<Option<u64>>,
    leave: Rc<Notify>,
    _room: OwnedSemaphorePermit,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(bounds: &ServerBounds) -> Self {
        let hall = Hall {
            waiting: RefCell::default(),
            next: Cell::default(),
            door: Cell::default(),
            uploads: Cell::default(),
            uploads_max: bounds.body_bytes.saturating_add(SMALL_UPLOADS_BYTES),
        };
        Self { room: Arc::new(Semaphore::new(bounds.connections)), hall: Rc::new(hall) }
    }

    /// Lets one more in. If there is no room, and all others are being served, it takes until one of them is.
    pub(super) async fn admit(&self) -> Guest {
        let room = match self.room.clone().try_acquire_owned() {
            Ok(room) => room,
            Err(_) => loop {
                self.hall.make_room();
                // It is never closed, so there is a permit in the end.
                if let Ok(room) = self.room.clone().acquire_owned().await {
                    break room;
                }
            },
        };
        self.hall.door.set(Door::Free);
        let guest =
            Guest { hall: self.hall.clone(), place: Cell::new(None), leave: Rc::default(), _room: room };
        guest.waits();
        guest
    }
}

impl Hall {
    fn make_room(&self) {
        match self.waiting.borrow_mut().pop_first() {
            Some((_, longest)) => longest.notify_one(),
            None => self.door.set(Door::Crowded),
        }
    }
}

impl Guest {
    /// It has nothing to be served with, from now on.
    pub(super) fn waits(&self) {
        if self.place.get().is_some() {
            return;
        }
        if self.hall.door.replace(Door::Free) == Door::Crowded {
            self.leave.notify_one();
            return;
        }
        let place = self.hall.next.get();
        self.hall.next.set(place + 1);
        self.place.set(Some(place));
        self.hall.waiting.borrow_mut().insert(place, self.leave.clone());
    }

    /// Its request is there.
    pub(super) fn is_served(&self) {
        if let Some(place) = self.place.take() {
            self.hall.waiting.borrow_mut().remove(&place);
        }
    }

    /// Comes back when it has to go.
    pub(super) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.is_served();
    }
}

/// A body on its way, whose end is the beginning of its guest's being served.
pub(super) struct Upload<B> {
    body: B,
    guest: Rc<Guest>,
    /// How much of it is held.
    held: usize,
}

impl<B: Body> Upload<B> {
    /// The body of a guest's request.
    pub(super) fn new(body: B, guest: Rc<Guest>) -> Self {
        if body.is_end_stream() {
            guest.is_served();
        }
        Self { body, guest, held: 0 }
    }
}

impl<B> Upload<B> {
    fn hold(&mut self, more: usize) -> io::Result<()> {
        let uploads = &self.guest.hall.uploads;
        let all = uploads.get().saturating_add(more);
        if all > self.guest.hall.uploads_max {
            return Err(io::Error::other("too much is sent at once"));
        }
        uploads.set(all);
        self.held += more;
        Ok(())
    }
}

impl<B> Drop for Upload<B> {
    fn drop(&mut self) {
        let uploads = &self.guest.hall.uploads;
        uploads.set(uploads.get() - self.held);
    }
}

impl<B> Body for Upload<B>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync + 'static> + Unpin,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let more = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref().map(Buf::remaining));
        if frame.is_none() || self.body.is_end_stream() {
            self.guest.is_served();
        }
        Poll::Ready(frame.map(|frame| {
            self.hold(more.unwrap_or(0))?;
            frame.map_err(io::Error::other)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn crowd(connections: usize) -> Crowd {
        Crowd::new(&ServerBounds { connections, ..ServerBounds::default() })
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), test).await.unwrap() })
    }

    #[test]
    fn who_has_waited_longest_without_a_request_makes_room() {
        run(async {
            let crowd = crowd(2);
            let (served, waits) = (crowd.admit().await, crowd.admit().await);
            served.is_served();
            let (third, ()) = tokio::join!(crowd.admit(), async {
                waits.sent_away().await;
                drop(waits);
            });
            let (fourth, ()) = tokio::join!(crowd.admit(), async {
                third.sent_away().await;
                drop(third);
            });
            drop((served, fourth));
        });
    }

    #[test]
    fn where_all_are_served_the_first_that_is_done_makes_room() {
        run(async {
            let crowd = crowd(1);
            let only = crowd.admit().await;
            only.is_served();
            tokio::join!(crowd.admit(), async {
                tokio::task::yield_now().await;
                only.waits();
                only.sent_away().await;
                drop(only);
            });
        });
    }

    #[test]
    fn bodies_have_room_in_common_and_give_it_back() {
        run(async {
            let crowd = crowd(2);
            let guest = Rc::new(crowd.admit().await);
            let body = || http_body_util::Empty::<Bytes>::new();
            let mut first = Upload::new(body(), guest.clone());
            let mut second = Upload::new(body(), guest);
            first.hold(first.guest.hall.uploads_max - 10).unwrap();
            assert!(second.hold(11).is_err());
            second.hold(10).unwrap();
            drop(first);
            second.hold(11).unwrap();
        });
    }
}

//! Who is connected: so many at a time, and when one more comes, whoever has waited longest without a request goes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

/// Room for so many.
pub(crate) struct Room {
    hall: Rc<Hall>,
    most: usize,
}

#[derive(Default)]
struct Hall {
    /// Those without a request, who has waited longest first.
    waiting: RefCell<BTreeMap<u64, Rc<Notify>>>,
    next: Cell<u64>,
    present: Cell<usize>,
    emptied: Notify,
}

/// A connection.
pub(crate) struct Guest {
    hall: Rc<Hall>,
    place: Cell<Option<u64>>,
    leave: Rc<Notify>,
}

impl Room {
    pub(crate) fn new(most: usize) -> Self {
        Self { hall: Rc::default(), most }
    }

    /// Lets one more in. `None`: all who are there are being served, so whoever comes has to come again.
    pub(crate) fn admit(&self) -> Option<Guest> {
        if self.hall.present.get() >= self.most {
            let (_, longest) = self.hall.waiting.borrow_mut().pop_first()?;
            longest.notify_one();
        }
        self.hall.present.set(self.hall.present.get() + 1);
        let guest = Guest { hall: self.hall.clone(), place: Cell::new(None), leave: Rc::default() };
        guest.waits();
        Some(guest)
    }

    /// Comes back when everybody has gone.
    pub(crate) async fn empty(&self) {
        while self.hall.present.get() > 0 {
            self.hall.emptied.notified().await;
        }
    }
}

impl Guest {
    /// It has no request, from now on.
    pub(crate) fn waits(&self) {
        if self.place.get().is_none() {
            let place = self.hall.next.get();
            self.hall.next.set(place + 1);
            self.place.set(Some(place));
            self.hall.waiting.borrow_mut().insert(place, self.leave.clone());
        }
    }

    /// Its request is there.
    pub(crate) fn is_served(&self) {
        if let Some(place) = self.place.take() {
            self.hall.waiting.borrow_mut().remove(&place);
        }
    }

    /// Comes back when it has to go.
    pub(crate) async fn sent_away(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.is_served();
        self.hall.present.set(self.hall.present.get() - 1);
        if self.hall.present.get() == 0 {
            self.hall.emptied.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_waited_longest_without_a_request_makes_room() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let room = Room::new(2);
            let served = room.admit().expect("there is room");
            served.is_served();
            let waits = room.admit().expect("there is room");
            let third = room.admit().expect("somebody can go");
            waits.sent_away().await;
            drop(waits);
            third.is_served();
            assert!(room.admit().is_none(), "all are served");
            drop((served, third));
            room.empty().await;
        });
    }
}

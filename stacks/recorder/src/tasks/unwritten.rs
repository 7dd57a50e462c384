//! What could not be written down, as on a full disk: it is kept in memory, and written as soon as that can be done.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::station::Station;
use crate::store::StoreError;
use crate::store::events::{Doing, Event, Pending, Sight};

const PART: &str = "events";

/// So many events are kept. Of more, the first ones are forgotten: the log has them.
const EVENTS_MAX: usize = 1000;

/// What waits for a database that can be written. It ends with the process, as after a power cut.
#[derive(Debug, Default)]
pub(crate) struct Unwritten(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    events: Vec<Event>,
    /// How the recorder was seen last, if the database does not say so.
    sight: Option<Sight>,
}

impl Unwritten {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn keep(&mut self, event: &Event) {
        let is_same = |other: &&mut Event| {
            event.kind.is_absence()
                && (other.kind, other.recording, &other.detail)
                    == (event.kind, event.recording, &event.detail)
                && other.until <= event.until
        };
        if let Some(last) = self.events.last_mut().filter(is_same) {
            last.until = event.until;
            last.count = last.count.saturating_add(event.count);
            return;
        }
        if self.events.len() == EVENTS_MAX {
            self.events.remove(0);
        }
        self.events.push(event.clone());
    }
}

impl Station {
    /// How the recorder was seen last. `None`: never.
    pub(super) fn last_seen(&self) -> Result<Option<Sight>, StoreError> {
        match &self.unwritten.memory().sight {
            Some(sight) => Ok(Some(sight.clone())),
            None => self.events.sight(),
        }
    }

    /// Remembers how the recorder is seen, and what happened.
    pub(super) fn see(&self, doing: Doing, events: &[Event]) {
        let sight = self.seen(doing);
        let mut memory = self.unwritten.memory();
        let all: Vec<Event> = memory.events.iter().chain(events).cloned().collect();
        match self.events.see(&sight, &all) {
            Ok(()) => *memory = Memory::default(),
            Err(error) => {
                self.log.error(PART, format_args!("what happened cannot be written down yet: {error}"));
                events.iter().for_each(|event| memory.keep(event));
                memory.sight = Some(sight);
            }
        }
    }

    /// Remembers a recording that nobody has looked at yet. Where that cannot be written down, it is found by its file.
    pub(super) fn expect(&self, pending: &Pending) {
        match self.events.begin(pending, &self.seen(Doing::Waiting)) {
            Ok(()) => self.unwritten.memory().sight = None,
            Err(error) => {
                self.log.error(PART, format_args!("a recording is not known to be under way: {error}"));
            }
        }
    }

    /// Remembers an event.
    pub(super) fn tell(&self, event: &Event) {
        if let Err(error) = self.events.tell(event) {
            let word = event.kind.word();
            self.log.error(PART, format_args!("{word} cannot be written down yet: {error}"));
            self.unwritten.memory().keep(event);
        }
    }
}

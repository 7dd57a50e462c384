//! What the mind is still to be told, and how it is: as much at once as fits.
//!
//! A letter is the id of a child and not a message: it is composed from the table of children when there is room for it, so
//! that nothing is told that is not so any more.

use std::collections::VecDeque;
use std::io;

use rustix::process::getpid;

use crate::held::Held;
use crate::mind::{Line, Mind};
use crate::reap::{Children, Parcel, same_child};
use crate::wire::{Bundle, ChildId, FromKeeper, Room, VERSION};

/// How many messages are sent in one packet, at most.
const TOGETHER_MAX: usize = 64;

/// Something to tell the mind, composed when it is sent.
#[derive(Debug)]
pub(crate) enum Letter {
    /// With the number of minds that there were before.
    Hello(u32),
    Introduction(ChildId),
    Held(Vec<u8>),
    HelloEnd,
    News(ChildId),
    Reply(FromKeeper),
}

/// The letters that wait, the next one first.
#[derive(Debug, Default)]
pub(crate) struct Outbox(VecDeque<Letter>);

impl Outbox {
    /// The greeting of a mind, which knows nothing yet; what waited was for another one.
    pub(crate) fn greet(&mut self, lives: u32, children: &Children, held: &Held) {
        let children = children.ids().map(Letter::Introduction);
        let held = held.names().cloned().map(Letter::Held);
        let hello = [Letter::Hello(lives)].into_iter();
        self.0 = hello.chain(children).chain(held).chain([Letter::HelloEnd]).collect();
    }

    pub(crate) fn push(&mut self, letter: Letter) {
        self.0.push_back(letter);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives back the room of a queue that was long.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends what waits, as far as there is room.
    pub(crate) fn flush(&mut self, mind: &mut Mind, children: &mut Children, held: &Held) {
        while !self.0.is_empty() && mind.line != Line::Dead {
            self.send_some(mind, children, held);
            if mind.line != Line::Open {
                return;
            }
        }
    }

    /// Sends what waits first: several at once, if they have no descriptors.
    fn send_some(&mut self, mind: &mut Mind, children: &mut Children, held: &Held) {
        let mut bundle = Bundle::default();
        let mut together = Vec::new();
        let mut done = 0;
        for letter in self.0.iter().take(TOGETHER_MAX) {
            match compose(letter, children, held) {
                None => {}
                // What is told of a child depends on what it was told of before.
                Some((message, fds))
                    if fds.is_empty() && !together.iter().any(|other| same_child(other, &message)) =>
                {
                    if bundle.add(&message) == Room::None {
                        break;
                    }
                    together.push(message);
                }
                Some(_) => break,
            }
            done += 1;
        }
        if done == 0 {
            return self.send_first(mind, children, held);
        }
        mind.line = if together.is_empty() {
            // What had no room is not to be told any more. To go on waiting for room would be to wait for nothing.
            Line::Open
        } else {
            line_after(mind.port.send_bundle(&bundle))
        };
        if mind.line == Line::Open {
            together.iter().for_each(|message| children.told(message));
            self.0.drain(..done);
        }
    }

    fn send_first(&mut self, mind: &mut Mind, children: &mut Children, held: &Held) {
        if let Some((message, fds)) = self.0.front().and_then(|letter| compose(letter, children, held)) {
            mind.line = line_after(mind.port.send(&message, &fds));
            if mind.line != Line::Open {
                return;
            }
            children.told(&message);
        }
        self.0.pop_front();
    }
}

/// The message of a letter; `None` when there is nothing to tell any more.
fn compose<'a>(letter: &Letter, children: &'a Children, held: &'a Held) -> Option<Parcel<'a>> {
    let alone = |message| Some((message, Vec::new()));
    match letter {
        Letter::Hello(lives) => {
            let keeper = getpid().as_raw_nonzero().get().cast_unsigned();
            alone(FromKeeper::Hello { version: VERSION, keeper, lives: *lives })
        }
        Letter::Introduction(child) => children.introduce(*child),
        Letter::Held(name) => Some((FromKeeper::Held { name: name.clone() }, vec![held.get(name)?])),
        Letter::HelloEnd => alone(FromKeeper::HelloEnd),
        Letter::News(child) => children.news(*child),
        Letter::Reply(message) => alone(message.clone()),
    }
}

/// The state of the line after this was sent.
pub(crate) fn line_after(sent: io::Result<()>) -> Line {
    match sent.map_err(|error| error.raw_os_error()) {
        Ok(()) => Line::Open,
        Err(Some(libc::EAGAIN)) => Line::Full,
        Err(Some(libc::ETOOMANYREFS | libc::ENOBUFS | libc::ENOMEM | libc::EMFILE | libc::ENFILE)) => {
            Line::Starved
        }
        Err(_) => Line::Dead,
    }
}

//! The mind's end of the conversation with the keeper: nothing blocks, and what cannot be sent now waits its turn.

#![allow(unsafe_code, reason = "the event loop takes descriptors on our word that they stay open")]

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use minder_core::ids::Errno;
use minder_keeper::wire::{Bundle, ChildId, Delivery, FromKeeper, Port, Room, ToKeeper};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::kept_sockets;
use crate::shelf::{self, Shelf};

/// How many messages wait for each other, at most: enough to save most packets, and not so many that the keeper has nothing
/// to do meanwhile.
const TOGETHER: usize = 16;

/// The conversation.
#[derive(Debug)]
pub struct KeeperLink {
    port: AsyncFd<Port>,
    /// What the keeper had no room for. Bounded by what one step can order, which is bounded by the number of
    /// programs; the keeper reads faster than it clones.
    unsent: VecDeque<(ToKeeper, Option<OwnedFd>)>,
    /// Spawns that could not be sent at all, and why.
    refused: Vec<(ChildId, Errno)>,
    /// What the keeper holds, for another keeper if this one is killed.
    held: BTreeMap<Vec<u8>, OwnedFd>,
    /// Where memory files lie that it holds.
    shelf: Shelf,
}

impl KeeperLink {
    /// Over this port, to a keeper that holds this.
    ///
    /// # Errors
    /// When the event loop does not take it.
    pub fn new(port: Port, held: BTreeMap<Vec<u8>, OwnedFd>) -> io::Result<Self> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        // SAFETY: the port owns its descriptor, and gives the same one for as long as it lives.
        let port = unsafe { AsyncFd::register_with_interest(port, interest) }?;
        let shelf = match held.get(shelf::NAME.as_bytes()) {
            Some(directory) => Shelf::Directory(directory.try_clone()?),
            None => Shelf::Nameless,
        };
        Ok(Self { port, unsent: VecDeque::new(), refused: Vec::new(), held, shelf })
    }

    /// Sends a message, together with others: at the next [`KeeperLink::flush`], or when there are enough.
    pub fn send(&mut self, message: ToKeeper) {
        // To clone takes a hundred times as long as to hear of it: the keeper is not to wait for an order.
        let urgent = matches!(message, ToKeeper::Spawn { .. });
        self.unsent.push_back((message, None));
        if urgent || self.unsent.len().is_multiple_of(TOGETHER) {
            self.flush();
        }
    }

    /// Has the keeper hold a descriptor under a name.
    pub fn hold(&mut self, name: impl Into<Vec<u8>>, fd: OwnedFd) {
        let name = name.into();
        // Without a descriptor left it is lost only if the keeper is killed as well.
        if let Ok(copy) = fd.try_clone() {
            self.held.insert(name.clone(), copy);
            if kept_sockets::inode(fd.as_fd()).is_some() {
                self.list_sockets();
            }
        }
        self.unsent.push_back((ToKeeper::Hold { name }, Some(fd)));
        self.flush();
    }

    /// Keeps which sockets there are, for whoever finds us gone.
    fn list_sockets(&self) {
        let held = self.held.iter().map(|(name, fd)| (&name[..], fd.as_fd()));
        // Without memory left the old list stays.
        let _ = self.shelf.replace(kept_sockets::NAME, &kept_sockets::list(held));
    }

    /// A new empty memory file, which the keeper holds under this name.
    ///
    /// # Errors
    /// When the system has no memory or no descriptor left.
    pub fn memory_file(&mut self, name: &str) -> io::Result<File> {
        let file = self.shelf.file(name)?;
        self.hold(name, file.try_clone()?.into());
        Ok(file)
    }

    /// Where memory files lie.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Nothing is to be found by anybody any more.
    pub fn take_down_shelf(&self) {
        self.shelf.take_down();
    }

    /// Has the keeper let go of a descriptor; of a memory file the name is taken away, too.
    pub fn release(&mut self, name: impl Into<Vec<u8>>) {
        let name = name.into();
        if self.held.remove(&name).is_some_and(|fd| kept_sockets::inode(fd.as_fd()).is_some()) {
            self.list_sockets();
        }
        if let Ok(name) = std::str::from_utf8(&name) {
            self.shelf.remove(name);
        }
        self.send(ToKeeper::Release { name });
    }

    /// The keeper is gone: what it held, and the signals that it was not even asked to send.
    pub fn bequeath(self) -> (Vec<(Vec<u8>, OwnedFd)>, Vec<ToKeeper>) {
        let unsent = self.unsent.into_iter().map(|(message, _)| message);
        (self.held.into_iter().collect(), unsent.collect())
    }

    /// Sends the keeper another program to become, after everything else that waits.
    pub fn become_program(&mut self, program: OwnedFd) {
        self.unsent.push_back((ToKeeper::Become, Some(program)));
        self.flush();
    }

    /// Whether everything has been sent.
    pub fn is_flushed(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Spawns that could not be sent: a request beyond all bounds, or no descriptor left to carry a large one.
    pub fn take_refused(&mut self) -> Vec<(ChildId, Errno)> {
        std::mem::take(&mut self.refused)
    }

    /// Sends what waits, as far as there is room. A keeper that is gone shows at the next receive.
    pub fn flush(&mut self) {
        while let Some((message, fd)) = self.unsent.front() {
            let (bundle, count) = self.bundle();
            let (sent, count) = if count > 1 {
                (self.port.get_ref().send_bundle(&bundle), count)
            } else {
                let fds: Vec<_> = fd.iter().map(AsFd::as_fd).collect();
                (self.port.get_ref().send(message, &fds), 1)
            };
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(()) => drop(self.unsent.drain(..count)),
                Err(error) => {
                    let errno = Errno(error.raw_os_error().unwrap_or(libc::E2BIG));
                    let lost = self.unsent.drain(..count).filter_map(|(message, _)| match message {
                        ToKeeper::Spawn { child, .. } => Some((child, errno)),
                        _ => None,
                    });
                    self.refused.extend(lost);
                }
            }
        }
    }

    /// Gives back the room of a queue that was long.
    pub fn shrink(&mut self) {
        self.unsent.shrink_to_fit();
    }

    /// Those of what waits first that can travel together, and how many they are.
    fn bundle(&self) -> (Bundle, usize) {
        let mut bundle = Bundle::default();
        let together = self
            .unsent
            .iter()
            .take_while(|(message, fd)| fd.is_none() && bundle.add(message) == Room::Enough);
        let count = together.count();
        (bundle, count)
    }

    /// Waits until there is something to receive, or room for what waits to be sent.
    ///
    /// # Errors
    /// When the event loop fails.
    pub async fn ready(&self) -> io::Result<()> {
        if self.unsent.is_empty() {
            self.port.readable().await?.retain_ready();
        } else {
            self.port.ready(Interest::READABLE | Interest::WRITABLE).await?.retain_ready();
        }
        Ok(())
    }

    /// The next packet, `None` if there is none now.
    ///
    /// # Errors
    /// `UnexpectedEof` when the keeper is gone, `InvalidData` for a packet that is no message.
    pub fn try_receive(&self) -> io::Result<Option<Delivery<FromKeeper>>> {
        let received = self.port.try_io(Interest::READABLE, Port::receive::<FromKeeper>);
        match received {
            Ok(Some(message)) => Ok(Some(message)),
            Ok(None) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives up waiting for room: clears the readiness that [`KeeperLink::ready`] left in place.
    pub fn note_full(&self) {
        if !self.unsent.is_empty() {
            let full: io::Result<()> =
                self.port.try_io(Interest::WRITABLE, |_| Err(io::ErrorKind::WouldBlock.into()));
            // The error is the point: it tells the event loop to look again.
            drop(full);
        }
    }
}

//! What the keeper tells a mind first: what there is already.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use minder_keeper::wire::{ChildFds, ChildId, ChildState, Delivery, FromKeeper, Port, StageFailure, VERSION};
use rustix::event::{PollFd, PollFlags, poll};

/// Everything that the keeper holds for the mind.
#[derive(Debug)]
pub struct Greeting {
    /// The conversation goes on here.
    pub port: Port,
    /// The keeper's pid: the one in the pidfile.
    pub keeper: u32,
    /// How many minds there were before.
    pub lives: u32,
    /// The processes.
    pub children: BTreeMap<ChildId, KeptChild>,
    /// Descriptors by name.
    pub held: BTreeMap<Vec<u8>, OwnedFd>,
    /// The same again, for another keeper if this one is killed.
    pub copies: BTreeMap<Vec<u8>, OwnedFd>,
}

/// A process that an earlier mind ordered.
#[derive(Debug)]
pub struct KeptChild {
    /// Its pid.
    pub pid: u32,
    /// Whether it lives.
    pub state: ChildState,
    /// Where it gave up on its way to the program, if it did.
    pub failure: Option<StageFailure>,
    /// How many signals of an earlier mind's have arrived at it.
    pub signals: u32,
    /// Its pipes.
    pub fds: ChildFds,
}

impl Greeting {
    /// Reads it to its end. Blocks: there is nothing else to do yet.
    ///
    /// # Errors
    /// When the keeper is gone, speaks another version, or its descriptors did not come along.
    pub fn receive(port: Port) -> io::Result<Self> {
        let (children, held, copies) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut greeting = Self { port, keeper: 0, lives: 0, children, held, copies };
        let mut arrived = VecDeque::new();
        loop {
            let Some((message, fds)) = arrived.pop_front() else {
                let Delivery { messages, mut fds } = greeting.next()?;
                arrived.extend(messages.into_iter().map(|message| (message, std::mem::take(&mut fds))));
                continue;
            };
            match message {
                FromKeeper::Hello { version, keeper, lives } => {
                    if version != VERSION {
                        let text = format!("the keeper speaks version {version}, this mind {VERSION}");
                        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
                    }
                    (greeting.keeper, greeting.lives) = (keeper, lives);
                }
                FromKeeper::Child { child, pid, state, failure, signals, pipes } => {
                    let fds = pipes.unpack(fds).map_err(io::Error::from)?;
                    greeting.children.insert(child, KeptChild { pid, state, failure, signals, fds });
                }
                FromKeeper::Held { name } => {
                    if let Some(fd) = fds.into_iter().next() {
                        greeting.copies.insert(name.clone(), fd.try_clone()?);
                        greeting.held.insert(name, fd);
                    }
                }
                FromKeeper::HelloEnd => return Ok(greeting),
                FromKeeper::Cloned { .. }
                | FromKeeper::Spawned { .. }
                | FromKeeper::NotSpawned { .. }
                | FromKeeper::Exited { .. }
                | FromKeeper::Reaped { .. }
                | FromKeeper::SignalFailed { .. }
                | FromKeeper::Asked { .. } => {
                    let text = "the keeper told news before its greeting was over";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
            }
        }
    }

    fn next(&self) -> io::Result<Delivery<FromKeeper>> {
        loop {
            match self.port.receive() {
                Ok(Some(delivery)) => return Ok(delivery),
                Ok(None) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut fds = [PollFd::from_borrowed_fd(self.port.as_fd(), PollFlags::IN)];
                    rustix::io::retry_on_intr(|| poll(&mut fds, None))?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes a held descriptor; the keeper goes on holding its own.
    pub fn take(&mut self, name: &[u8]) -> Option<OwnedFd> {
        self.held.remove(name)
    }

    /// Takes all whose names begin with `prefix`; gives the rest of each name.
    pub fn take_all(&mut self, prefix: &str) -> Vec<(String, OwnedFd)> {
        let prefix = prefix.as_bytes();
        let names: Vec<Vec<u8>> = self.held.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        names
            .into_iter()
            .filter_map(|name| {
                let fd = self.held.remove(&name)?;
                Some((String::from_utf8_lossy(&name[prefix.len()..]).into_owned(), fd))
            })
            .collect()
    }
}

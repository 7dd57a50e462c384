//! All pipes of all programs behind one descriptor.
//!
//! A thousand programs have two thousand pipes. One `epoll` of our own holds them at no cost in memory here, and the
//! event loop of the mind watches that one.

#![allow(unsafe_code, reason = "the event loop takes descriptors on our word that they stay open")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use minder_core::ids::InstanceId;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use tokio::io::unix::AsyncFd;

/// Which pipe of which slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// The slot.
    pub id: InstanceId,
    /// Its pipe.
    pub pipe: Pipe,
}

/// When a pipe is told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// As long as it holds bytes, or has room.
    Bytes,
    /// When bytes came into it; what is left there is not told of again.
    News,
}

/// A pipe of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pipe {
    /// The write end of its standard input.
    Stdin,
    /// The read end of its standard output.
    Stdout,
    /// The read end of its standard error.
    Stderr,
    /// Where its standard output goes, while that is full.
    StdoutTarget,
    /// Where its standard error goes, while that is full.
    StderrTarget,
    /// No pipe: a process that has been left and is to end.
    Leftover,
}

impl Token {
    fn pack(self) -> EventData {
        let pipe = match self.pipe {
            Pipe::Stdin => 0,
            Pipe::Stdout => 1,
            Pipe::Stderr => 2,
            Pipe::StdoutTarget => 3,
            Pipe::StderrTarget => 4,
            Pipe::Leftover => 5,
        };
        EventData::new_u64(u64::from(self.id.0) << 3 | pipe)
    }

    fn unpack(data: EventData) -> Option<Self> {
        let data = data.u64();
        let pipe = match data & 7 {
            0 => Pipe::Stdin,
            1 => Pipe::Stdout,
            2 => Pipe::Stderr,
            3 => Pipe::StdoutTarget,
            4 => Pipe::StderrTarget,
            5 => Pipe::Leftover,
            _ => return None,
        };
        Some(Self { id: InstanceId(u32::try_from(data >> 3).ok()?), pipe })
    }
}

/// The set of pipes.
#[derive(Debug)]
pub struct PipeSet {
    epoll: AsyncFd<OwnedFd>,
}

fn flags(token: Token, trigger: Trigger) -> EventFlags {
    let wanted = match token.pipe {
        Pipe::Stdin | Pipe::StdoutTarget | Pipe::StderrTarget => EventFlags::OUT,
        Pipe::Stdout | Pipe::Stderr | Pipe::Leftover => EventFlags::IN,
    };
    match trigger {
        Trigger::Bytes => wanted,
        Trigger::News => wanted | EventFlags::ET,
    }
}

/// How many pipes are served before the loop looks at anything else.
const AT_ONCE: usize = 64;

impl PipeSet {
    /// An empty set.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        // SAFETY: an owned descriptor stays open and the same until it is dropped.
        let epoll = unsafe { AsyncFd::register(epoll) }?;
        Ok(Self { epoll })
    }

    /// Watches a pipe: an input for room, an output for bytes.
    ///
    /// # Errors
    /// When the kernel refuses, for want of memory for example.
    pub fn watch(&self, pipe: impl AsFd, token: Token, trigger: Trigger) -> io::Result<()> {
        Ok(epoll::add(self.epoll.get_ref(), pipe, token.pack(), flags(token, trigger))?)
    }

    /// Has what a pipe holds told of as news.
    pub fn tell_again(&self, pipe: impl AsFd, token: Token, trigger: Trigger) {
        // It fails only for one that is not watched.
        let _ = epoll::modify(self.epoll.get_ref(), pipe, token.pack(), flags(token, trigger));
    }

    /// Watches a pipe no more. To be called before it is closed: the keeper holds a duplicate, so closing ours
    /// does not take it out of the set.
    pub fn forget(&self, pipe: impl AsFd) {
        // It may not have been in the set at all; both ways it is not in it now.
        let _ = epoll::delete(self.epoll.get_ref(), pipe);
    }

    /// Waits until some pipe can be served, and says which.
    ///
    /// # Errors
    /// When the event loop fails.
    pub async fn ready(&self, tokens: &mut Vec<Token>) -> io::Result<()> {
        loop {
            let mut guard = self.epoll.readable().await?;
            let mut events =
                [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; AT_ONCE];
            let none = Timespec { tv_sec: 0, tv_nsec: 0 };
            let count = epoll::wait(self.epoll.get_ref(), &mut events[..], Some(&none))?;
            if count == 0 {
                guard.clear_ready();
                continue;
            }
            tokens.extend(events[..count].iter().filter_map(|event| Token::unpack(event.data)));
            return Ok(());
        }
    }
}

//! What a pipe holds: looked at without being taken, taken, or thrown away.
//!
//! One scratch pipe and one buffer serve all streams of a thread, since each call is done with them before the next.

use std::cell::RefCell;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags};

/// How much is looked at at once: what a pipe holds unless somebody made it larger.
const BUFFER: usize = 64 << 10;
/// How much is thrown away at once.
const DROPPED_MAX: usize = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch { pipe: None, null: None, buffer: Vec::new() }) };
}

/// What it takes to look into a pipe.
pub(super) struct Scratch {
    /// Read end, write end. Empty between calls.
    pipe: Option<(OwnedFd, OwnedFd)>,
    null: Option<OwnedFd>,
    buffer: Vec<u8>,
}

/// What came of looking into a pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Peeked {
    /// So many bytes are in the buffer, and in the pipe.
    Copied(usize),
    /// So many bytes are in the buffer, and no longer in the pipe: it is none, but a terminal or a socket.
    Taken(usize),
    /// There are none at the moment.
    Empty,
    /// There will be none any more.
    Ended,
}

/// How much a pipe holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waiting {
    /// So many bytes, at least one.
    Bytes(u64),
    /// There are none at the moment.
    Empty,
    /// There will be none any more.
    Ended,
    /// It does not say: it is no pipe.
    Unknown,
}

/// Asks a pipe how much it holds.
pub(super) fn waiting(pipe: BorrowedFd<'_>) -> Waiting {
    let ask = || rustix::io::ioctl_fionread(pipe);
    match ask() {
        Ok(0) => {}
        Ok(count) => return Waiting::Bytes(count),
        Err(_) => return Waiting::Unknown,
    }
    let mut poll = [PollFd::from_borrowed_fd(pipe, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    if rustix::event::poll(&mut poll, Some(&at_once)).unwrap_or(0) == 0 {
        return Waiting::Empty;
    }
    match (ask(), poll[0].revents().contains(PollFlags::IN)) {
        (Ok(0), false) => Waiting::Ended,
        (Ok(0), true) => Waiting::Empty,
        (Ok(count), _) => Waiting::Bytes(count),
        (Err(_), _) => Waiting::Unknown,
    }
}

/// Whether nobody can write into a pipe any more.
pub(super) fn is_abandoned(pipe: BorrowedFd<'_>) -> bool {
    let mut poll = [PollFd::from_borrowed_fd(pipe, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut poll, Some(&at_once)).is_ok() && poll[0].revents().contains(PollFlags::HUP)
}

/// Lends this thread's scratch.
pub(super) fn with_scratch<R>(f: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with_borrow_mut(f)
}

impl Scratch {
    /// Copies what the pipe holds into the buffer.
    pub(super) fn peek(&mut self, pipe: BorrowedFd<'_>) -> Peeked {
        self.buffer.resize(BUFFER, 0);
        match self.tee(pipe) {
            Ok(0) => Peeked::Ended,
            Ok(count) => Peeked::Copied(count),
            Err(Errno::AGAIN) => Peeked::Empty,
            // Not a pipe, or no descriptors left for ours: then it is taken at once, and only a kill of minder in
            // this very moment could lose it.
            Err(_) => match rustix::io::retry_on_intr(|| rustix::io::read(pipe, &mut self.buffer[..])) {
                Ok(0) => Peeked::Ended,
                Ok(count) => Peeked::Taken(count),
                Err(Errno::AGAIN) => Peeked::Empty,
                // A terminal whose other side is closed says `EIO`.
                Err(_) => Peeked::Ended,
            },
        }
    }

    /// The first bytes of the buffer.
    pub(super) fn bytes(&self, count: usize) -> &[u8] {
        &self.buffer[..count]
    }

    fn tee(&mut self, pipe: BorrowedFd<'_>) -> Result<usize, Errno> {
        let (read, write) = match &self.pipe {
            Some(pipe) => pipe,
            None => self.pipe.insert(rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?),
        };
        let count =
            rustix::io::retry_on_intr(|| rustix::pipe::tee(pipe, write, BUFFER, SpliceFlags::NONBLOCK))?;
        let mut at = 0;
        while at < count {
            match rustix::io::read(read, &mut self.buffer[at..count]) {
                Ok(read) if read > 0 => at += read,
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => {
                    // Cannot be, as the bytes are there. A scratch that holds some would spoil the next call.
                    self.pipe = None;
                    return Err(Errno::IO);
                }
            }
        }
        Ok(count)
    }

    /// Takes exactly so many bytes out of the pipe, which holds at least as many.
    pub(super) fn consume(&mut self, pipe: BorrowedFd<'_>, mut count: usize) {
        while count > 0 {
            match self.drop_some(pipe, count) {
                Ok(dropped) if dropped > 0 => count -= dropped,
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Throws away what the pipe holds; bounded.
    ///
    /// # Errors
    /// `EAGAIN` when it holds nothing at the moment.
    pub(super) fn discard(&mut self, pipe: BorrowedFd<'_>) -> Result<usize, Errno> {
        self.drop_some(pipe, DROPPED_MAX)
    }

    fn drop_some(&mut self, pipe: BorrowedFd<'_>, most: usize) -> Result<usize, Errno> {
        if self.null.is_none() {
            self.null = rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()).ok();
        }
        if let Some(null) = &self.null {
            let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
            match rustix::io::retry_on_intr(|| rustix::pipe::splice(pipe, None, null, None, most, flags)) {
                Err(Errno::INVAL) => {}
                dropped => return dropped,
            }
        }
        let mut sink = [0; 4096];
        let most = most.min(sink.len());
        rustix::io::retry_on_intr(|| rustix::io::read(pipe, &mut sink[..most]))
    }
}

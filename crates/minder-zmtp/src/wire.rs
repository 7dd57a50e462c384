//! The bytes of one connection: reads while it is listened to, writes what there is to write, waits for either.
//!
//! ```text
//!  stream ─read─▶ buffer
//!     ▲
//!     └─write── control (greeting, READY, subscriptions, PONG), then Outbox (messages)
//! ```

use std::convert::Infallible;
use std::io::{self, IoSlice};

use bytes::{Buf, BytesMut};
use tokio::time::{Instant, sleep_until};

use crate::error::End;
use crate::greeting::GREETING;
use crate::outbox::Outbox;
use crate::stream::Stream;

/// How many bytes are read at a time; more while a longer frame is on its way.
const READ_BYTES: usize = 8 << 10;

/// The stream, and our side of it.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    /// What goes out before all messages.
    pub(crate) control: BytesMut,
    outgoing: Outgoing,
}

/// Whether anything can be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outgoing {
    Open,
    /// The peer reads no more. What it said before it went is still read, as libzmq does: it may have sent commands
    /// and not have waited for the answers.
    Broken,
}

/// Whether the peer is listened to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Listening {
    /// For as long as it takes.
    Always,
    /// Until it has been silent for too long.
    Until(Instant),
    /// Not before it has taken some of what is queued for it.
    Paused,
}

impl Wire {
    /// A connection on which the greeting is still to be sent.
    pub(crate) fn new(stream: Stream) -> Wire {
        Wire { stream, control: BytesMut::from(&GREETING[..]), outgoing: Outgoing::Open }
    }

    /// Whether the peer may still take something.
    pub(crate) fn is_open(&self) -> bool {
        self.outgoing == Outgoing::Open
    }

    /// Reads something or writes something. Cancel safe.
    pub(crate) async fn progress(
        &mut self,
        buffer: &mut BytesMut,
        outbox: &Outbox,
        listening: Listening,
    ) -> Result<(), End> {
        if buffer.is_empty() {
            // Whoever is idle holds no memory.
            *buffer = BytesMut::new();
        }
        let Wire { stream, control, outgoing } = self;
        tokio::select! {
            // What has come is read before its lateness is judged.
            biased;
            written = async {
                tokio::select! {
                    ready = stream.readable(), if listening != Listening::Paused => ready.map(|()| Stirred::Read),
                    written = write(stream, control, outgoing, outbox) => Ok(Stirred::Written(written)),
                }
            } => match written? {
                Stirred::Read => self.read(buffer),
                Stirred::Written(outcome) => outcome,
            },
            () = too_late(listening) => Err(End::Silence),
        }
    }

    /// Only writes what the outbox holds, for ever. Cancel safe.
    pub(crate) async fn drain(&mut self, outbox: &Outbox) -> Result<Infallible, End> {
        loop {
            write(&self.stream, &mut self.control, &mut self.outgoing, outbox).await?;
        }
    }

    fn read(&self, buffer: &mut BytesMut) -> Result<(), End> {
        // While a frame is under way the room grows with what has come of it.
        buffer.reserve(READ_BYTES.max(buffer.len() / 2));
        match self.stream.try_read(buffer) {
            Ok(0) => Err(End::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(End::from(error)),
        }
    }
}

/// What woke a connection.
enum Stirred {
    Read,
    Written(Result<(), End>),
}

/// Waits for something to write and for room, and writes some of it. Cancel safe.
async fn write(
    stream: &Stream,
    control: &mut BytesMut,
    outgoing: &mut Outgoing,
    outbox: &Outbox,
) -> Result<(), End> {
    loop {
        if outbox.is_shut() {
            return Err(End::Shut);
        }
        if *outgoing == Outgoing::Broken || (control.is_empty() && outbox.is_empty()) {
            outbox.filled().await;
            continue;
        }
        let outcome = tokio::select! {
            ready = stream.writable() => ready.and_then(|()| write_now(stream, control, outbox)),
            // Perhaps it was shut, which a peer that takes nothing would not let us see.
            () = outbox.filled() => continue,
        };
        match outcome {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => *outgoing = Outgoing::Broken,
            Ok(()) | Err(_) => {}
        }
        return Ok(());
    }
}

fn write_now(stream: &Stream, control: &mut BytesMut, outbox: &Outbox) -> io::Result<()> {
    if control.is_empty() || !outbox.is_between_messages() {
        return outbox.write_to(stream);
    }
    let written = stream.try_write(&[IoSlice::new(control)])?;
    control.advance(written);
    if control.is_empty() {
        *control = BytesMut::new();
    }
    Ok(())
}

async fn too_late(listening: Listening) {
    match listening {
        Listening::Until(moment) => sleep_until(moment).await,
        Listening::Always | Listening::Paused => std::future::pending().await,
    }
}

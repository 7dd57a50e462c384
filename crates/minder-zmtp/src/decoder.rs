//! From bytes as they come to messages and commands.
//!
//! ```text
//! buffer ─Header::parse─▶ frame ─┬─ part of a message ─▶ parts ─(the last one)─▶ Item::Message
//!                                └─ command ───────────────────────────────────▶ Item::Command
//! ```
//!
//! A length is held against the limits when it is announced, and memory is taken for bytes that came, never for
//! bytes that were announced. So a peer costs a small multiple of what it really sent of one message.

use bytes::{Buf, Bytes, BytesMut};

use crate::Message;
use crate::error::WireError;
use crate::frame::{Header, Kind};

/// Up to how many bytes a body is copied, so that a small one does not keep a large buffer alive.
const COPIED_BYTES_MAX: usize = 4 << 10;

/// What is taken of one peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many bytes the frames of a message may have together.
    pub(crate) message_bytes: usize,
    /// How many frames a message may have.
    pub(crate) frames: usize,
    /// How many bytes a command may have.
    pub(crate) command_bytes: usize,
}

/// What a peer said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Item {
    /// A whole message.
    Message(Message),
    /// A command: its name and data, undeciphered.
    Command(Bytes),
}

/// Takes bytes, gives items. Pure: how the bytes were cut on their way makes no difference.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// What is taken from now on.
    pub(crate) limits: Limits,
    /// What came and is no whole frame yet.
    pub(crate) buffer: BytesMut,
    parts: Message,
    /// How many bytes `parts` hold.
    parts_bytes: usize,
}

impl Decoder {
    /// A decoder that has seen nothing but `buffer`.
    pub(crate) fn new(limits: Limits, buffer: BytesMut) -> Decoder {
        Decoder { limits, buffer, parts: Vec::new(), parts_bytes: 0 }
    }

    /// The next item; `None` when more bytes are needed.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item>, WireError> {
        while let Some((kind, body)) = self.next_frame()? {
            match kind {
                Kind::Command => return Ok(Some(Item::Command(body))),
                Kind::More => self.add(body)?,
                Kind::Last => {
                    self.add(body)?;
                    self.parts_bytes = 0;
                    return Ok(Some(Item::Message(std::mem::take(&mut self.parts))));
                }
            }
        }
        Ok(None)
    }

    /// How many bytes the peer makes us hold.
    pub(crate) fn held(&self) -> usize {
        self.buffer.len() + self.parts_bytes
    }

    fn add(&mut self, body: Bytes) -> Result<(), WireError> {
        if self.parts.len() == self.limits.frames {
            return Err(WireError::ManyFrames);
        }
        self.parts_bytes += body.len();
        self.parts.push(body);
        Ok(())
    }

    fn next_frame(&mut self) -> Result<Option<(Kind, Bytes)>, WireError> {
        let Some(header) = Header::parse(&self.buffer)? else { return Ok(None) };
        let room = match header.kind {
            Kind::Command => self.limits.command_bytes,
            Kind::More | Kind::Last => self.limits.message_bytes - self.parts_bytes,
        };
        let size = usize::try_from(header.body).ok().filter(|size| *size <= room);
        let Some(size) = size else { return Err(WireError::Long(header.body)) };
        if self.buffer.len() - header.size < size {
            return Ok(None);
        }
        self.buffer.advance(header.size);
        let body = self.buffer.split_to(size);
        let body = if size <= COPIED_BYTES_MAX { Bytes::copy_from_slice(&body) } else { body.freeze() };
        Ok(Some((header.kind, body)))
    }
}

#[cfg(test)]
mod tests;

//! Frames: what ZMTP cuts its stream into after the greeting.
//!
//! ```text
//!  flags   length (1 byte, or 8 when LONG)   body
//! ```
//!
//! Messages and commands are turned into bytes here; the way back is the [`decoder`](crate::decoder).

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::WireError;

/// Another frame of the same message follows.
const MORE: u8 = 0b001;
/// The length has eight bytes.
const LONG: u8 = 0b010;
/// The frame is a command, and no part of a message.
const COMMAND: u8 = 0b100;

/// The longest header, in bytes.
const HEADER_BYTES_MAX: usize = 9;

/// What a frame is to its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Part of a message that goes on.
    More,
    /// The last part of a message.
    Last,
    /// A command, which may come even between the parts of a message: libzmq sends its PING so.
    Command,
}

/// The beginning of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// How many bytes the header itself has.
    pub(crate) size: usize,
    /// How many bytes the body has, as the peer says.
    pub(crate) body: u64,
}

impl Header {
    /// Reads a header; `None` when more bytes are needed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Header>, WireError> {
        let Some((&flags, rest)) = bytes.split_first() else { return Ok(None) };
        let kind = match flags & !LONG {
            0 => Kind::Last,
            MORE => Kind::More,
            COMMAND => Kind::Command,
            _ => return Err(WireError::Flags(flags)),
        };
        Ok(if flags & LONG == 0 {
            rest.first().map(|&body| Header { kind, size: 2, body: u64::from(body) })
        } else {
            rest.first_chunk().map(|&body| Header {
                kind,
                size: HEADER_BYTES_MAX,
                body: u64::from_be_bytes(body),
            })
        })
    }
}

/// Appends a frame.
pub(crate) fn put_frame(out: &mut BytesMut, kind: Kind, body: &[u8]) {
    let flags = match kind {
        Kind::More => MORE,
        Kind::Last => 0,
        Kind::Command => COMMAND,
    };
    if let Ok(short) = u8::try_from(body.len()) {
        out.put_slice(&[flags, short]);
    } else {
        out.put_u8(flags | LONG);
        out.put_u64(body.len() as u64);
    }
    out.put_slice(body);
}

/// A whole message as it goes over the wire. Of no frames comes nothing, because there is no such message.
pub(crate) fn encode_message<F: AsRef<[u8]>>(frames: &[F]) -> Bytes {
    let size = frames.iter().map(|frame| HEADER_BYTES_MAX + frame.as_ref().len()).sum();
    let mut out = BytesMut::with_capacity(size);
    for (at, frame) in frames.iter().enumerate() {
        let kind = if at + 1 == frames.len() { Kind::Last } else { Kind::More };
        put_frame(&mut out, kind, frame.as_ref());
    }
    out.freeze()
}

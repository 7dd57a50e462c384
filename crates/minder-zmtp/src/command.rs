//! Commands: what peers tell each other beside messages.
//!
//! A command is `length name data`. READY carries properties, `length name length32 value` each. What we do not know
//! is ignored, as the protocol wants.

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::WireError;
use crate::frame::{Kind, put_frame};

/// How many bytes an identity may have.
pub const IDENTITY_BYTES_MAX: usize = 255;

/// A command that means something to us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    /// The end of the handshake.
    Ready(Ready),
    /// Wants messages that begin so.
    Subscribe(Bytes),
    /// No longer wants them.
    Cancel(Bytes),
    /// Wants a PONG with the same context.
    Ping {
        /// For how long the peer may be silent afterwards, in tenths of a second. Zero is for ever.
        ttl: u16,
        context: Bytes,
    },
    /// PONG, ERROR, and whatever will be invented.
    Unknown,
}

/// What a peer says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ready {
    pub(crate) socket_type: Bytes,
    /// Empty when the peer has none.
    pub(crate) identity: Bytes,
}

/// The longest context of a PING that the protocol allows, in bytes.
const CONTEXT_BYTES_MAX: usize = 16;

impl Command {
    /// Reads a command's body.
    pub(crate) fn parse(body: &Bytes) -> Result<Command, WireError> {
        let mut rest = body.clone();
        let name = take_short(&mut rest)?;
        Ok(match &name[..] {
            b"READY" => Command::Ready(Ready::parse(rest)?),
            b"SUBSCRIBE" => Command::Subscribe(rest),
            b"CANCEL" => Command::Cancel(rest),
            b"PING" => {
                let ttl = take(&mut rest, 2)?;
                if rest.len() > CONTEXT_BYTES_MAX {
                    return Err(WireError::Command);
                }
                Command::Ping { ttl: u16::from_be_bytes([ttl[0], ttl[1]]), context: rest }
            }
            _ => Command::Unknown,
        })
    }
}

impl Ready {
    fn parse(mut rest: Bytes) -> Result<Ready, WireError> {
        let mut ready = Ready::default();
        while !rest.is_empty() {
            let name = take_short(&mut rest)?;
            let length = take(&mut rest, 4)?;
            let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
            let value = take(&mut rest, usize::try_from(length).map_err(|_| WireError::Command)?)?;
            // Names of properties have no case.
            if name.eq_ignore_ascii_case(b"Socket-Type") {
                ready.socket_type = value;
            } else if name.eq_ignore_ascii_case(b"Identity") {
                if value.len() > IDENTITY_BYTES_MAX {
                    return Err(WireError::Command);
                }
                ready.identity = value;
            }
        }
        Ok(ready)
    }
}

fn take(rest: &mut Bytes, size: usize) -> Result<Bytes, WireError> {
    if rest.len() < size { Err(WireError::Command) } else { Ok(rest.split_to(size)) }
}

/// Takes what one byte of length precedes.
fn take_short(rest: &mut Bytes) -> Result<Bytes, WireError> {
    let length = take(rest, 1)?;
    take(rest, usize::from(length[0]))
}

/// Appends READY. An empty identity is not mentioned.
pub(crate) fn put_ready(out: &mut BytesMut, socket_type: &str, identity: &[u8]) {
    let mut data = BytesMut::new();
    put_property(&mut data, b"\x0bSocket-Type", socket_type.as_bytes());
    if !identity.is_empty() {
        put_property(&mut data, b"\x08Identity", identity);
    }
    put_command(out, b"\x05READY", &data);
}

fn put_property(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.put_slice(name);
    // Types are short, and an identity has at most 255 bytes.
    out.put_u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
    out.put_slice(value);
}

/// Appends the answer to a PING.
pub(crate) fn put_pong(out: &mut BytesMut, context: &[u8]) {
    put_command(out, b"\x04PONG", context);
}

/// Appends SUBSCRIBE.
pub(crate) fn put_subscribe(out: &mut BytesMut, topic: &[u8]) {
    put_command(out, b"\x09SUBSCRIBE", topic);
}

/// Appends CANCEL.
pub(crate) fn put_cancel(out: &mut BytesMut, topic: &[u8]) {
    put_command(out, b"\x06CANCEL", topic);
}

/// `name` comes with its length before it.
fn put_command(out: &mut BytesMut, name: &[u8], data: &[u8]) {
    let mut body = BytesMut::with_capacity(name.len() + data.len());
    body.put_slice(name);
    body.put_slice(data);
    put_frame(out, Kind::Command, &body);
}

//! The Kegboard Serial Protocol, version 1: what board and host say to each other.
//!
//! ```text
//!  bytes ─reader─▶ Frame (id, payload) ─message─▶ Message
//!        ◀────────────────encode────────────────────┘
//! ```
//!
//! A frame is the eight letters `KBSP v1:`, the message's number and the payload's length (two bytes each, little-endian), at
//! most 112 bytes of payload, the CRC of all that, and CR LF.

mod crc;
mod frame;
mod message;
mod reader;

pub use crc::crc;
pub use frame::{Frame, PAYLOAD_BYTES_MAX};
pub(crate) use message::hex;
pub use message::{Malformed, Message, Output, degrees};
pub use reader::{CrcCheck, Found, Reader};

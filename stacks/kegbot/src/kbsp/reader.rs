//! Finds frames in what comes from a line that may begin anywhere, lose bytes and have noise.
//!
//! Whatever is no frame is passed over from the byte behind the one where the false frame began, so that a frame that begins
//! inside what looked like one is found.

use super::frame::{PREFIX, TRAILER};
use super::{Frame, PAYLOAD_BYTES_MAX, crc};

/// Prefix, number and length.
const HEAD: usize = 12;
/// Checksum and trailer.
const TAIL: usize = 4;

/// Whether checksums matter. Some boards that others made compute none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcCheck {
    /// A frame with a wrong one is dropped.
    Strict,
    /// It is taken.
    Ignored,
}

/// What the reader came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A frame.
    Frame(Frame),
    /// A byte stands where another should; told once for each run of bytes that are none of a frame.
    Broken {
        /// The byte.
        found: u8,
        /// The one that should have been there.
        expected: u8,
    },
    /// A frame begins again behind such a run.
    Fixed,
    /// A length that no frame has.
    BogusLength(u16),
    /// Other bytes than CR LF at the end.
    BadTrailer([u8; 2]),
    /// The checksum is not that of the bytes before it.
    BadCrc,
}

/// The bytes that may still become a frame.
#[derive(Debug)]
pub struct Reader {
    check: CrcCheck,
    held: Vec<u8>,
    broken: bool,
}

impl Reader {
    /// One that has seen nothing.
    #[must_use]
    pub const fn new(check: CrcCheck) -> Self {
        Self { check, held: Vec::new(), broken: false }
    }

    /// Takes bytes, and says what there is in them, in its order. No more than one frame's bytes are held at a time.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        for &byte in bytes {
            self.held.push(byte);
            while let Some(how) = self.look(&mut found) {
                self.held.drain(..how);
            }
        }
        found
    }

    /// Looks at what is held. How many bytes are done with, or nothing if more are needed first.
    fn look(&mut self, found: &mut Vec<Found>) -> Option<usize> {
        let first_wrong = self.held.iter().zip(PREFIX).position(|(byte, expected)| byte != expected);
        if let Some(at) = first_wrong {
            if !self.broken {
                found.push(Found::Broken { found: self.held[at], expected: PREFIX[at] });
                self.broken = true;
            }
            return Some(self.next_beginning(1));
        }
        if self.held.len() < HEAD {
            return None;
        }
        let length = u16::from_le_bytes([self.held[10], self.held[11]]);
        if usize::from(length) > PAYLOAD_BYTES_MAX {
            found.push(Found::BogusLength(length));
            return Some(self.next_beginning(1));
        }
        let end = HEAD + usize::from(length) + TAIL;
        if self.held.len() < end {
            return None;
        }
        self.whole(end, found)
    }

    /// As many bytes are held as the frame says that it has.
    fn whole(&mut self, end: usize, found: &mut Vec<Found>) -> Option<usize> {
        let (body, tail) = self.held[..end].split_at(end - TAIL);
        if tail[2..] != TRAILER[..] {
            found.push(Found::BadTrailer([tail[2], tail[3]]));
            return Some(self.next_beginning(1));
        }
        if self.check == CrcCheck::Strict && crc(body) != u16::from_le_bytes([tail[0], tail[1]]) {
            found.push(Found::BadCrc);
            return Some(self.next_beginning(1));
        }
        if self.broken {
            found.push(Found::Fixed);
            self.broken = false;
        }
        let id = u16::from_le_bytes([body[8], body[9]]);
        found.push(Found::Frame(Frame { id, payload: body[HEAD..].to_vec() }));
        Some(end)
    }

    /// Where, from this byte on, a frame may begin.
    fn next_beginning(&self, from: usize) -> usize {
        let may_begin = |at: &usize| self.held[*at..].iter().zip(PREFIX).all(|(byte, wanted)| byte == wanted);
        (from..self.held.len()).find(may_begin).unwrap_or(self.held.len())
    }
}

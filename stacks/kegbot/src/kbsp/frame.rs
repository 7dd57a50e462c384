//! One frame.

use super::crc;

pub(super) const PREFIX: &[u8; 8] = b"KBSP v1:";
pub(super) const TRAILER: &[u8; 2] = b"\r\n";

/// More bytes than a payload ever has.
pub const PAYLOAD_BYTES_MAX: usize = 112;

/// What a frame carries: the number of a message, and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The message's number.
    pub id: u16,
    /// Its fields: tag, length, value, each after the other. At most [`PAYLOAD_BYTES_MAX`].
    pub payload: Vec<u8>,
}

impl Frame {
    /// The frame as it is sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = PREFIX.to_vec();
        bytes.extend(self.id.to_le_bytes());
        let length = u16::try_from(self.payload.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend(&self.payload);
        bytes.extend(crc(&bytes).to_le_bytes());
        bytes.extend(TRAILER);
        bytes
    }

    /// Adds a field. What is longer than a length can say is cut.
    pub(super) fn put(&mut self, tag: u8, value: &[u8]) {
        let value = &value[..value.len().min(usize::from(u8::MAX))];
        self.payload.extend([tag, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
        self.payload.extend(value);
    }

    /// The value of a field: the last one, if it is there more than once. A field that is cut off is not there.
    pub(super) fn field(&self, wanted: u8) -> Option<&[u8]> {
        let (mut rest, mut found) = (self.payload.as_slice(), None);
        while let [tag, length, values @ ..] = rest {
            let length = usize::from(*length);
            let Some(value) = values.get(..length) else { break };
            if *tag == wanted {
                found = Some(value);
            }
            rest = &values[length..];
        }
        found
    }
}

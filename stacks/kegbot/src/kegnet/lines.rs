//! Messages out of what comes from a socket: each ends with two line feeds.

/// More bytes than a message has. Who sends more without an end is not heard any longer.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// A message that does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The bytes of a message that is not yet whole.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
    /// So many of them are known to hold no end.
    searched: usize,
}

impl Lines {
    /// Takes bytes, and gives the messages that are whole, without their ends.
    ///
    /// # Errors
    /// When a message is longer than [`MESSAGE_BYTES_MAX`]. What was whole before it is lost with it.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        self.held.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut begin = 0;
        let mut from = self.searched;
        while let Some(at) = self.held[from..].windows(2).position(|pair| pair == b"\n\n") {
            let end = from + at;
            messages.push(self.held[begin..end].to_vec());
            begin = end + 2;
            from = begin;
        }
        self.held.drain(..begin);
        if self.held.len() > MESSAGE_BYTES_MAX {
            return Err(TooLong);
        }
        self.searched = self.held.len().saturating_sub(1);
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_with_two_line_feeds_wherever_they_are_cut() {
        let all = b"{\"a\": 1}\n\n\n\nbc\n\nd";
        for cut in 0..all.len() {
            let mut lines = Lines::default();
            let mut messages = lines.feed(&all[..cut]).unwrap();
            messages.extend(lines.feed(&all[cut..]).unwrap());
            assert_eq!(messages, [b"{\"a\": 1}".to_vec(), b"".to_vec(), b"bc".to_vec()], "{cut}");
        }
    }

    #[test]
    fn what_does_not_end_is_given_up() {
        let mut lines = Lines::default();
        assert!(lines.feed(&vec![b'x'; MESSAGE_BYTES_MAX]).is_ok());
        assert_eq!(lines.feed(b"x"), Err(TooLong));
    }
}

//! The end of what a run printed, and all of it as lines in the worker's log.

use std::collections::VecDeque;
use std::io::Write as _;

use crate::run::TAIL_BYTES;

/// A longer line becomes several.
const LINE_BYTES_MAX: usize = 8192;

/// Takes what comes.
#[derive(Debug)]
pub(super) struct Tail {
    last: VecDeque<u8>,
    line: Vec<u8>,
    /// What stands before each line of the log.
    name: String,
}

impl Tail {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { last: VecDeque::new(), line: Vec::new(), name: name.into() }
    }

    /// What was printed before is forgotten, but for the log.
    pub(super) fn begin(&mut self, name: impl Into<String>) {
        self.flush();
        self.last.clear();
        self.name = name.into();
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let overflow = (self.last.len() + kept.len()).saturating_sub(TAIL_BYTES);
        self.last.drain(..overflow);
        self.last.extend(kept);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for piece in piece.chunks(LINE_BYTES_MAX) {
                self.line.extend_from_slice(piece);
                if self.line.ends_with(b"\n") || self.line.len() >= LINE_BYTES_MAX {
                    self.flush();
                }
            }
        }
    }

    /// Ends a line that has not ended.
    pub(super) fn flush(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let mut line = format!("{}: ", self.name).into_bytes();
        line.append(&mut self.line);
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        // A log that nobody takes must not stop what is logged.
        let _ = std::io::stdout().lock().write_all(&line);
    }

    /// The end of it, as text; it begins with a whole character.
    pub(super) fn text(&self) -> String {
        let bytes: Vec<u8> = self.last.iter().copied().collect();
        let is_cut = bytes.len() == TAIL_BYTES;
        let begin = bytes.iter().take(4).take_while(|byte| is_cut && (**byte & 0xc0) == 0x80).count();
        String::from_utf8_lossy(&bytes[begin..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;
    use crate::run::TAIL_BYTES;

    #[test]
    fn the_end_stays_and_begins_with_a_whole_character() {
        let mut tail = Tail::new("t");
        tail.push(b"a");
        assert_eq!(tail.text(), "a");
        tail.push("ä".repeat(TAIL_BYTES / 2).as_bytes());
        tail.push(b"b");
        let text = tail.text();
        assert_eq!(text.len(), TAIL_BYTES - 1);
        assert!(text.starts_with('ä') && text.ends_with("äb"));
        tail.begin("u");
        assert_eq!(tail.text(), "");
    }
}

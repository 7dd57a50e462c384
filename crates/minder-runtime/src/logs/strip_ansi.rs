//! Takes terminal escape sequences out of a chunk.

use std::borrow::Cow;

const BEGIN: &[u8] = b"\x1b[";

/// The chunk without everything from each `ESC [` to the first byte that may end a sequence.
///
/// A sequence that the chunk does not end swallows the rest of the chunk, and its second half is kept when the next
/// chunk brings it: the original remembers nothing from one read to the next (spec 2.6), and neither do we.
pub(super) fn strip(chunk: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = find(chunk) else { return Cow::Borrowed(chunk) };
    let mut kept = chunk[..first].to_vec();
    let mut rest = &chunk[first..];
    while let Some(end) = rest.iter().position(|byte| ends(*byte)) {
        rest = &rest[end + 1..];
        let next = find(rest);
        kept.extend_from_slice(&rest[..next.unwrap_or(rest.len())]);
        rest = match next {
            Some(next) => &rest[next..],
            None => break,
        };
    }
    Cow::Owned(kept)
}

fn find(chunk: &[u8]) -> Option<usize> {
    memchr::memmem::find(chunk, BEGIN)
}

/// The original's set, which lacks some (`G`, `n`) that terminals know.
fn ends(byte: u8) -> bool {
    matches!(
        byte,
        b'H' | b'f'
            | b'A'
            | b'B'
            | b'C'
            | b'D'
            | b'R'
            | b's'
            | b'u'
            | b'J'
            | b'K'
            | b'h'
            | b'l'
            | b'p'
            | b'm'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_oneof, proptest};
    use proptest::prop_assert_eq;
    use proptest::strategy::{Just, Strategy};

    use super::*;

    /// Byte by byte, as the words of the specification say it.
    fn model(chunk: &[u8]) -> Vec<u8> {
        let mut kept = Vec::new();
        let mut inside = false;
        for (at, byte) in chunk.iter().enumerate() {
            if inside {
                inside = !b"HfABCDRsuJKhlpm".contains(byte);
            } else if chunk[at..].starts_with(b"\x1b[") {
                inside = true;
            } else {
                kept.push(*byte);
            }
        }
        kept
    }

    fn noisy() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0x1b), Just(b'['), Just(b'm'), Just(b'1'), Just(b'H'), any::<u8>()];
        proptest::collection::vec(byte, 0..60)
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_the_words_say(chunk in noisy()) {
            prop_assert_eq!(strip(&chunk).into_owned(), model(&chunk));
        }
    }

    #[test]
    fn colours_go_and_an_unfinished_sequence_takes_the_rest() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"plain", b"plain"),
            (b"\x1b[31mred\x1b[0m!", b"red!"),
            (b"a\x1b[31", b"a"),
            (b"\x1b[m\x1b[m", b""),
            (b"\x1b[1\x1b[mx", b"x"),
        ];
        for (chunk, kept) in cases {
            assert_eq!(strip(chunk), kept);
        }
    }
}

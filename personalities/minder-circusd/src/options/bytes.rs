//! Bytes of the operating system as text, and back.
//!
//! Python holds a byte of an environment variable or a path that is no UTF-8 as a lone surrogate, which Rust's text cannot
//! hold. The last 128 code points stand in for them: they are for private use, two of them are no characters at all, and
//! [`encode`] turns them back, so a variable reaches the workers as it came.

const RAW_BYTE_BASE: u32 = 0x10_ff00;

/// The text of bytes; [`encode`] is the way back.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().split_inclusive(|c| raw_byte(c).is_some()) {
            // One that stands for a byte, and is meant itself, is held as its bytes.
            match character.char_indices().next_back().filter(|(_, last)| raw_byte(*last).is_some()) {
                Some((at, last)) => {
                    text.push_str(&character[..at]);
                    text.extend(last.encode_utf8(&mut [0; 4]).bytes().filter_map(stand_in));
                }
                None => text.push_str(character),
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    text
}

fn stand_in(byte: u8) -> Option<char> {
    char::from_u32(RAW_BYTE_BASE + u32::from(byte))
}

/// The byte that a character stands for.
fn raw_byte(character: char) -> Option<u8> {
    u8::try_from(u32::from(character).wrapping_sub(RAW_BYTE_BASE)).ok().filter(|byte| *byte >= 0x80)
}

/// The bytes of a text.
#[must_use]
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        match raw_byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    bytes
}

/// Bytes as Python shows them.
#[must_use]
pub fn repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut shown = format!("b{quote}");
    for &byte in bytes {
        match byte {
            b'\\' => shown.push_str("\\\\"),
            b'\n' => shown.push_str("\\n"),
            b'\r' => shown.push_str("\\r"),
            b'\t' => shown.push_str("\\t"),
            _ if char::from(byte) == quote => shown.extend(['\\', quote]),
            b' '..=b'~' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("\\x{byte:02x}")),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&decode(&all)), all);
        assert_eq!(decode("ä".as_bytes()), "ä");
        let impostors = "a\u{10ff98}b\u{10ff7f}\u{10ffff}".as_bytes();
        assert_eq!(encode(&decode(impostors)), impostors);
    }
}

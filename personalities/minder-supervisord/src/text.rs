//! Texts that the original takes from Python: how bytes look when they are shown as text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Bytes as Python's `repr` shows them: `b'READY\n'`.
#[must_use]
pub fn bytes_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(char::from(quote));
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ if byte == quote => {
                out.push('\\');
                out.push(char::from(quote));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push(char::from(quote));
    out
}

/// Bytes as text, or what the original says in place of bytes that are not UTF-8.
#[must_use]
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(format!("Undecodable: {}", bytes_repr(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        for (bytes, shown) in [
            (&b"READY\n"[..], r"b'READY\n'"),
            (b"it's", r#"b"it's""#),
            (b"'\"", r#"b'\'"'"#),
            (b"a\\\t\r\x00\x7f\xff~ ", r"b'a\\\t\r\x00\x7f\xff~ '"),
            (b"", "b''"),
        ] {
            assert_eq!(bytes_repr(bytes), shown);
        }
        assert_eq!(decoded("é".as_bytes()), "é");
        assert_eq!(decoded(b"\xff"), r"Undecodable: b'\xff'");
    }
}

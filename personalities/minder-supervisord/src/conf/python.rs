//! What Python means by a space, a quoted text, a whole number and a decoded file.
//!
//! The original is a Python program and lets the language's own rules and messages through in many places. They are facts
//! of its interface, so they are kept here, apart from what they are used for.

use std::fmt::Write as _;

/// Python's `str.isspace` for one character: Unicode white space and the four ASCII separators, which Rust leaves out.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Python's `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Python's `str.rstrip()`.
pub(crate) fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// Python's `repr()` of a text: in single quotes unless only single quotes are inside, with escapes for what cannot be
/// printed.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => push_escape(&mut out, c),
        }
    }
    out.push(quote);
    out
}

/// Python's `ascii()` of a text: as [`repr`], with everything beyond ASCII escaped.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in repr(text).chars() {
        if c.is_ascii() { out.push(c) } else { push_escape(&mut out, c) }
    }
    out
}

fn push_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let _ = match code {
        _ if is_raw_byte(c) => write!(out, "\\udc{:02x}", code - RAW_BYTE_BASE),
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Rust's own table of printable characters is made from the same Unicode categories as Python's. It is only reachable
/// through escaping, and only behind a first character does that leave combining marks alone.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    if is_raw_byte(c) {
        return false;
    }
    let mut shielded = String::from("a");
    shielded.push(c);
    shielded.escape_debug().count() == 2
}

/// Zero of every script's decimal digits; nine more follow each.
const DIGIT_ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script.
pub(crate) fn digit(c: char) -> Option<u32> {
    let code = u32::from(c);
    let zeros = DIGIT_ZEROS.partition_point(|zero| *zero <= code);
    let value = code - DIGIT_ZEROS.get(zeros.checked_sub(1)?)?;
    (value < 10).then_some(value)
}

/// Longest decimal number that Python agrees to read.
const INTEGER_DIGITS_MAX: usize = 4300;

/// Why a text is no whole number, in Python's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotInteger {
    /// Not written as a number of that base.
    Literal { base: u32, text: String },
    /// So many digits that Python refuses to convert them.
    TooLong { digits: usize },
}

impl std::fmt::Display for NotInteger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal { base, text } => {
                // Python cuts the quoted text here, and only here, at 200 characters.
                let quoted: String = repr(text).chars().take(200).collect();
                write!(f, "invalid literal for int() with base {base}: {quoted}")
            }
            Self::TooLong { digits } => write!(
                f,
                "Exceeds the limit ({INTEGER_DIGITS_MAX} digits) for integer string conversion: value has {digits} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            ),
        }
    }
}

/// Python's `int(text)`. A number beyond `i128` becomes the nearest `i128`: Python's numbers have no end, but no setting
/// has a use for such a one.
pub(crate) fn decimal(text: &str) -> Result<i128, NotInteger> {
    let literal = || NotInteger::Literal { base: 10, text: text.to_owned() };
    let digits = count_digits(strip(text)).filter(|digits| *digits > INTEGER_DIGITS_MAX);
    if let Some(digits) = digits {
        return Err(NotInteger::TooLong { digits });
    }
    number(text, 10).ok_or_else(literal)
}

/// Python's `int(text, 8)`, which also takes a leading `0o`.
pub(crate) fn octal(text: &str) -> Result<i128, NotInteger> {
    number(text, 8).ok_or_else(|| NotInteger::Literal { base: 8, text: text.to_owned() })
}

fn count_digits(text: &str) -> Option<usize> {
    number(text, 10).map(|_| text.chars().filter(|c| digit(*c).is_some()).count())
}

fn number(text: &str, base: u32) -> Option<i128> {
    let text = strip(text);
    let (negative, mut digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if base == 8
        && let Some(rest) = digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0O"))
    {
        // One underscore may stand between the prefix and the digits.
        digits = rest.strip_prefix('_').unwrap_or(rest);
    }
    let mut value: i128 = 0;
    let mut after_digit = false;
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = digit(c).filter(|digit| *digit < base)?;
        value = value.saturating_mul(i128::from(base)).saturating_add(i128::from(digit));
        after_digit = true;
    }
    after_digit.then_some(if negative { -value } else { value })
}

/// First of the private characters that stand for bytes which are no UTF-8.
///
/// Python gives such bytes of an environment variable or a file name as lone surrogates, which Rust's text cannot hold.
/// The last 128 code points stand in for them: they are for private use, two of them are no characters at all, and
/// [`encode`] turns them back, so a variable reaches the children as it came.
const RAW_BYTE_BASE: u32 = 0x10_ff00;

fn is_raw_byte(c: char) -> bool {
    u32::from(c) >= RAW_BYTE_BASE + 0x80
}

/// Bytes of the operating system as text; [`encode`] is the way back.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(
            chunk.invalid().iter().filter_map(|byte| char::from_u32(RAW_BYTE_BASE + u32::from(*byte))),
        );
    }
    text
}

/// Text as bytes for the operating system.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        match u8::try_from(u32::from(c) & 0xff) {
            Ok(byte) if is_raw_byte(c) => bytes.push(byte),
            Ok(_) | Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    bytes
}

/// Bytes that Python decodes at a time when it reads a text file. It counts error positions from the start of such a
/// chunk, and lines of earlier chunks are already parsed when it meets an error.
const CHUNK: usize = 8192;

/// A file as Python's text layer gives it to a line reader.
pub(crate) struct Decoded<'a> {
    /// What was decoded before the first error; all of the file if there is none.
    pub(crate) text: &'a str,
    /// The error, with the byte at which it lies.
    pub(crate) error: Option<(usize, String)>,
}

/// Decodes a file that should be UTF-8.
pub(crate) fn decode_file(bytes: &[u8]) -> Decoded<'_> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Decoded { text, error: None },
        Err(error) => error,
    };
    let bad = error.valid_up_to();
    let length = error.error_len();
    let start = match length {
        // Only the end of the file shows that the character stays unfinished; by then it is alone in the decoder.
        None => bad,
        // The byte that decides it opens a new chunk, or lies in the one that holds the character's first byte.
        Some(length) => {
            let decisive = if is_invalid_start(bytes[bad]) { bad } else { bad + length };
            character_start(bytes, decisive / CHUNK * CHUNK)
        }
    };
    let text = std::str::from_utf8(&bytes[..start]).unwrap_or_default();
    Decoded { text, error: Some((bad, codec_message(bytes, bad, length, bad - start))) }
}

fn is_invalid_start(byte: u8) -> bool {
    matches!(byte, 0x80..=0xc1 | 0xf5..=0xff)
}

/// Where the unfinished character at the end of `bytes[..end]` begins; `end` if there is none.
fn character_start(bytes: &[u8], end: usize) -> usize {
    match std::str::from_utf8(&bytes[..end]) {
        Ok(_) => end,
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => end,
    }
}

fn codec_message(bytes: &[u8], bad: usize, length: Option<usize>, position: usize) -> String {
    let reason = match (length, bytes[bad]) {
        (None, _) => "unexpected end of data",
        (Some(_), byte) if is_invalid_start(byte) => "invalid start byte",
        (Some(_), _) => "invalid continuation byte",
    };
    match length.unwrap_or(bytes.len() - bad) {
        1 => format!("'utf-8' codec can't decode byte 0x{:02x} in position {position}: {reason}", bytes[bad]),
        n => {
            format!("'utf-8' codec can't decode bytes in position {position}-{}: {reason}", position + n - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        for (text, quoted) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("a\n\t\\\x7f", "'a\\n\\t\\\\\\x7f'"),
            ("é\u{301}\u{200b}\u{feff}", "'é\u{301}\\u200b\\ufeff'"),
            ("\u{1f600}\u{e0001}", "'\u{1f600}\\U000e0001'"),
        ] {
            assert_eq!(repr(text), quoted);
        }
        assert_eq!(repr(&decode(b"a\xff")), "'a\\udcff'");
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, value) in
            [("5", Some(5)), (" +1_000 ", Some(1000)), ("-0", Some(0)), ("007", Some(7)), ("٣", Some(3))]
        {
            assert_eq!(decimal(text).ok(), value, "{text}");
        }
        for text in ["", "_1", "1_", "1__0", "0x1", "1.0", "+ 1", "- 1", "²"] {
            assert!(decimal(text).is_err(), "{text}");
        }
        for (text, value) in [("022", 18), ("0o22", 18), ("0O_7", 7), ("-7", -7)] {
            assert_eq!(octal(text).ok(), Some(value), "{text}");
        }
        assert!(octal("8").is_err() && octal("0o").is_err() && octal("0o__7").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_survive_the_round_trip() {
        let all: Vec<u8> = (0..=255).chain("é€".bytes()).collect();
        assert_eq!(encode(&decode(&all)), all);
    }
}

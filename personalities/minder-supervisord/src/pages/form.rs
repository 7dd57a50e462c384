//! What a request holds: its query and its form.

/// The values of a request, by name.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

/// How many values a request may have; those beyond are not looked at.
const VALUES_MAX: usize = 64;

impl Form {
    /// Takes a query and a form apart. A value of the form hides one of the query; of two with one name the first of
    /// a query and the last of a form count; empty ones count as missing. All this as in the original.
    #[must_use]
    pub fn new(query: &str, form: &[u8]) -> Form {
        let form = String::from_utf8_lossy(form);
        let mut values: Vec<_> = pairs(&form).collect();
        values.reverse();
        values.extend(pairs(query));
        Form(values)
    }

    /// The value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let decoded =
        pairs.map(|(name, value)| (unquote(&name.replace('+', " ")), unquote(&value.replace('+', " "))));
    decoded.filter(|(_, value)| !value.is_empty()).take(VALUES_MAX)
}

/// Undoes percent-encoding. What is no encoding stays; what is not UTF-8 then becomes U+FFFD.
#[must_use]
pub fn unquote(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(hex);
        out.push(digits.unwrap_or(byte));
        at += if digits.is_some() { 3 } else { 1 };
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match digits {
        &[high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    }
}

/// Percent-encodes all but letters, digits and `_.-~/`.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

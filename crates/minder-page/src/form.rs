//! Forms and queries: `name=value` pairs, percent-encoded.

/// How many pairs are read; whoever sends more is not one of our pages.
const PAIRS_MAX: usize = 1024;

/// What a form or a query has said, in its order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads all pairs. What is not UTF-8 has a replacement in its place.
    pub(crate) fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).take(PAIRS_MAX);
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
        )
    }

    /// The first of a name.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All of a name, in their order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Percent-encoded text as what it stands for; a plus is a space, a percent sign without two digits is itself.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, behind @ ..]) => match digit(*high).zip(digit(*low)) {
                Some((high, low)) => {
                    bytes.push(high << 4 | low);
                    rest = behind;
                }
                None => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Text as a part of a path or a query.
#[must_use]
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_in_their_order_and_strange_ones_do_no_harm() {
        let fields = Fields::read("a=1&b=x+y%C3%A4&a=2&c&=d&%zz=%&&");
        assert_eq!(fields.first("a"), Some("1"));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.first("b"), Some("x yä"));
        assert_eq!(fields.first("c"), Some(""));
        assert_eq!(fields.first("%zz"), Some("%"));
        assert_eq!(fields.first("none"), None);
    }

    #[test]
    fn what_is_encoded_is_read_back() {
        for text in ["plain", "a b&c=d/ä%+", ""] {
            assert_eq!(decoded(&encoded(text)), text);
        }
    }

    #[test]
    fn the_number_of_pairs_has_a_bound() {
        let many = "a=1&".repeat(PAIRS_MAX + 5);
        assert_eq!(Fields::read(&many).all("a").count(), PAIRS_MAX);
    }
}

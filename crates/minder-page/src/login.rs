//! The password: HTTP basic authentication, whatever the name.

use sha1_smol::Sha1;

/// Who knows the password may use the site.
#[derive(Clone)]
pub(crate) struct Login {
    /// Its digest: what is compared has the same length whatever was sent.
    digest: [u8; 20],
}

impl Login {
    pub(crate) fn new(password: &str) -> Self {
        Self { digest: digest(password.as_bytes()) }
    }

    /// Whether an `Authorization` header has the password.
    pub(crate) fn admits(&self, header: Option<&str>) -> bool {
        let Some((scheme, credentials)) = header.and_then(|header| header.split_once(' ')) else {
            return false;
        };
        if !scheme.eq_ignore_ascii_case("basic") {
            return false;
        }
        let Some(decoded) = base64(credentials.trim()) else { return false };
        let Some(colon) = decoded.iter().position(|&byte| byte == b':') else { return false };
        same(&digest(&decoded[colon + 1..]), &self.digest)
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password has no business in a log line, nor has its digest.
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

fn digest(bytes: &[u8]) -> [u8; 20] {
    Sha1::from(bytes).digest().bytes()
}

/// Compares in a time that does not depend on where the first difference is.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (a, b)| std::hint::black_box(seen | (a ^ b))) == 0
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for chunk in text.chunks(4) {
        let mut bits = 0_u32;
        for &byte in chunk {
            bits = bits << 6 | u32::from(six(byte)?);
        }
        bits <<= 6 * (4 - chunk.len());
        let whole = match chunk.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        bytes.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    Some(bytes)
}

fn six(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_lets_in_under_any_name_and_nothing_else_does() {
        let login = Login::new("p:p");
        assert!(login.admits(Some("Basic dTpwOnA=")));
        assert!(login.admits(Some("bAsIc OnA6cA==")));
        for wrong in ["Basic dTpwcA==", "Basic", "Basic !", "Digest dTpwOnA=", "Basic cDpw", "Basic dQ==", ""]
        {
            assert!(!login.admits(Some(wrong)), "{wrong}");
        }
        assert!(!login.admits(None));
    }

    #[test]
    fn base64_is_read_to_its_last_byte() {
        assert_eq!(base64("").as_deref(), Some(&b""[..]));
        assert_eq!(base64("dTpw").as_deref(), Some(&b"u:p"[..]));
        assert_eq!(base64("dTpwcA==").as_deref(), Some(&b"u:pp"[..]));
        assert_eq!(base64("d"), None);
        assert_eq!(base64("d?=="), None);
    }
}

//! HTTP basic authentication.

use hyper::header::HeaderMap;

/// Who may use a site.
#[derive(Clone)]
pub struct Login {
    username: String,
    /// The SHA-1 digest of the password: what is compared has the same length whatever was sent.
    password: [u8; 20],
}

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password has no business in a log line, nor has its digest.
        out.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What came of looking at a request's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// They are right.
    Granted,
    /// There are none, they are wrong, or they are of another scheme: HTTP 401.
    Refused,
    /// They cannot be decoded: HTTP 400.
    Garbled,
}

impl Login {
    /// A name and a password as the configuration has them: in clear, or as `{SHA}` and 40 lower-case hexadecimal
    /// digits. A digest that is none lets nobody in, as in the original.
    #[must_use]
    pub fn new(username: &str, password: &str) -> Login {
        let password = match password.strip_prefix("{SHA}") {
            Some(digest) => from_hex(digest).unwrap_or(NO_DIGEST),
            None => digest(password.as_bytes()),
        };
        Login { username: username.to_owned(), password }
    }

    /// Looks at a request's credentials.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap) -> Admission {
        let Some(header) = headers.get(hyper::header::AUTHORIZATION) else { return Admission::Refused };
        let Ok(header) = header.to_str() else { return Admission::Refused };
        let Some((scheme, credentials)) = header.split_once(' ') else { return Admission::Refused };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Admission::Refused;
        }
        let Some(decoded) = base64(credentials).and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return Admission::Garbled;
        };
        let Some((username, password)) = decoded.split_once(':') else { return Admission::Refused };
        // Both are looked at, and as digests, so that the time it takes tells nothing.
        let same_name = same(&digest(username.as_bytes()), &digest(self.username.as_bytes()));
        let same_password = same(&digest(password.as_bytes()), &self.password) & (self.password != NO_DIGEST);
        if same_name & same_password { Admission::Granted } else { Admission::Refused }
    }
}

const NO_DIGEST: [u8; 20] = [0; 20];

fn digest(bytes: &[u8]) -> [u8; 20] {
    sha1_smol::Sha1::from(bytes).digest().bytes()
}

/// Compares in a time that does not depend on where the first difference is.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let difference = a.iter().zip(b).fold(0, |seen, (a, b)| std::hint::black_box(seen | (a ^ b)));
    difference == 0
}

fn from_hex(text: &str) -> Option<[u8; 20]> {
    let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if text.len() != 40 || !text.as_bytes().iter().all(lower) {
        return None;
    }
    let mut digest = NO_DIGEST;
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// Decodes base64 as Python does: characters that do not belong to it are passed over, the padding must be right.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held, mut padding) = (0_u32, 0, 0);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => continue,
        };
        if padding > 0 {
            break;
        }
        bits = (bits << 6 | u32::from(six)) & 0x00ff_ffff;
        held += 1;
        if held == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            held = 0;
        }
    }
    let rest = bits << (6 * (4 - held).min(4)) & 0x00ff_ffff;
    match (held, padding) {
        (0, _) => {}
        (2, 2..) => bytes.push(rest.to_be_bytes()[1]),
        (3, 1..) => bytes.extend_from_slice(&rest.to_be_bytes()[1..3]),
        _ => return None,
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Admission, Login, base64};
    use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};

    fn admitted(login: &Login, header: &'static str) -> Admission {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(header));
        login.admits(&headers)
    }

    #[test]
    fn base64_is_read_as_python_reads_it() {
        assert_eq!(base64("dTpw").as_deref(), Some(&b"u:p"[..]));
        assert_eq!(base64("dTpwcA==").as_deref(), Some(&b"u:pp"[..]));
        assert_eq!(base64("dTpwcHA=").as_deref(), Some(&b"u:ppp"[..]));
        assert_eq!(base64("d T\np!w").as_deref(), Some(&b"u:p"[..]));
        assert_eq!(base64("").as_deref(), Some(&b""[..]));
        assert_eq!(base64("dTpwcA"), None);
        assert_eq!(base64("d"), None);
    }

    #[test]
    fn a_name_and_its_password_let_in_and_nothing_else_does() {
        for password in ["p", "{SHA}516b9783fca517eecbd1d064da2d165310b19759"] {
            let login = Login::new("u", password);
            assert_eq!(admitted(&login, "Basic dTpw"), Admission::Granted, "{password}");
            assert_eq!(admitted(&login, "bAsIc dTpw"), Admission::Granted);
            assert_eq!(admitted(&login, "Basic dTpwcA=="), Admission::Refused);
            assert_eq!(admitted(&login, "Basic cDpw"), Admission::Refused);
            assert_eq!(admitted(&login, "Digest dTpw"), Admission::Refused);
            assert_eq!(admitted(&login, "Basic dTpwcA"), Admission::Garbled);
            assert_eq!(login.admits(&HeaderMap::new()), Admission::Refused);
        }
    }

    #[test]
    fn a_digest_that_is_none_lets_nobody_in() {
        let login = Login::new("u", "{SHA}zz");
        assert_eq!(admitted(&login, "Basic dTpw"), Admission::Refused);
    }
}

//! Tokens, by which a form is known to come from a page of ours.
//!
//! A browser that has no cookie of ours gets one: a random number. A form's token is that number under a key that only this
//! server has, and that is new with each start. Another site can neither read the page that has the token nor set the cookie, and
//! the cookie is not sent with its requests at all.

use maud::{Markup, Render, html};
use sha1_smol::Sha1;

use crate::login::same;

/// The field of forms.
pub(crate) const FIELD: &str = "token";
/// The header in which scripts may send it instead.
pub(crate) const HEADER: &str = "x-token";
/// The cookie. Servers on other ports of this machine use the same, each with its own key.
pub(crate) const COOKIE: &str = "minder-page";
/// How many bytes a cookie's number and a key have.
const RANDOM_BYTES: usize = 16;

/// The token for the forms of one browser. Rendered, it is a hidden field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Token(String);

impl Token {
    /// As the field has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form has sent this one.
    pub(crate) fn is(&self, sent: &str) -> bool {
        same(self.0.as_bytes(), sent.as_bytes())
    }
}

impl Render for Token {
    fn render(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.0); }
    }
}

/// What tokens are made with.
#[derive(Debug)]
pub(crate) struct Key([u8; RANDOM_BYTES]);

impl Key {
    pub(crate) fn new() -> std::io::Result<Self> {
        random().map(Self)
    }

    /// The token of a cookie. Twice, so that nobody can go on from one digest to that of a longer text.
    pub(crate) fn token(&self, cookie: &str) -> Token {
        let inner = Sha1::from([&self.0[..], cookie.as_bytes()].concat()).digest().bytes();
        Token(Sha1::from([&self.0[..], &inner[..]].concat()).digest().to_string())
    }
}

/// A number for a cookie.
pub(crate) fn new_cookie() -> std::io::Result<String> {
    Ok(random()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The cookie's number among all that a browser has sent.
pub(crate) fn cookie_of(header: &str) -> Option<&str> {
    let (_, value) = header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && is_number(value))?;
    Some(value)
}

fn is_number(value: &str) -> bool {
    value.len() == 2 * RANDOM_BYTES && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn random() -> std::io::Result<[u8; RANDOM_BYTES]> {
    let mut bytes = [0; RANDOM_BYTES];
    let count = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    // So few bytes come whole, or the kernel is none that we know.
    if count == RANDOM_BYTES { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_cookie_and_of_one_server() {
        let (key, other) = (Key::new().expect("random"), Key::new().expect("random"));
        let (cookie, another) = (new_cookie().expect("random"), new_cookie().expect("random"));
        let token = key.token(&cookie);
        assert!(token.is(key.token(&cookie).as_str()));
        assert!(!token.is(key.token(&another).as_str()));
        assert!(!token.is(other.token(&cookie).as_str()));
        assert!(!token.is(""));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let number = "0123456789abcdef0123456789abcdef";
        assert_eq!(cookie_of(&format!("a=b; minder-page={number}; c=d")), Some(number));
        assert_eq!(cookie_of("minder-page=short"), None);
        assert_eq!(cookie_of(&format!("minder-pages={number}")), None);
        assert_eq!(cookie_of(""), None);
    }
}

//! What was asked for.

use hyper::body::Incoming;

use crate::form::{Fields, decoded};
use crate::token::Token;

/// How long the body of a form may be, in bytes. Beyond: HTTP 413.
pub const FORM_BYTES_MAX: usize = 64 << 10;

/// What a request may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// It looks. `HEAD` is one, whose answer is sent without its body.
    Get,
    /// It changes something. Whoever gets one can rely on it that a page of this server has sent it.
    Post,
}

/// A request that has passed all guards.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    segments: Vec<String>,
    query: Fields,
    form: Fields,
    token: Token,
}

impl Request {
    pub(crate) fn new(method: Method, target: &hyper::Uri, form: &str, token: Token) -> Self {
        Self {
            method,
            path: target.path().to_owned(),
            // A plus is itself in a path.
            segments: target
                .path()
                .split('/')
                .filter(|part| !part.is_empty())
                .map(|part| decoded(&part.replace('+', "%2B")))
                .collect(),
            query: Fields::read(target.query().unwrap_or_default()),
            form: Fields::read(form),
            token,
        }
    }

    /// What it may do.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path as it was sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The parts of the path to match on, decoded: `["devices", "cellar"]`; `/` has none.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A value of the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.first(name)
    }

    /// A value of the form.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<&str> {
        self.form.first(name)
    }

    /// All values of the form that have this name, in their order.
    pub fn form_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.form.all(name)
    }

    /// The token that the forms of the answer have to carry.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// One for the tests of a site.
    #[must_use]
    pub fn for_test(method: Method, target: &str, form: &str) -> Self {
        let target = target.parse().unwrap_or_default();
        Self::new(method, &target, form, Token::default())
    }
}

/// A request of a program.
#[derive(Debug)]
pub struct Call {
    /// What it asks for. Its token means nothing.
    pub request: Request,
    pub(crate) headers: hyper::HeaderMap,
}

impl Call {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A header as text.
pub(crate) fn header<'a>(request: &'a hyper::Request<Incoming>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_apart_for_a_match() {
        let request = Request::for_test(Method::Post, "/devices/old%20cellar+1/mode?from=3&to=5", "a=1&a=2");
        assert_eq!(request.segments(), ["devices", "old cellar+1", "mode"]);
        assert_eq!((request.query("from"), request.query("x")), (Some("3"), None));
        assert_eq!(request.form_all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert!(Request::for_test(Method::Get, "/", "").segments().is_empty());
    }
}

//! What is answered, and the headers that all answers have.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::body::{Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use maud::{Markup, PreEscaped, html};

use crate::feed::Look;
use crate::shell::Shell;

/// What a page may do: nothing but what comes from this server, and no script or style in its text.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer carries. The referrer stays within the site, and not less: without one a browser does not say either from
/// which page a form comes.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// An answer.
#[derive(Debug)]
pub struct Response(hyper::Response<Body>);

impl Response {
    /// A page, or a fragment of one.
    #[must_use]
    pub fn html(markup: Markup) -> Self {
        let PreEscaped(text) = markup;
        Self::whole(StatusCode::OK, "text/html; charset=utf-8", text.into())
    }

    /// JSON, as text.
    #[must_use]
    pub fn json(text: impl Into<String>) -> Self {
        Self::whole(StatusCode::OK, "application/json", text.into().into())
    }

    /// JSON, as text, with the status that a program looks at. One that HTTP does not have is 500.
    #[must_use]
    pub fn json_with(status: u16, text: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::whole(status, "application/json", text.into().into())
    }

    /// Text as it is.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::whole(StatusCode::OK, "text/plain; charset=utf-8", text.into().into())
    }

    /// What follows a change: the browser gets this path of ours, so that looking again changes nothing. A path that could lead
    /// to another machine leads home.
    #[must_use]
    pub fn see(path: &str) -> Self {
        let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
        let place = HeaderValue::from_str(path).ok().filter(|_| ours);
        let mut response = Self::whole(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Bytes::new());
        response.0.headers_mut().insert(header::LOCATION, place.unwrap_or(HeaderValue::from_static("/")));
        response
    }

    /// There is no such page.
    #[must_use]
    pub fn not_found(shell: &Shell) -> Self {
        Self::problem(shell, StatusCode::NOT_FOUND, "Not found", "There is no such page.")
    }

    /// Something is wrong with what was asked for: HTTP 400, and what to do about it.
    #[must_use]
    pub fn refused(shell: &Shell, title: &str, text: &str) -> Self {
        Self::problem(shell, StatusCode::BAD_REQUEST, title, text)
    }

    /// What is needed for an answer cannot be had now: HTTP 503.
    #[must_use]
    pub fn unavailable(shell: &Shell, title: &str, text: &str) -> Self {
        Self::problem(shell, StatusCode::SERVICE_UNAVAILABLE, title, text)
    }

    pub(crate) fn problem(shell: &Shell, status: StatusCode, title: &str, text: &str) -> Self {
        let body = html! {
            (crate::parts::error(text))
            p { a href="/" { "Back to the beginning" } }
        };
        let mut response = shell.page(title, &body);
        *response.0.status_mut() = status;
        response
    }

    /// Too many look already.
    pub(crate) fn crowded() -> Self {
        let text = "Too many look at once. The browser tries again.\n";
        let mut response = Self::text(text);
        *response.0.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    }

    pub(crate) fn events(look: Look) -> Self {
        let mut response = Self(hyper::Response::new(Body::Events(look)));
        response.set(header::CONTENT_TYPE, "text/event-stream");
        response
    }

    pub(crate) fn whole(status: StatusCode, kind: &'static str, bytes: Bytes) -> Self {
        let mut response = Self(hyper::Response::new(Body::Whole(bytes)));
        *response.0.status_mut() = status;
        response.set(header::CONTENT_TYPE, kind);
        response
    }

    pub(crate) fn set(&mut self, name: HeaderName, value: &'static str) {
        self.0.headers_mut().insert(name, HeaderValue::from_static(value));
    }

    /// Its number.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// Its body as text, for tests; a stream has none.
    #[must_use]
    pub fn body_text(&self) -> String {
        match self.0.body() {
            Body::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::Events(_) => String::new(),
        }
    }

    /// Where it sends the browser, if it does.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.headers().get(header::LOCATION)?.to_str().ok()
    }

    #[cfg(test)]
    pub(crate) fn into_body(self) -> Body {
        self.0.into_body()
    }

    /// With all that every answer carries. What is not said to be kept is not.
    pub(crate) fn finished(mut self, cookie: Option<&str>) -> hyper::Response<Body> {
        let headers = self.0.headers_mut();
        for (name, value) in &ALWAYS {
            headers.insert(name, value.clone());
        }
        if headers.contains_key(header::CACHE_CONTROL) {
            // It is the same for everybody, so nobody's cookie is in it.
            return self.0;
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookie) = cookie
            && let Ok(value) = HeaderValue::from_str(&format!(
                "{}={cookie}; Path=/; SameSite=Strict; HttpOnly",
                crate::token::COOKIE
            ))
        {
            headers.insert(header::SET_COOKIE, value);
        }
        self.0
    }
}

/// What is sent behind the headers.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it, until it has been taken.
    Whole(Bytes),
    /// Events, as they come.
    Events(Look),
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Events(look) => {
                look.poll_event(context).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirection_stays_here() {
        assert_eq!(Response::see("/devices/a%20b?x=1").location(), Some("/devices/a%20b?x=1"));
        for elsewhere in ["//evil.example", "http://evil.example", "/\\evil.example", "/a\nb", ""] {
            assert_eq!(Response::see(elsewhere).location(), Some("/"), "{elsewhere}");
        }
    }

    #[test]
    fn every_answer_carries_the_policy() {
        let finished = Response::json("{}").finished(Some("0"));
        let header = |name: &str| finished.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-security-policy"), POLICY);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("set-cookie"), "minder-page=0; Path=/; SameSite=Strict; HttpOnly");
    }
}

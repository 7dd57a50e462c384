//! Whether a request comes from a page of ours, from somebody else's page, or from no browser at all.
//!
//! The original has no protection against cross-site request forgery: any page that an operator happens to look at can
//! stop programs, for `index.html?action=stopall` is a mere link, and a form can post XML to `/RPC2`. Scripts rely on
//! those URLs, so they stay; what changes is what happens when a *browser* asks.
//!
//! 1. A request **without any trace of a browser** (no `Origin`, `Referer`, `Sec-Fetch-Site`, `Cookie` or
//!    `Accept-Language`, and no `User-Agent` that begins with `Mozilla/`) is a script's. `curl` and `wget` work as they
//!    always did, with GET and POST. A page cannot make a browser leave all of these out.
//! 2. A browser's request **acts** only if it is a POST from a page of this very site and carries the token that is in
//!    that page's forms. That it is from this site is what `Sec-Fetch-Site: same-origin` says; where the browser
//!    does not send that (it does not over plain HTTP to another machine), `Origin`, else `Referer`, has to name the
//!    host that `Host` names.
//! 3. **Every other** request of a browser for an action (a bookmark, a link in a wiki, a form that is older than the
//!    server, somebody else's page) does nothing but show a page that says what was asked for and has a button to do
//!    it. So old links still work, with one more click. No page can be framed, so nobody can be lured into that click.
//! 4. `/RPC2` refuses (403) a request from somebody else's page unless it is declared as XML: a page can only declare
//!    that after the browser has asked for leave, which is never given. Clients that are not browsers are not touched.
//!
//! What this does not stop: DNS rebinding, where the foreign page has a host name that is made to point here. A
//! password does, because browsers keep it to the name it was entered for.

use hyper::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HOST, HeaderMap, ORIGIN, REFERER, USER_AGENT};

/// Where a request comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sender {
    /// No browser.
    Script,
    /// A page of this site.
    OwnPage,
    /// A browser, because its user typed or chose an address; or one that does not say.
    Browser,
    /// A page of another site.
    ForeignPage,
}

impl Sender {
    /// What the headers of a request tell.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Sender {
        if let Some(site) = headers.get("sec-fetch-site") {
            return match site.as_bytes() {
                b"same-origin" => Sender::OwnPage,
                b"none" => Sender::Browser,
                _ => Sender::ForeignPage,
            };
        }
        for name in [ORIGIN, REFERER] {
            if let Some(page) = headers.get(name) {
                let same =
                    page.to_str().ok().zip(host(headers)).is_some_and(|(page, host)| is_at(page, host));
                return if same { Sender::OwnPage } else { Sender::ForeignPage };
            }
        }
        let is_browser = headers.contains_key(COOKIE)
            || headers.contains_key(ACCEPT_LANGUAGE)
            || headers.get(USER_AGENT).is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
        if is_browser { Sender::Browser } else { Sender::Script }
    }
}

/// Whether a call may be carried out: see rule 4 above.
#[must_use]
pub fn may_call(headers: &HeaderMap) -> bool {
    match Sender::of(headers) {
        Sender::Script | Sender::OwnPage | Sender::Browser => true,
        Sender::ForeignPage => {
            let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], hyper::header::HeaderValue::as_bytes);
            let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            kind.eq_ignore_ascii_case(b"text/xml") || kind.eq_ignore_ascii_case(b"application/xml")
        }
    }
}

/// The host, and the port if it is not the usual one, that the client believes to talk to.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?.trim();
    if host.is_empty() { None } else { Some(host.strip_suffix(":80").unwrap_or(host)) }
}

/// Whether a URL begins with this host.
fn is_at(url: &str, host: &str) -> bool {
    let rest = url.strip_prefix("http://").map(|rest| (rest, ":80"));
    let Some((rest, usual_port)) = rest.or(url.strip_prefix("https://").map(|rest| (rest, ":443"))) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.strip_suffix(usual_port).unwrap_or(authority);
    let host = host.strip_suffix(usual_port).unwrap_or(host);
    authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::{Sender, may_call};
    use hyper::header::{HeaderMap, HeaderName, HeaderValue};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let host = ("host", "pi:9001");
        let lines = lines.iter().chain([&host]);
        lines.map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn who_asks_is_told_by_the_headers() {
        let table: &[(&[(&str, &str)], Sender)] = &[
            (&[], Sender::Script),
            (&[("user-agent", "curl/8.0"), ("accept", "*/*")], Sender::Script),
            (&[("user-agent", "Mozilla/5.0 (X11)")], Sender::Browser),
            (&[("accept-language", "de")], Sender::Browser),
            (&[("cookie", "a=b")], Sender::Browser),
            (&[("sec-fetch-site", "none")], Sender::Browser),
            (&[("sec-fetch-site", "same-origin")], Sender::OwnPage),
            (&[("sec-fetch-site", "same-site")], Sender::ForeignPage),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://pi:9001")], Sender::ForeignPage),
            (&[("origin", "http://pi:9001")], Sender::OwnPage),
            (&[("origin", "HTTP://pi:9001")], Sender::ForeignPage),
            (&[("origin", "http://PI:9001")], Sender::OwnPage),
            (&[("origin", "http://pi:9002")], Sender::ForeignPage),
            (&[("origin", "http://pi:9001.evil.example")], Sender::ForeignPage),
            (&[("origin", "null")], Sender::ForeignPage),
            (&[("referer", "http://pi:9001/index.html?x=y")], Sender::OwnPage),
            (&[("referer", "http://evil.example/pi:9001/")], Sender::ForeignPage),
            (&[("referer", "")], Sender::ForeignPage),
        ];
        for (lines, expected) in table {
            let lines: Vec<_> = lines.iter().map(|&(name, value)| (name, value)).collect();
            assert_eq!(Sender::of(&headers(&lines)), *expected, "{lines:?}");
        }
    }

    #[test]
    fn a_foreign_page_can_call_only_what_the_browser_let_it_declare() {
        let foreign = ("origin", "http://evil.example");
        assert!(!may_call(&headers(&[foreign])));
        assert!(!may_call(&headers(&[foreign, ("content-type", "text/plain; a=text/xml")])));
        assert!(may_call(&headers(&[foreign, ("content-type", "text/xml; charset=utf-8")])));
        assert!(may_call(&headers(&[("content-type", "text/plain")])));
    }
}

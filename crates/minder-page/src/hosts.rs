//! Under which names a server may be asked for.
//!
//! A page of somebody else can give its own name this machine's address and then read what is served here, as if it were its
//! own: the browser goes by names. It cannot make the browser call it by another name, so a request that calls us by a name
//! which is not ours is refused.

use std::net::{IpAddr, SocketAddr};

/// The names of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hosts {
    bound: SocketAddr,
    names: Vec<String>,
}

impl Hosts {
    /// The address that it listens on, and what else it is called. With those a proxy may have any port.
    pub(crate) fn new(bound: SocketAddr, names: &[String]) -> Self {
        Self { bound, names: names.to_vec() }
    }

    /// Whether a `Host` header means this server.
    pub(crate) fn know(&self, host: &str) -> bool {
        let (name, port) = parted(host);
        if self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return true;
        }
        if port.unwrap_or(80) != self.bound.port() {
            return false;
        }
        let address: Option<IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match address {
            // An address is no name, and cannot be made to point elsewhere.
            Some(address) => self.bound.ip().is_unspecified() || address == self.bound.ip(),
            None => self.bound.ip().is_loopback() && name.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Whether the origin of a page is the host that a request was sent to.
pub(crate) fn is_origin_of(origin: &str, host: &str) -> bool {
    let plain = origin.strip_prefix("http://").map(|rest| (rest, ":80"));
    let Some((authority, usual)) = plain.or(origin.strip_prefix("https://").map(|rest| (rest, ":443")))
    else {
        return false;
    };
    let without = |text: &str| text.strip_suffix(usual).unwrap_or(text).to_ascii_lowercase();
    without(authority) == without(host)
}

fn parted(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && !port.contains(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (host, None),
        },
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(bound: &str, names: &[&str], host: &str) -> bool {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Hosts::new(bound.parse().expect("an address"), &names).know(host)
    }

    #[test]
    fn a_server_answers_to_its_address_and_to_names_that_it_was_given() {
        assert!(known("127.0.0.1:8080", &[], "127.0.0.1:8080"));
        assert!(known("127.0.0.1:8080", &[], "localhost:8080"));
        assert!(known("127.0.0.1:80", &[], "LOCALHOST"));
        assert!(known("[::1]:8080", &[], "[::1]:8080"));
        assert!(known("0.0.0.0:8080", &[], "192.168.1.7:8080"));
        assert!(known("[::]:8080", &[], "[fe80::1]:8080"));
        assert!(known("192.168.1.7:8080", &["pi.local"], "Pi.Local:8080"));
        assert!(known("127.0.0.1:8080", &["pi.local"], "pi.local"), "behind a proxy");
    }

    #[test]
    fn a_name_that_somebody_else_made_point_here_is_refused() {
        for host in
            ["evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:81", "localhost", "", ":8080"]
        {
            assert!(!known("127.0.0.1:8080", &["pi.local"], host), "{host}");
        }
        assert!(!known("0.0.0.0:8080", &[], "pi.local:8080"));
        assert!(!known("0.0.0.0:8080", &[], "localhost:8080"));
        assert!(!known("127.0.0.1:8080", &["pi.local"], "pi.local.evil.example"));
        assert!(!known("127.0.0.1:8080", &["pi.local"], "pi.local:80:80"));
    }

    #[test]
    fn an_origin_is_a_scheme_and_the_host() {
        assert!(is_origin_of("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(is_origin_of("https://Pi.local", "pi.local"));
        assert!(is_origin_of("http://pi.local", "pi.local:80"));
        for origin in
            ["null", "", "http://127.0.0.1", "http://evil.example", "file://", "http://127.0.0.1:8080.evil"]
        {
            assert!(!is_origin_of(origin, "127.0.0.1:8080"), "{origin}");
        }
    }
}

//! The server, spoken to as browsers, scripts and hostile pages do.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use minder_page::{Event, Feed, Method, Request, Response, Server, Settings, Shell, Site, parts};

const PATIENCE: Duration = Duration::from_secs(20);

/// A site with a number that a form raises.
struct Counter {
    count: Cell<u32>,
    feed: Feed,
}

impl Site for Counter {
    fn name(&self) -> &str {
        "Counter"
    }

    async fn answer(&self, request: Request) -> Response {
        let shell = Shell::new("Counter");
        match (request.method(), &*request.segments()) {
            (Method::Get, []) => {
                let body = parts::form(request.token(), "/more", &parts::submit("More"));
                shell.page(&format!("Count {}", self.count.get()), &body)
            }
            (Method::Post, ["more"]) => {
                self.count.set(self.count.get() + 1);
                self.feed.send(&Event::new("count", &self.count.get().to_string()));
                Response::see("/")
            }
            (Method::Get, ["events"]) => {
                self.feed.answer(&[Event::new("count", &self.count.get().to_string())])
            }
            (_, _) => Response::not_found(&shell),
        }
    }
}

/// Runs a test beside a server, and gives it the address.
fn with_server(settings: Settings, test: impl FnOnce(SocketAddr) + Send + 'static) {
    let (told, address) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let server = Server::bind(&settings).await.expect("it listens");
            told.send(server.address()).expect("somebody waits");
            let site = Rc::new(Counter { count: Cell::new(0), feed: Feed::new() });
            server
                .serve(site, async {
                    let _ = stopped.await;
                })
                .await;
        });
    });
    test(address.recv().expect("an address"));
    drop(stop);
    server.join().expect("it ends");
}

fn loopback() -> Settings {
    Settings { listen: "127.0.0.1:0".parse().expect("an address"), ..Settings::default() }
}

fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream
}

/// One request on a connection of its own; the whole answer.
fn ask(address: SocketAddr, line: &str, headers: &[&str], body: &str) -> String {
    let mut stream = open(address);
    let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    if !headers.iter().any(|header| header.starts_with("Host:")) {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    // A server that has refused already need not read all of it.
    let _ = write!(stream, "{head}\r\n{body}");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}")).1;
    rest.split_once(behind).unwrap_or_else(|| panic!("no {behind:?} in {text}")).0
}

/// The cookie and the token of a page.
fn visit(address: SocketAddr) -> (String, String) {
    let page = ask(address, "GET /", &[], "");
    let cookie = between(&page, "set-cookie: ", ";").to_owned();
    let token = between(&page, "name=\"token\" value=\"", "\"").to_owned();
    (format!("Cookie: {cookie}"), format!("token={token}"))
}

#[test]
fn every_answer_has_the_policy_and_nothing_is_kept_but_assets() {
    with_server(loopback(), |address| {
        let page = ask(address, "GET /", &[], "");
        assert!(page.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{page}");
        assert!(
            page.contains("x-content-type-options: nosniff") && page.contains("cache-control: no-store"),
            "{page}"
        );
        assert!(page.contains("SameSite=Strict; HttpOnly"), "{page}");
        let style = format!("/assets/{}", between(&page, "href=\"/assets/", "\""));
        let asset = ask(address, &format!("GET {style}"), &[], "");
        assert!(asset.contains("immutable") && !asset.contains("set-cookie"), "{asset}");
        for missing in ["/nothing", "/assets/style.css", "/assets/../etc/passwd"] {
            let answer = ask(address, &format!("GET {missing}"), &[], "");
            assert_eq!(status(&answer), "404", "{answer}");
            assert!(answer.contains("content-security-policy"), "{answer}");
        }
        let head = ask(address, "HEAD /", &[], "");
        assert!(status(&head) == "200" && head.ends_with("\r\n\r\n"), "{head}");
    });
}

#[test]
fn a_form_of_our_page_changes_something_and_no_other_does() {
    with_server(loopback(), |address| {
        let (cookie, token) = visit(address);
        let own = format!("Origin: http://{address}");
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let wrong: &[(&[&str], &str, &str)] = &[
            (&[], "", "neither cookie nor token"),
            (&[&cookie], "", "no token"),
            (&[], &token, "no cookie"),
            (&[&cookie], "token=0", "a wrong token"),
            (&["Cookie: minder-page=0123456789abcdef0123456789abcdef"], &token, "somebody else's cookie"),
            (&[&cookie, "Origin: http://evil.example"], &token, "another site"),
            (&[&cookie, "Origin: null"], &token, "a page without an origin"),
            (&[&cookie, "Sec-Fetch-Site: cross-site", &own], &token, "the browser knows better"),
            (&[&cookie, "Sec-Fetch-Site: same-site"], &token, "another port of this machine"),
        ];
        for (headers, body, why) in wrong {
            let answer = ask(address, "POST /more", &[*headers, &[kind]].concat(), body);
            assert_eq!(status(&answer), "403", "{why}: {answer}");
        }
        assert_eq!(status(&ask(address, "PUT /more", &[&cookie], &token)), "405");
        assert!(ask(address, "GET /", &[], "").contains("Count 0"), "nothing was changed");

        let right: &[&[&str]] = &[&[&cookie, &own], &[&cookie, "Sec-Fetch-Site: same-origin"], &[&cookie]];
        for headers in right {
            let answer = ask(address, "POST /more", &[*headers, &[kind]].concat(), &token);
            assert_eq!(status(&answer), "303", "{headers:?}: {answer}");
        }
        assert!(ask(address, "GET /", &[], "").contains("Count 3"));
    });
}

#[test]
fn a_page_of_another_site_may_lead_here_and_not_look_by_itself() {
    with_server(loopback(), |address| {
        let look = |site: &str, mode: &str| {
            let headers = [format!("Sec-Fetch-Site: {site}"), format!("Sec-Fetch-Mode: {mode}")];
            let answer = ask(address, "GET /", &[&headers[0], &headers[1]], "");
            status(&answer).to_owned()
        };
        assert_eq!(look("cross-site", "navigate"), "200");
        assert_eq!(look("none", "navigate"), "200");
        assert_eq!(look("same-origin", "cors"), "200");
        assert_eq!(look("cross-site", "no-cors"), "403");
        assert_eq!(look("same-site", "cors"), "403");
    });
}

#[test]
fn a_name_that_is_not_ours_is_refused_and_one_that_was_given_is_not() {
    let settings = Settings { names: vec!["pi.local".to_owned()], ..loopback() };
    with_server(settings, |address| {
        for host in ["evil.example", &format!("evil.example:{}", address.port()), "127.0.0.1:1", ""] {
            assert_eq!(status(&ask(address, "GET /", &[&format!("Host: {host}")], "")), "421", "{host}");
        }
        for host in ["pi.local", &format!("localhost:{}", address.port())] {
            assert_eq!(status(&ask(address, "GET /", &[&format!("Host: {host}")], "")), "200", "{host}");
        }
    });
}

#[test]
fn where_there_is_a_password_it_is_asked_for() {
    let settings = Settings {
        listen: "0.0.0.0:0".parse().expect("an address"),
        password: Some("secret".to_owned()),
        ..Settings::default()
    };
    with_server(settings, |bound| {
        let address = SocketAddr::from(([127, 0, 0, 1], bound.port()));
        let answer = ask(address, "GET /", &[], "");
        assert!(status(&answer) == "401" && answer.contains("www-authenticate: Basic"), "{answer}");
        assert_eq!(status(&ask(address, "GET /", &["Authorization: Basic dTpwOnA="], "")), "401");
        assert_eq!(status(&ask(address, "GET /", &["Authorization: Basic dTpzZWNyZXQ="], "")), "200");
    });
}

#[test]
fn what_happens_is_told_to_whoever_looks() {
    with_server(loopback(), |address| {
        let mut stream = open(address);
        write!(stream, "GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("it listens");
        let mut seen = String::new();
        let mut wait = |sign: &str| {
            while !seen.contains(sign) {
                let mut buffer = [0; 1024];
                let count = stream.read(&mut buffer).expect("it goes on");
                assert!(count > 0, "it ended: {seen}");
                seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        };
        wait("data: 0\n");
        let (cookie, token) = visit(address);
        ask(address, "POST /more", &[&cookie], &token);
        wait("data: 1\n");
    });
}

#[test]
fn what_is_too_large_or_no_http_is_refused_and_disturbs_nobody() {
    with_server(loopback(), |address| {
        let (cookie, _) = visit(address);
        let large = "x".repeat(100 << 10);
        assert_eq!(status(&ask(address, "POST /more", &[&cookie], &large)), "413");
        assert_eq!(status(&ask(address, "GET /", &[&format!("X: {large}")], "")), "431");
        assert_eq!(status(&ask(address, "\u{1}\u{2}", &[], "")), "400");
        // As many as there is room for, and more, that say nothing.
        let silent: Vec<_> = (0..minder_page::CONNECTIONS_MAX + 8).map(|_| open(address)).collect();
        assert_eq!(status(&ask(address, "GET /", &[], "")), "200");
        drop(silent);
    });
}

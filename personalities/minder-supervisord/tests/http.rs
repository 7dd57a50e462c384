//! The server on real sockets, over a fake `Control`.

#[path = "rpc/fake.rs"]
mod fake;

use std::cell::RefCell;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fake::{Fake, bytes, program, run, up};
use minder_supervisord::http::{Listener, Login, Site, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// Long enough for the slowest machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    folder: tempfile::TempDir,
    fake: Fake,
}

impl Place {
    fn new() -> Place {
        let fake = Fake::with(vec![
            ("cat", 999, vec![program("cat", "/bin/cat")]),
            ("grp", 999, vec![program("a b", "x"), program("none", "x")]),
        ]);
        fake.set_phase("cat", up(100));
        let place = Place { folder: tempfile::tempdir().unwrap(), fake };
        std::fs::write(place.log(), "0123456789\n").unwrap();
        let log = bytes(place.log().to_str().unwrap());
        place.fake.set("cat", |report| report.stdout_log = Some(log.clone()));
        place.fake.set("a b", |report| report.stderr_log = Some(log.clone()));
        place.fake.0.borrow_mut().journal = Some(log);
        place
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn append(&self, text: &str) {
        let mut log = std::fs::OpenOptions::new().append(true).open(self.log()).unwrap();
        log.write_all(text.as_bytes()).unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s.sock")
    }

    /// Serves in the background, for as long as the runtime lives.
    fn serve(&self, login: Option<Login>) {
        let listener = std::os::unix::net::UnixListener::bind(self.socket()).unwrap();
        let listener = Listener::unix(listener).unwrap();
        let site = Rc::new(Site::new(Rc::new(self.fake.rpc()), login, None).unwrap());
        tokio::task::spawn_local(serve(listener, site));
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.socket()).await.unwrap()
    }

    /// Sends a request and reads one whole response.
    async fn ask(&self, request: &str) -> (String, String) {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        response(&mut stream).await
    }

    async fn status(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = read_until(&mut stream, "\r\n\r\n").await;
        head.split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

/// The head and the body of a response that says how long it is.
async fn response(stream: &mut (impl AsyncReadExt + Unpin)) -> (String, String) {
    let head = read_until(stream, "\r\n\r\n").await;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    if !head.is_empty() {
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut body)).await.unwrap().unwrap();
    }
    (head, String::from_utf8(body).unwrap())
}

/// Reads up to and with `end`, or to the end of the connection.
async fn read_until(stream: &mut (impl AsyncReadExt + Unpin), end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await;
        match read
            .unwrap_or_else(|_| panic!("waited for {end:?} behind {:?}", String::from_utf8_lossy(&text)))
        {
            Ok(1..) => text.extend_from_slice(&byte),
            Ok(0) | Err(_) => break,
        }
    }
    String::from_utf8(text).unwrap()
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: pi:9001\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: pi:9001\r\n\r\n")
}

const STATE: &str = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";

#[test]
fn a_call_is_answered_over_a_unix_socket() {
    run(async {
        let place = Place::new();
        place.serve(None);
        let (head, body) = place.ask(&post("/RPC2", "", STATE)).await;
        let mut lines: Vec<_> = head.trim_end().lines().filter(|line| !line.starts_with("Date: ")).collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            ["Content-Length: 279", "Content-Type: text/xml", "HTTP/1.1 200 OK", "Server: Medusa/1.12"]
        );
        assert!(body.contains("<name>statename</name>\n<value><string>RUNNING</string></value>"), "{body}");
    });
}

#[test]
fn the_client_of_ours_understands_the_server() {
    use minder_supervisord::client::{Address, Client};
    run(async {
        let place = Place::new();
        place.serve(None);
        let url = format!("unix://{}", place.socket().display());
        let client = Client::new(Address::parse(&url).unwrap(), None);
        let infos = client.call("supervisor.getAllProcessInfo", &[]).await.unwrap();
        assert_eq!(infos.as_array().unwrap().len(), 3);
    });
}

#[test]
fn a_connection_serves_one_request_after_another() {
    run(async {
        let place = Place::new();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let lines = Rc::new(RefCell::new(Vec::new()));
        let log = lines.clone();
        let access = Rc::new(move |line: &str| log.borrow_mut().push(line.to_owned()));
        let site = Rc::new(Site::new(Rc::new(place.fake.rpc()), None, Some(access)).unwrap());
        tokio::task::spawn_local(serve(Listener::tcp(listener).unwrap(), site));
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..3 {
            stream.write_all(post("/RPC2", "", STATE).as_bytes()).await.unwrap();
            assert!(response(&mut stream).await.0.starts_with("HTTP/1.1 200 OK"));
        }
        stream.write_all(get("/ok.html").as_bytes()).await.unwrap();
        let (head, body) = response(&mut stream).await;
        assert!(head.contains("Content-Type: text/plain\r\n"), "{head}");
        assert_eq!(body, "OK");
        assert_eq!(lines.borrow().len(), 4);
        let line = lines.borrow()[3].clone();
        let port = stream.local_addr().unwrap().port();
        assert!(line.starts_with(&format!("127.0.0.1:{port} - - [")), "{line}");
        assert!(line.ends_with(" +0000] \"GET /ok.html HTTP/1.1\" 200 2"), "{line}");
    });
}

#[test]
fn what_is_not_there_or_not_allowed_has_its_status() {
    run(async {
        let place = Place::new();
        place.serve(None);
        let foreign = "Origin: http://evil.example\r\nContent-Type: text/plain\r\n";
        let table = [
            (get("/RPC2"), "400"),
            ("PUT /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(), "400"),
            ("POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "411"),
            (
                "POST /RPC2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
                "411",
            ),
            ("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n".to_owned(), "413"),
            ("POST /index.html HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n".to_owned(), "413"),
            (post("/RPC2", "", "x"), "400"),
            (post("/RPC2", "", ""), "400"),
            (post("/RPC2/anything?x", "", STATE), "200"),
            (post("/%52PC2", "", STATE), "200"),
            (post("/RPC2", foreign, STATE), "403"),
            (
                post(
                    "/RPC2",
                    "",
                    "<methodCall><methodName>supervisor.getProcessInfo</methodName><params><param>\
                 <value><int>1</int></value></param></params></methodCall>",
                ),
                "500",
            ),
            (get("/nope"), "404"),
            (get("/.."), "404"),
            (get("/stylesheets/supervisor.css"), "200"),
            ("HEAD /stylesheets/supervisor.css HTTP/1.0\r\n\r\n".to_owned(), "200"),
            ("HEAD /ok.html HTTP/1.0\r\n\r\n".to_owned(), "404"),
            (get("/stylesheets"), "301"),
            (get("/stylesheets/"), "404"),
            ("PUT / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "400"),
            (post("/stylesheets/supervisor.css", "", "x"), "400"),
            ("POST / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "411"),
            (get("/logtail"), "500"),
            (get("/logtail/"), "404"),
            (get("/logtail/nope"), "404"),
            (get("/logtail/grp:*"), "404"),
            (get("/logtail/cat/stderr"), "404"),
            (get("/logtail/cat/what"), "404"),
            (get("/logtail/grp:none"), "404"),
            (post("/logtail/cat", "", "x"), "400"),
            (post("/mainlogtail", "", "x"), "400"),
            (format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(70_000)), "431"),
        ];
        for (request, status) in table {
            let shown: String = request.chars().take(90).collect();
            assert_eq!(place.status(&request).await, status, "{shown}");
        }
        let (_, body) = place.ask(&get("/nope")).await;
        assert_eq!(
            body,
            "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
             <p>Error code 404.\r\n<p>Message: Not Found.\r\n</body>\r\n"
        );
        // Something that is no request at all ends the connection.
        let mut stream = place.connect().await;
        stream.write_all(b"hello\r\n\r\n").await.unwrap();
        let answer = read_until(&mut stream, "never").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    });
}

#[test]
fn nothing_is_served_without_the_password() {
    run(async {
        let place = Place::new();
        place.serve(Some(Login::new("u", "p")));
        for path in ["/RPC2", "/", "/logtail/cat", "/mainlogtail", "/nope", "/stylesheets/supervisor.css"] {
            let (head, body) = place.ask(&get(path)).await;
            assert!(head.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{path}: {head}");
            assert!(head.contains("Www-Authenticate: Basic realm=\"default\"\r\n"), "{head}");
            assert!(head.contains("Connection: close\r\n"), "{head}");
            assert!(body.contains("<p>Error code 401."), "{body}");
        }
        assert_eq!(place.status(&post("/RPC2", "Authorization: Basic dTpw\r\n", STATE)).await, "200");
        assert_eq!(place.status(&post("/RPC2", "Authorization: Basic dTp4\r\n", STATE)).await, "401");
        assert_eq!(place.status(&post("/RPC2", "Authorization: Basic d\r\n", STATE)).await, "400");
        assert_eq!(place.status(&post("/RPC2", "Authorization: Bearer dTpw\r\n", STATE)).await, "401");
    });
}

#[test]
fn a_slow_client_holds_up_nobody() {
    run(async {
        let place = Place::new();
        place.serve(None);
        let mut slow = place.connect().await;
        slow.write_all(b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Len").await.unwrap();
        let mut slower = place.connect().await;
        slower
            .write_all(b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 69\r\n\r\n<method")
            .await
            .unwrap();
        let held = place.fake.hold("cat");
        let mut waiting = place.connect().await;
        let stop = STATE.replace(
            "getState</methodName>",
            "stopProcess</methodName><params><param><value>cat</value>\
                                  </param></params>",
        );
        waiting.write_all(post("/RPC2", "", &stop).as_bytes()).await.unwrap();
        for _ in 0..20 {
            assert_eq!(place.status(&post("/RPC2", "", STATE)).await, "200");
        }
        held.send(Ok(minder_core::control::Reply::Done)).unwrap();
        assert!(response(&mut waiting).await.1.contains("<boolean>1</boolean>"));
        slower.write_all(&STATE.as_bytes()["<method".len()..]).await.unwrap();
        assert!(response(&mut slower).await.0.starts_with("HTTP/1.1 200 "));
        slow.write_all(b"gth: 69\r\n\r\n").await.unwrap();
        slow.write_all(STATE.as_bytes()).await.unwrap();
        assert!(response(&mut slow).await.0.starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn a_log_is_followed_through_growth_truncation_and_rotation() {
    run(async {
        let place = Place::new();
        place.serve(None);
        std::fs::write(place.log(), format!("{}{}\n", "x".repeat(500), "y".repeat(1019))).unwrap();
        let mut stream = place.connect().await;
        stream.write_all(get("/logtail/cat").as_bytes()).await.unwrap();
        let head = read_until(&mut stream, "\r\n\r\n").await;
        for line in [
            "HTTP/1.1 200 OK",
            "Content-Type: text/plain;charset=utf-8",
            "X-Accel-Buffering: no",
            "Transfer-Encoding: chunked",
        ] {
            assert!(head.lines().any(|present| present == line), "{line} in {head}");
        }
        assert!(
            head.lines().any(|line| line.starts_with("Last-Modified: ") && line.ends_with(" GMT")),
            "{head}"
        );
        let history = format!("400\r\nxxxx{}\n\r\n", "y".repeat(1019));
        assert_eq!(read_until(&mut stream, "y\n\r\n").await, history);
        place.append("one\n");
        assert_eq!(read_until(&mut stream, "one\n\r\n").await, "4\r\none\n\r\n");
        // Emptied in place.
        std::fs::File::options().write(true).open(place.log()).unwrap().set_len(0).unwrap();
        assert_eq!(read_until(&mut stream, "<==\n\r\n").await, "17\r\n==> File truncated <==\n\r\n");
        place.append("two\n");
        assert_eq!(read_until(&mut stream, "two\n\r\n").await, "4\r\ntwo\n\r\n");
        // Rotated, twice, with something written to the old file after it lost its name.
        for round in ["three\n", "three\n"] {
            let mut old = std::fs::OpenOptions::new().append(true).open(place.log()).unwrap();
            std::fs::rename(place.log(), place.folder.path().join("log.1")).unwrap();
            old.write_all(b"last\n").unwrap();
            assert_eq!(read_until(&mut stream, "last\n\r\n").await, "5\r\nlast\n\r\n");
            std::fs::write(place.log(), round).unwrap();
            assert_eq!(read_until(&mut stream, "three\n\r\n").await, "6\r\nthree\n\r\n");
        }
        place.append("four\n");
        assert_eq!(read_until(&mut stream, "four\n\r\n").await, "5\r\nfour\n\r\n");
    });
}

#[test]
fn a_log_behind_a_link_is_followed_when_it_is_rotated() {
    run(async {
        let place = Place::new();
        let elsewhere = tempfile::tempdir().unwrap();
        let real = elsewhere.path().join("real");
        std::fs::rename(place.log(), &real).unwrap();
        std::os::unix::fs::symlink(&real, place.log()).unwrap();
        place.serve(None);
        let mut stream = place.connect().await;
        stream.write_all(b"GET /mainlogtail HTTP/1.0\r\n\r\n").await.unwrap();
        read_until(&mut stream, "\r\n\r\n").await;
        assert_eq!(read_until(&mut stream, "\n").await, "0123456789\n");
        std::fs::rename(&real, elsewhere.path().join("real.1")).unwrap();
        std::fs::write(&real, "new\n").unwrap();
        assert_eq!(read_until(&mut stream, "\n").await, "new\n");
    });
}

#[test]
fn an_old_client_gets_a_log_at_once_and_without_chunks() {
    run(async {
        let place = Place::new();
        place.serve(None);
        for path in ["/mainlogtail", "/logtail/grp:a%20b/stderr", "/logtail/cat/stdout", "/logtailx/cat:cat"]
        {
            let mut stream = place.connect().await;
            stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
            let head = read_until(&mut stream, "\r\n\r\n").await;
            assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
            assert_eq!(head.contains("X-Accel-Buffering"), !path.contains("main"));
            assert!(!head.contains("chunked"), "{head}");
            assert_eq!(read_until(&mut stream, "\n").await, "0123456789\n");
        }
    });
}

/// As many descriptors as before: nothing is left of a stream whose client has gone.
#[test]
fn a_client_that_hangs_up_is_forgotten() {
    fn watches() -> usize {
        let is_watch = |link: PathBuf| link == Path::new("anon_inode:inotify");
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter(|link| is_watch(link.clone()))
            .count()
    }
    run(async {
        let place = Place::new();
        let (sender, ended) = tokio::sync::oneshot::channel();
        let sender = RefCell::new(Some(sender));
        let access = Rc::new(move |line: &str| {
            if let Some(sender) = sender.borrow_mut().take() {
                sender.send(line.to_owned()).unwrap();
            }
        });
        let listener = std::os::unix::net::UnixListener::bind(place.socket()).unwrap();
        let site = Rc::new(Site::new(Rc::new(place.fake.rpc()), None, Some(access)).unwrap());
        tokio::task::spawn_local(serve(Listener::unix(listener).unwrap(), site));
        let mut stream = place.connect().await;
        stream.write_all(get("/mainlogtail").as_bytes()).await.unwrap();
        read_until(&mut stream, "9\n").await;
        assert!(watches() > 0);
        drop(stream);
        let line = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
        assert!(line.starts_with("localhost:0 - - ["), "{line}");
        assert!(line.ends_with("\"GET /mainlogtail HTTP/1.1\" 200 11"), "{line}");
    });
}

#[test]
fn only_so_many_logs_are_streamed_at_a_time() {
    run(async {
        let place = Place::new();
        place.serve(None);
        let mut streams = Vec::new();
        for _ in 0..minder_config::native::ServerBounds::default().followers {
            let mut stream = place.connect().await;
            stream.write_all(get("/mainlogtail").as_bytes()).await.unwrap();
            let head = read_until(&mut stream, "\r\n\r\n").await;
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            streams.push(stream);
        }
        assert_eq!(place.status(&get("/mainlogtail")).await, "503");
        assert_eq!(place.status(&get("/ok.html")).await, "200");
    });
}

proptest::proptest! {
    #[test]
    fn any_request_is_answered(path in "/[a-zA-Z0-9/.:;?&=%+*~-]{0,40}", body in "\\PC{0,60}") {
        run(async {
            let place = Place::new();
            let site = Site::new(Rc::new(place.fake.rpc()), None, None).unwrap();
            let prefixes = ["", "/RPC2", "/logtail", "/index.html?action=", "/tail.html?processname="];
            for prefix in prefixes {
                for method in ["GET", "POST", "HEAD", "BREW"] {
                    let request = hyper::Request::builder().method(method).uri(format!("{prefix}{path}"));
                    let Ok(request) = request
                        .header("content-length", body.len())
                        .body(http_body_util::Full::new(Bytes::from(body.clone()))) else { continue };
                    let response = site.handle(request, minder_supervisord::http::Peer::Unix).await;
                    assert!(response.status().as_u16() >= 200);
                }
            }
        });
    }
}

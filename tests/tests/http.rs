//! The HTTP server: what it accepts, what it refuses, and its pages.

use minder_tests::http::{Address, begin_stream, exchange, request};
use minder_tests::{Daemon, Transcript, compare, compare_deviating, json, xmlrpc};

const BODY: &str = "<methodCall><methodName>supervisor.getState</methodName><params></params></methodCall>";

/// Sends raw bytes and writes down the whole answer.
fn send(daemon: &Daemon, out: &mut Transcript, name: &str, bytes: &[u8]) {
    out.response(name, &exchange(&daemon.unix_address(), bytes));
}

#[test]
fn calls_that_are_not_proper_posts_are_refused() {
    compare_deviating(&["garbage is answered", "a real address in a redirect"], "", |daemon, out| {
        let call = |head: &str, body: &str| format!("{head}\r\n\r\n{body}").into_bytes();
        let length = BODY.len();
        for (name, bytes) in [
            ("get", request("GET", "/RPC2", &[], b"")),
            ("put", request("PUT", "/RPC2", &[], BODY.as_bytes())),
            ("no length", call("POST /RPC2 HTTP/1.1\r\nHost: x", "")),
            ("not xml", request("POST", "/RPC2", &[], b"this is no xml")),
            ("half a document", request("POST", "/RPC2", &[], &BODY.as_bytes()[..30])),
            ("no method", request("POST", "/RPC2", &[], b"<methodCall></methodCall>")),
            ("a good call", request("POST", "/RPC2", &[], BODY.as_bytes())),
            ("a good call elsewhere", request("POST", "/RPC2/more", &[], BODY.as_bytes())),
            ("http 1.0", call(&format!("POST /RPC2 HTTP/1.0\r\nContent-Length: {length}"), BODY)),
            (
                "http 1.0 kept alive",
                call(
                    &format!("POST /RPC2 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: {length}"),
                    BODY,
                ),
            ),
            (
                "closing",
                call(&format!("POST /RPC2 HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}"), BODY),
            ),
            ("garbage", b"garbage\r\n\r\n".to_vec()),
            ("unknown page", request("GET", "/nope", &[], b"")),
            ("above the root", request("GET", "/../../etc/passwd", &[], b"")),
            ("ok", request("GET", "/ok.html", &[], b"")),
            ("directory", request("GET", "/images", &[], b"")),
        ] {
            send(daemon, out, name, &bytes);
        }
    });
}

#[test]
fn one_connection_serves_many_requests() {
    compare("", |daemon, out| {
        use std::io::{Read, Write};
        let mut stream =
            std::os::unix::net::UnixStream::connect(daemon.place().path("supervisor.sock")).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let one = request("POST", "/RPC2", &[], BODY.as_bytes());
        let mut sizes = Vec::new();
        for _ in 0..3 {
            stream.write_all(&one).unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"</methodResponse>\n") {
                let mut piece = [0; 4096];
                let count = stream.read(&mut piece).unwrap();
                assert!(count > 0, "the connection was closed after {} answers", sizes.len());
                bytes.extend_from_slice(&piece[..count]);
            }
            sizes.push(bytes.len() > 100);
        }
        out.fact("answers", format!("{sizes:?}"));
    });
}

#[test]
fn a_password_is_asked_for_where_one_is_set() {
    let config = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
user=root
[unix_http_server]
file={dir}/supervisor.sock
username=joe
password=secret
[inet_http_server]
port=127.0.0.1:{port}
username=ann
password={SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:a]
command=/bin/sh -c 'env; sleep 100'
startsecs=0
stdout_logfile={dir}/env
stopasgroup=true
";
    compare(config, |daemon, out| {
        daemon.wait_file("env", "SUPERVISOR_SERVER_URL");
        let unix = daemon.unix_address();
        let inet = daemon.inet_address();
        let try_all = |out: &mut Transcript, name: &str, address: &Address, headers: &[(&str, &str)]| {
            out.response(
                &format!("{name} page"),
                &exchange(address, &request("GET", "/ok.html", headers, b"")),
            );
            out.reply(&format!("{name} call"), &xmlrpc::post(address, BODY, headers));
        };
        try_all(out, "unix none", &unix, &[]);
        try_all(out, "unix right", &unix, &[("Authorization", "Basic am9lOnNlY3JldA==")]);
        try_all(out, "unix lower", &unix, &[("authorization", "basic am9lOnNlY3JldA==")]);
        try_all(out, "unix wrong password", &unix, &[("Authorization", "Basic am9lOm5vcGU=")]);
        try_all(out, "unix wrong user", &unix, &[("Authorization", "Basic eDpzZWNyZXQ=")]);
        try_all(out, "unix bearer", &unix, &[("Authorization", "Bearer abc")]);
        try_all(out, "inet none", &inet, &[]);
        // The SHA of "thepassword".
        try_all(out, "inet right", &inet, &[("Authorization", "Basic YW5uOnRoZXBhc3N3b3Jk")]);
        try_all(out, "inet wrong", &inet, &[("Authorization", "Basic YW5uOnNlY3JldA==")]);
        try_all(
            out,
            "inet the hash itself",
            &inet,
            &[(
                "Authorization",
                "Basic YW5uOntTSEF9ODJhYjg3NmQxMzg3YmZhZmU0NmNjMWM4YTJlZjA3NGVhZTUwY2IxZA==",
            )],
        );
        let url = daemon.read("env");
        let url = url.lines().find(|line| line.starts_with("SUPERVISOR_SERVER_URL")).unwrap_or("none");
        out.fact("children are told", url);
    });
}

#[test]
fn malformed_credentials_are_refused() {
    let config = minder_tests::daemon::USUAL
        .replace("supervisor.sock\n[rpc", "supervisor.sock\nusername=joe\npassword=secret\n[rpc");
    compare_deviating(&["malformed credentials"], &config, |daemon, out| {
        for value in ["Basic am9l", "Basic ***", "Basic"] {
            let answer = exchange(
                &daemon.unix_address(),
                &request("GET", "/ok.html", &[("Authorization", value)], b""),
            );
            out.fact(value, answer.map_or(0, |answer| answer.status));
        }
    });
}

#[test]
fn logs_can_be_followed() {
    let config = "
[program:a]
command=/bin/cat
startsecs=0
stdout_logfile={dir}/a.out
stderr_logfile={dir}/a.err
[program:none]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
";
    compare_deviating(&["logs are plain text"], config, |daemon, out| {
        daemon.wait_state("a", "RUNNING");
        let long: String = (0..300).map(|number| format!("line {number:04}\n")).collect();
        std::fs::write(daemon.place().path("a.out"), &long).unwrap();
        std::fs::write(daemon.place().path("a.err"), "trouble\n").unwrap();
        let unix = daemon.unix_address();
        for (path, wanted) in [
            ("/logtail/a", 1024),
            ("/logtail/a/stdout", 1024),
            ("/logtail/a:a/stdout", 1024),
            ("/logtail/a/stderr", 8),
        ] {
            out.response(path, &begin_stream(&unix, &request("GET", path, &[], b""), wanted));
        }
        let main = begin_stream(&unix, &request("GET", "/mainlogtail", &[], b""), 10).map(|mut response| {
            response.body.clear();
            response
        });
        out.response("/mainlogtail", &main);
        for path in
            ["/logtail/nope", "/logtail/a/nope", "/logtail/none", "/logtail/a:nope", "/logtail", "/logtail/"]
        {
            out.response(path, &exchange(&unix, &request("GET", path, &[], b"")));
        }
        out.response("post", &exchange(&unix, &request("POST", "/logtail/a", &[], b"x")));
        // What is appended, or begins anew, is streamed.
        let follower = {
            let unix = unix.clone();
            std::thread::spawn(move || {
                begin_stream(&unix, &request("GET", "/logtail/a/stderr", &[], b""), 8 + 5)
            })
        };
        daemon.call("supervisor.getState", &json!([])).value();
        let path = daemon.place().path("a.err");
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        std::io::Write::write_all(&mut file, b"more\n").unwrap();
        out.response("followed", &follower.join().unwrap());
    });
}

#[test]
fn the_pages_obey() {
    let config = "
[program:a]
command=/bin/sh -c 'echo hello; exec sleep 100'
startsecs=0
stdout_logfile={dir}/a.out
[program:off]
command=/bin/sleep 100
autostart=false
[program:bad]
command=/no/such
autostart=false
";
    compare(config, |daemon, out| {
        daemon.wait_file("a.out", "hello");
        daemon.wait_state("a", "RUNNING");
        // Ours may look better; what scripts see is status, type, and where an action leads.
        for path in [
            "/",
            "/index.html",
            "/index.html?message=hi",
            "/tail.html?processname=a",
            "/tail.html?processname=nope",
            "/tail.html",
            "/stylesheets/supervisor.css",
        ] {
            match daemon.get(path) {
                Ok(page) => {
                    out.fact(path, format!("{} {:?}", page.status, page.headers.get("content-type")));
                    if path.starts_with("/tail.html?processname=a") {
                        out.fact("shows the log", page.text().contains("hello"));
                    }
                    if path == "/" {
                        let text = page.text();
                        out.fact(
                            "names",
                            format!(
                                "{} {} {}",
                                text.contains("off"),
                                text.contains("running"),
                                text.contains("bad")
                            ),
                        );
                    }
                }
                Err(error) => out.fact(path, error.kind()),
            }
        }
    });
}

#[test]
fn a_whole_answer_looks_as_the_original_wrote_it() {
    let number = regex::Regex::new(r"<int>\d{2,}</int>").unwrap();
    compare("[program:a]\ncommand=/bin/cat\nautostart=false\n", |daemon, out| {
        for (method, arguments) in [
            ("supervisor.getState", json!([])),
            ("supervisor.getAllProcessInfo", json!([])),
            ("supervisor.stopProcess", json!(["nope"])),
            ("supervisor.startProcess", json!(["a", false])),
            ("supervisor.reloadConfig", json!([])),
            ("supervisor.tailProcessStdoutLog", json!(["a", 0, 10])),
            ("system.multicall", json!([[]])),
        ] {
            let body = xmlrpc::encode_call(method, &arguments);
            let answer = exchange(&daemon.unix_address(), &request("POST", "/RPC2", &[], body.as_bytes()));
            // The order of a struct's members is the original's dictionary order, and lengths depend on numbers of the run.
            let answer = answer.map(|mut answer| {
                answer.headers.remove("content-length");
                let text = answer.text();
                let stable = number.replace_all(&text, "<int>N</int>").into_owned();
                answer.body = stable.into_bytes();
                answer
            });
            out.response(method, &answer);
        }
    });
}

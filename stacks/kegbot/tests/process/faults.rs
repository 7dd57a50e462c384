//! Power cuts, servers that are away or lie, and nothing that is lost or told twice.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use crate::bar::{Bar, Running, Wire, drinks, wait_for_drinks};

#[test]
fn drinks_wait_for_a_server_that_is_down_and_survive_the_core() {
    let bar = Bar::new();
    let (server, api_url) = bar.server("127.0.0.1:0");
    let (mut core, port) = bar.core(&api_url);
    server.kill();
    let mut wire = Wire::to(port);
    let mut count = wire.pour(0, 1000);
    wire.stop_flow();
    core.wait_for("Error posting drink: ");
    core.wait_for("The drink is kept, and told until the server takes it.");
    count = wire.pour(count, 500);
    wire.stop_flow();
    core.wait_for("Flow completed:");
    // The second one is only just being written down: it is on the disk when its beginning was told.
    core.wait_for("Posting ");
    let listed = bar.run("kegbot", &["outbox", "--outbox", "outbox.sqlite", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    core.kill();
    assert_eq!(count, 1500);
    let listen = api_url.trim_start_matches("http://").trim_end_matches("/api/").to_owned();
    let (_server, api_url) = bar.server(&listen);
    let (_core, _) = bar.core(&api_url);
    let all = wait_for_drinks(&api_url, 2);
    let ticks: Vec<i64> = all.iter().filter_map(|drink| drink["ticks"].as_i64()).collect();
    assert_eq!(ticks, [500, 1000]);
}

#[test]
fn a_core_that_is_killed_in_a_pour_leaves_what_it_knew() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (core, port) = bar.core(&api_url);
    let mut wire = Wire::to(port);
    wire.event("TokenAuthEvent", &json!({
        "tap_name": "kegboard.flow0", "auth_device_name": "core.rfid", "token_value": "680096068f", "status": "added"
    }));
    wire.pour(0, 1000);
    // The relay is told again each second, and what is known is saved just before.
    for _ in 0..2 {
        wire.until("SetRelayOutputEvent");
    }
    while wire.until("FlowUpdate").0["ticks"] != json!(1000) {}
    wire.until("SetRelayOutputEvent");
    core.kill();
    let (mut core, _) = bar.core(&api_url);
    let all = wait_for_drinks(&api_url, 1);
    assert_eq!((&all[0]["ticks"], &all[0]["user_id"]), (&json!(1000), &json!("mikey")));
    core.wait_for("Logged drink 1 ");
    assert_eq!(drinks(&api_url).len(), 1);
}

#[test]
fn a_core_that_is_asked_to_end_completes_what_is_open_and_tells_it() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (core, port) = bar.core(&api_url);
    let mut wire = Wire::to(port);
    wire.pour(0, 750);
    while wire.until("FlowUpdate").0["ticks"] != json!(750) {}
    let (status, said) = core.stop();
    assert_eq!(status, Some(0));
    assert!(said.iter().any(|line| line.contains("Logged drink 1 ")), "{said:#?}");
    assert_eq!(drinks(&api_url)[0]["ticks"], 750);
}

/// Stands before a server, and lies now and then.
struct Proxy {
    address: String,
}

/// What becomes of a request that posts a drink.
#[derive(Clone, Copy)]
enum Lie {
    /// It arrives, and its answer does not.
    SwallowAnswer,
    /// It does not arrive, and is answered so.
    Answer(&'static str),
}

impl Proxy {
    /// The first requests that post a drink fare as these have it; all else goes through.
    fn before(api_url: &str, lies: &[Lie]) -> Self {
        let server = api_url.trim_start_matches("http://").trim_end_matches("/api/").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let host = address.clone();
        let mut lies: Vec<Lie> = lies.iter().rev().copied().collect();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                pass(stream, &server, &host, &mut lies);
            }
        });
        Self { address }
    }

    fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }
}

/// One request and its answer.
fn pass(mut client: TcpStream, server: &str, host: &str, lies: &mut Vec<Lie>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head
            .split("content-length:")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        (body.len() >= length.unwrap_or(0)).then_some(())
    };
    while whole(&request).is_none() {
        match client.read(&mut buffer) {
            Ok(count) if count > 0 => request.extend(&buffer[..count]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let lie = if text.starts_with("POST /api/taps/") { lies.pop() } else { None };
    if let Some(Lie::Answer(answer)) = lie {
        let _ = client.write_all(answer.as_bytes());
        return;
    }
    let mut upstream = TcpStream::connect(server).unwrap();
    let text = text.replace(host, server);
    upstream.write_all(text.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1).as_bytes()).unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    if lie.is_none() {
        let _ = client.write_all(&answer);
    }
}

fn poured(bar: &Bar, api_url: &str, ticks: i64) -> Running {
    let (core, port) = bar.core(api_url);
    let mut wire = Wire::to(port);
    wire.pour(0, ticks);
    wire.stop_flow();
    core
}

#[test]
fn an_answer_that_is_lost_makes_no_second_drink() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let proxy = Proxy::before(&api_url, &[Lie::SwallowAnswer]);
    let mut core = poured(&bar, &proxy.api_url(), 1000);
    core.wait_for("Error posting drink: ");
    core.wait_for("Processing pending drink: flow_id=0x");
    core.wait_for("Logged drink 1 ");
    assert_eq!(drinks(&api_url).len(), 1);
}

#[test]
fn a_core_that_is_killed_while_it_tells_a_drink_makes_no_second_one() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let proxy = Proxy::before(&api_url, &[Lie::SwallowAnswer]);
    let mut core = poured(&bar, &proxy.api_url(), 1000);
    core.wait_for("Error posting drink: ");
    core.kill();
    let (mut core, _) = bar.core(&proxy.api_url());
    core.wait_for("Logged drink 1 ");
    assert_eq!(drinks(&api_url).len(), 1);
}

const ERROR_500: &str = "HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\
    {\"error\": {\"code\": \"ServerError\", \"message\": \"No active keg at this tap\"}, \"meta\": {\"result\": \"error\"}}";
const ERROR_404: &str = "HTTP/1.1 404 Oops\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\
    {\"error\": {\"code\": \"NotFoundError\", \"message\": \"Meter is inactive\"}}";
const PAGE: &str =
    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>no</html>";

#[test]
fn a_refusal_is_tried_again_so_often_and_then_kept_for_people_to_decide() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let proxy = Proxy::before(&api_url, &[Lie::Answer(ERROR_500); 4]);
    let mut core = poured(&bar, &proxy.api_url(), 1000);
    core.wait_for("Error posting drink: ServerError: No active keg at this tap");
    core.wait_for("Will retry event 3 more times.");
    core.wait_for("Will retry event 1 more time.");
    core.wait_for("Max retries exceeded; dropping event.");
    let list = bar.run("kegbot", &["outbox", "--outbox=outbox.sqlite", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("dropped") && list.contains("No active keg at this tap"), "{list}");
    let retry = bar.run("kegbot", &["outbox", "--outbox=outbox.sqlite", "retry"]);
    assert_eq!(retry.status.code(), Some(0), "{retry:?}");
    core.kill();
    let (_core, _) = bar.core(&proxy.api_url());
    assert_eq!(wait_for_drinks(&api_url, 1).len(), 1);
}

#[test]
fn an_unknown_meter_is_final_and_a_page_of_html_is_not() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let proxy = Proxy::before(&api_url, &[Lie::Answer(PAGE), Lie::Answer(ERROR_404)]);
    let mut core = poured(&bar, &proxy.api_url(), 1000);
    core.wait_for("Error posting drink: status 502 and no JSON");
    core.wait_for("No drink recorded: NotFoundError: Meter is inactive");
    assert_eq!(drinks(&api_url).len(), 0);
}

#[test]
fn two_cores_do_not_share_an_outbox() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, _) = bar.core(&api_url);
    let url = format!("--api_url={api_url}");
    let second =
        bar.run("kegbot_core.py", &[&url, "--kb_core_bind_addr=localhost:0", "--outbox=outbox.sqlite"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stdout).contains("is in use by another core"), "{second:?}");
}

/// A server of HTTPS, as far as a core asks it: it has two taps.
const HTTPS: &str = r#"
import http.server, ssl, sys
class Taps(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"objects": [{"id": 1, "name": "a", "meter_name": "kegboard.flow0", "ml_per_tick": 0.5}], "meta": {}}'
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *rest): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Taps)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("port", server.server_port, flush=True)
server.serve_forever()
"#;

#[test]
fn a_server_of_https_is_believed_by_its_certificate_and_not_without() {
    let bar = Bar::new();
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
            "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .current_dir(bar.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut command = std::process::Command::new("python3");
    command.args(["-c", HTTPS]).current_dir(bar.path(""));
    let mut server = Running::start(command);
    let port = server.wait_for("port ").trim_start_matches("port ").to_owned();
    let url = format!("--api_url=https://localhost:{port}/api");
    let words = [&*url, "--kb_core_bind_addr=localhost:0", "--outbox=o.sqlite"];
    let refused = bar.run("kegbot_core.py", &words);
    assert_eq!(refused.status.code(), Some(1));
    let out = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(out.contains("Is --api_url correct?"), "{out}");
    let mut believing = bar.command("kegbot_core.py", &words);
    believing.env("SSL_CERT_FILE", bar.path("cert.pem"));
    let mut core = Running::start(believing);
    core.wait_for("Found 1 tap, adding to tap manager.");
}

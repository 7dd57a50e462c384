//! A server of HTTP: Python's, which writes down what was posted.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::certificate::Certificate;
use super::peer::{Peer, free_port, wait_until};

const SCRIPT: &str = r#"
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(sys.argv[2], "a") as log:
            log.write(json.dumps([self.path, self.headers["Content-Type"], self.headers["Accept"], body]) + "\n")
        status = {"/ok": 200, "/refuse": 500, "/moved": 307, "/seen": 302}.get(self.path, 404)
        self.send_response(status)
        if status in (302, 307):
            self.send_header("Location", "/ok")
        text = b"taken" if status == 200 else b"no"
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def do_OPTIONS(self):
        self.send_response({"/ok": 200, "/get-only": 200}.get(self.path, 404))
        self.send_header("Allow", "GET" if self.path == "/get-only" else "OPTIONS, POST")
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if len(sys.argv) > 3:
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

pub(crate) struct Server {
    port: u16,
    log: PathBuf,
    peer: Option<Peer>,
}

impl Server {
    /// One that is not there yet.
    pub(crate) fn absent(directory: &Path) -> Self {
        Self { port: free_port(), log: directory.join("posted"), peer: None }
    }

    pub(crate) fn come(&mut self) {
        self.come_with(&[]);
    }

    /// Comes with a certificate.
    pub(crate) fn come_encrypted(&mut self, certificate: &Certificate) {
        self.come_with(&[&certificate.certificate, &certificate.key]);
    }

    fn come_with(&mut self, more: &[&PathBuf]) {
        let mut command = Command::new("python3");
        command.args(["-c", SCRIPT, &self.port.to_string()]).arg(&self.log).args(more);
        self.peer = Some(Peer::start(&mut command));
        let port = self.port;
        wait_until("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    pub(crate) fn go(&mut self) {
        self.peer = None;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Path, content type, accepted type and body of each post.
    pub(crate) fn posted(&self) -> Vec<[String; 4]> {
        super::peer::lines(&self.log).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

//! A server that says what a test wants it to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use minder_supervisord::xmlrpc::{Fault, Limits, Value, decode_call, encode_response};

use super::clients::{Client, note};

/// What is answered to a call.
pub(crate) enum Reply {
    Value(Value),
    Fault(i32, &'static str),
    /// An HTTP status other than 200.
    Status(u16, &'static str),
    /// The connection ends without an answer.
    HangUp,
}

/// From the name of a method to its answer.
pub(crate) type Script = fn(&str) -> Reply;

pub(crate) struct Scripted {
    url: String,
}

impl Scripted {
    /// Serves until the tests end.
    pub(crate) fn start(script: Script) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                std::thread::spawn(move || serve(connection, script));
            }
        });
        Scripted { url }
    }

    /// The address of a server that is gone.
    pub(crate) fn nobody() -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Scripted { url: format!("http://{}", listener.local_addr().expect("its address")) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn compare(&self, args: &[&str], differences: &mut Vec<String>) {
        let [original, ours] = [Client::Original, Client::Ours].map(|client| client.run(args, "", "nowhere"));
        note(args, "", &original, &ours, differences);
    }
}

fn serve(connection: TcpStream, script: Script) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let reply = match decode_call(&body, Limits::REQUEST) {
        Ok(call) => script(&call.method),
        // A stream is asked for with an empty body.
        Err(_) => Reply::Status(404, "Not Found"),
    };
    let (status, body) = match reply {
        Reply::Value(value) => ("200 OK".to_owned(), encode_response(&Ok(value))),
        Reply::Fault(code, text) => {
            ("200 OK".to_owned(), encode_response(&Err(Fault { code, text: text.to_owned() })))
        }
        Reply::Status(code, reason) => (format!("{code} {reason}"), Vec::new()),
        Reply::HangUp => return None,
    };
    let mut connection = connection;
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .ok()?;
    connection.write_all(&body).ok()
}

//! A small HTTP client over unix sockets and TCP that shows everything a server sent.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum Address {
    /// A unix socket.
    Unix(PathBuf),
    /// A port of 127.0.0.1.
    Port(u16),
    /// A port of another address.
    Host(SocketAddr),
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The first line, without its line end.
    pub status_line: String,
    /// The headers; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, with any chunked framing removed.
    pub body: Vec<u8>,
}

impl Response {
    /// The body as text, with what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How long a server may keep silent. Deferred calls wait for programs, so this is long.
const SILENCE: Duration = Duration::from_secs(40);

/// Both kinds of connection.
trait Stream: Read + Write {}
impl Stream for UnixStream {}
impl Stream for TcpStream {}

fn connect(address: &Address) -> io::Result<Box<dyn Stream>> {
    match address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(SILENCE))?;
            Ok(Box::new(stream))
        }
        Address::Port(port) => connect(&Address::Host(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)))),
        Address::Host(address) => {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(SILENCE))?;
            Ok(Box::new(stream))
        }
    }
}

/// Sends `request` as it is and reads one answer.
///
/// # Errors
/// When nobody listens, or the connection ends or falls silent before the answer is whole.
pub fn exchange(address: &Address, request: &[u8]) -> io::Result<Response> {
    let mut stream = connect(address)?;
    stream.write_all(request)?;
    read_response(&mut BufReader::new(stream))
}

/// Sends `request` and gives back the head of the answer and the first `wanted` bytes of its (endless) body.
///
/// # Errors
/// As [`exchange`].
pub fn begin_stream(address: &Address, request: &[u8], wanted: usize) -> io::Result<Response> {
    let mut stream = connect(address)?;
    stream.write_all(request)?;
    let mut reader = BufReader::new(stream);
    let mut response = read_head(&mut reader)?;
    while response.body.len() < wanted {
        if !read_chunk(&mut reader, &mut response.body)? {
            break;
        }
    }
    Ok(response)
}

/// A request with the usual headers. `headers` are added as they are.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn read_head(reader: &mut impl BufRead) -> io::Result<Response> {
    let mut status_line = String::new();
    if reader.read_line(&mut status_line)? == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed without an answer"));
    }
    let status_line = status_line.trim_end().to_owned();
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| io::Error::other(format!("a strange status line: {status_line:?}")))?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    Ok(Response { status, status_line, headers, body: Vec::new() })
}

fn read_response(reader: &mut impl BufRead) -> io::Result<Response> {
    let mut response = read_head(reader)?;
    if let Some(length) = response.headers.get("content-length").and_then(|text| text.parse().ok()) {
        response.body = vec![0; length];
        reader.read_exact(&mut response.body)?;
    } else if response.headers.get("transfer-encoding").is_some_and(|value| value == "chunked") {
        while read_chunk(reader, &mut response.body)? {}
    } else {
        reader.read_to_end(&mut response.body)?;
    }
    Ok(response)
}

/// Reads one chunk. False after the last one.
fn read_chunk(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<bool> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let size = usize::from_str_radix(line.trim(), 16)
        .map_err(|_| io::Error::other(format!("a strange chunk: {line:?}")))?;
    let start = body.len();
    body.resize(start + size, 0);
    reader.read_exact(&mut body[start..])?;
    let mut end = [0; 2];
    reader.read_exact(&mut end)?;
    Ok(size != 0)
}

//! A web server that answers every request with a line about itself.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::line;

/// Longest request that is read, in bytes.
const REQUEST_MAX: u64 = 16 * 1024;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    line(&format!("listening at http://{}/", listener.local_addr()?))?;
    let mut served: u64 = 0;
    for stream in listener.incoming() {
        served += 1;
        // One client that breaks off is no reason to leave the others alone.
        if let Err(error) = stream.and_then(|stream| answer(stream, served)) {
            line(&format!("request {served}: {error}"))?;
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, served: u64) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new((&stream).take(REQUEST_MAX));
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let body = format!("This is the station's web server, pid {}, request {served}.\n", std::process::id());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    line(&format!("{} {}", stream.peer_addr()?, request.trim_end()))
}

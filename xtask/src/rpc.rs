//! A raw client: one connection, kept open, whose bytes are counted.

use crate::step::Problem;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A connection to a server on a Unix socket.
#[derive(Debug)]
pub(crate) struct Client {
    socket: PathBuf,
    stream: Option<UnixStream>,
    patience: Duration,
    answer: Vec<u8>,
}

/// Where a fault has begun, if there is one.
const FAULT_BEFORE: usize = 200;
/// The slowest answer that is waited for, if nothing else is said.
const PATIENCE: Duration = Duration::from_secs(120);

impl Client {
    /// Connects at the first call.
    pub(crate) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), stream: None, patience: PATIENCE, answer: Vec::new() }
    }

    /// The same, with another bound on how long an answer is waited for.
    pub(crate) fn patient(self, patience: Duration) -> Self {
        Self { patience, stream: None, ..self }
    }

    /// Calls a method; `parameters` are whole `<param>` elements. Gives the bytes of the answer's body.
    ///
    /// # Errors
    /// When the server does not answer, or with a fault.
    pub(crate) fn call(&mut self, method: &str, parameters: &str) -> Result<&[u8], Problem> {
        let body = format!(
            "<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>"
        );
        let request = format!(
            "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let failed = |problem: String| Problem::Failed(method.to_owned(), problem);
        let head = self.exchange(request.as_bytes()).map_err(|error| failed(error.to_string()))?;
        let body = self.answer.get(head..).unwrap_or_default();
        // It is the first thing in an answer, and all of a long one would take longer to search than to get.
        if contains(body.get(..FAULT_BEFORE).unwrap_or(body), b"<fault>") {
            return Err(failed(String::from_utf8_lossy(body).into_owned()));
        }
        Ok(body)
    }

    /// Sends, and reads one whole answer; says how long its head is.
    fn exchange(&mut self, request: &[u8]) -> io::Result<usize> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.socket, self.patience)?,
        };
        stream.write_all(request)?;
        self.answer.clear();
        let mut head = None;
        // Of the whole answer: one that comes in drops would else never be late.
        let deadline = Instant::now() + self.patience;
        loop {
            if Instant::now() > deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut block = [0; 65536];
            let length = stream.read(&mut block)?;
            if length == 0 {
                // The server has closed, which ends an answer without a length.
                return head.map(|(head, _)| head).ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
            }
            self.answer.extend_from_slice(block.get(..length).unwrap_or_default());
            if head.is_none() {
                head = head_of(&self.answer);
            }
            if let Some((head, Some(body))) = head
                && self.answer.len() >= head + body
            {
                self.stream = Some(stream);
                return Ok(head);
            }
        }
    }
}

fn connect(socket: &Path, patience: Duration) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(patience))?;
    Ok(stream)
}

/// How long an answer's head is, and its body if it says so; `None` while the head is not whole.
fn head_of(answer: &[u8]) -> Option<(usize, Option<usize>)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(answer.get(..end)?).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    Some((end, length))
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_known_only_when_it_is_whole() {
        assert_eq!(head_of(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), None);
        assert_eq!(head_of(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"), Some((38, Some(5))));
        assert_eq!(head_of(b"HTTP/1.0 200 OK\r\n\r\n"), Some((19, None)));
    }
}

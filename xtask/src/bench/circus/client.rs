//! A raw client of Circus: JSON in one ZeroMQ message each way, over one connection that is kept open.
//!
//! ```text
//!  greeting (64 bytes: ZMTP 3.0, NULL) ─▶ READY ─▶ frame: {"command": …}
//!                    ◀─ greeting, READY            ◀─ frame: {"status": "ok", …}
//! ```
//!
//! It is as much of ZMTP as a DEALER needs that has one question under way at a time.

use crate::step::Problem;
use serde_json::{Value, json};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection to a daemon's endpoint.
#[derive(Debug)]
pub(in crate::bench) struct Client {
    stream: BufReader<UnixStream>,
    /// The body of the last frame that came.
    answer: Vec<u8>,
}

/// The slowest answer that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest answer, in bytes: a hundred times the longest that is asked for.
const ANSWER_MAX: u64 = 64 << 20;

const GREETING_BYTES: usize = 64;
/// A frame of two bytes of header and 28 of body: its name, and one property with its value.
const READY: &[u8] = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER";

/// In the first byte of a frame: another one of the same message follows.
const MORE: u8 = 0b001;
/// The same: its length has eight bytes.
const LONG: u8 = 0b010;
/// The same: it is a command, and no part of a message.
const COMMAND: u8 = 0b100;

impl Client {
    /// Connects, and shakes hands.
    ///
    /// # Errors
    /// When nobody listens, or somebody who does not speak ZMTP 3.
    pub(in crate::bench) fn connect(socket: &Path) -> Result<Self, Problem> {
        let connected = || -> io::Result<Self> {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut client = Self { stream: BufReader::with_capacity(1 << 16, stream), answer: Vec::new() };
            client.shake_hands()?;
            Ok(client)
        };
        connected().map_err(|error| Problem::Failed(socket.display().to_string(), error.to_string()))
    }

    fn shake_hands(&mut self) -> io::Result<()> {
        let mut ours = [0; GREETING_BYTES];
        // Its signature, the version, and how one proves who one is: not at all.
        ours[0] = 0xFF;
        ours[9..11].copy_from_slice(&[0x7F, 3]);
        ours[12..16].copy_from_slice(b"NULL");
        self.stream.get_mut().write_all(&ours)?;
        let mut theirs = [0; GREETING_BYTES];
        self.stream.read_exact(&mut theirs)?;
        if theirs[0] != 0xFF || theirs[10] < 3 || theirs[12..16] != *b"NULL" {
            return Err(io::Error::other("it does not speak ZMTP 3 without a password"));
        }
        self.stream.get_mut().write_all(READY)?;
        let flags = self.frame()?;
        if flags & COMMAND == 0 || !self.answer.starts_with(b"\x05READY") {
            return Err(io::Error::other("it is not ready"));
        }
        Ok(())
    }

    /// Asks for something. Gives the answer.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub(in crate::bench) fn call(&mut self, command: &str, properties: &Value) -> Result<Value, Problem> {
        self.ask(command, properties).map(|(_, answer)| answer)
    }

    /// How long an answer takes, and how many bytes it has.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub(in crate::bench) fn timed(
        &mut self,
        command: &str,
        properties: &Value,
    ) -> Result<(Duration, usize), Problem> {
        self.ask(command, properties).map(|(took, _)| (took, self.answer.len()))
    }

    fn ask(&mut self, command: &str, properties: &Value) -> Result<(Duration, Value), Problem> {
        let question = json!({"id": "bench", "command": command, "properties": properties}).to_string();
        let begin = Instant::now();
        let answered = self.exchange(question.as_bytes());
        let took = begin.elapsed();
        let failed = |why: String| Problem::Failed(command.to_owned(), why);
        answered.map_err(|error| failed(error.to_string()))?;
        let answer: Value =
            serde_json::from_slice(&self.answer).map_err(|error| failed(error.to_string()))?;
        if answer["status"] == "error" {
            return Err(failed(answer["reason"].to_string()));
        }
        Ok((took, answer))
    }

    fn exchange(&mut self, question: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(&framed(question))?;
        loop {
            let flags = self.frame()?;
            if flags & MORE != 0 {
                return Err(io::Error::other("an answer of several frames"));
            }
            // Commands are for those who stay silent for long.
            if flags & COMMAND == 0 {
                return Ok(());
            }
        }
    }

    /// Reads a frame into the answer. Gives its flags.
    fn frame(&mut self) -> io::Result<u8> {
        let [mut flags, mut short] = [[0; 1], [0; 1]];
        self.stream.read_exact(&mut flags)?;
        let length = if flags[0] & LONG == 0 {
            self.stream.read_exact(&mut short)?;
            u64::from(short[0])
        } else {
            let mut long = [0; 8];
            self.stream.read_exact(&mut long)?;
            u64::from_be_bytes(long)
        };
        if length > ANSWER_MAX {
            return Err(io::Error::other(format!("an answer of {length} bytes")));
        }
        self.answer.clear();
        let read = self.stream.by_ref().take(length).read_to_end(&mut self.answer)?;
        if read as u64 == length { Ok(flags[0]) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// A message of one frame.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = match u8::try_from(body.len()) {
        Ok(short) => vec![0, short],
        Err(_) => [&[LONG][..], &(body.len() as u64).to_be_bytes()].concat(),
    };
    frame.extend_from_slice(body);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_question_goes_out_in_one_frame_whose_length_has_one_byte_or_eight() {
        assert_eq!(framed(b"ab"), b"\x00\x02ab");
        assert_eq!(framed(&[7; 256])[..10], [2, 0, 0, 0, 0, 0, 0, 1, 0, 7]);
        assert_eq!(usize::from(READY[1]), READY.len() - 2);
    }

    #[test]
    fn an_answer_is_found_behind_commands_and_a_refusal_is_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("endpoint");
        let listener = UnixListener::bind(&path).unwrap();
        let daemon = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut greeting = [0; GREETING_BYTES];
            stream.read_exact(&mut greeting).unwrap();
            stream.write_all(&greeting).unwrap();
            stream.write_all(b"\x04\x06\x05READY").unwrap();
            let mut asked = [0; READY.len()];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(asked, READY);
            stream.write_all(b"\x04\x05\x04PONG").unwrap();
            stream.write_all(&framed(br#"{"status": "ok", "pids": [1]}"#)).unwrap();
            stream.write_all(&framed(br#"{"status": "error", "reason": "no"}"#)).unwrap();
            // Whoever asks last must find somebody.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let mut client = Client::connect(&path).unwrap();
        assert_eq!(client.call("list", &json!({})).unwrap()["pids"], json!([1]));
        let refused = client.call("list", &json!({})).unwrap_err();
        assert_eq!(refused.to_string(), "list: \"no\"");
        drop(client);
        daemon.join().unwrap();
    }
}

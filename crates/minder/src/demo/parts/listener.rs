//! An event listener: it speaks Supervisor's listener protocol on standard input and output, and writes what it hears to
//! standard error.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

/// Longest payload that is taken, in bytes. A change of state takes about a hundred.
const PAYLOAD_MAX: usize = 1024 * 1024;

pub(super) fn run() -> io::Result<()> {
    listen(&mut io::stdin().lock(), &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// Listens until there is no more to hear.
fn listen(events: &mut impl BufRead, answers: &mut impl Write, notes: &mut impl Write) -> io::Result<()> {
    loop {
        answers.write_all(b"READY\n")?;
        answers.flush()?;
        let mut header = String::new();
        if events.read_line(&mut header)? == 0 {
            return Ok(());
        }
        let header = tokens(&header);
        let length =
            header.get("len").and_then(|length| length.parse().ok()).filter(|len| *len <= PAYLOAD_MAX);
        let Some(length) = length else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a header without a usable length"));
        };
        let mut payload = vec![0; length];
        events.read_exact(&mut payload)?;
        let payload = String::from_utf8_lossy(&payload);
        let facts = tokens(payload.lines().next().unwrap_or_default());
        let word = |map: &HashMap<String, String>, key: &str| map.get(key).cloned().unwrap_or_default();
        let to = word(&header, "eventname").replace("PROCESS_STATE_", "");
        writeln!(notes, "{}: {} -> {to}", word(&facts, "processname"), word(&facts, "from_state"))?;
        answers.write_all(b"RESULT 2\nOK")?;
        answers.flush()?;
    }
}

/// `key:value key:value …`
fn tokens(line: &str) -> HashMap<String, String> {
    line.split_whitespace()
        .filter_map(|token| token.split_once(':'))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::listen;

    #[test]
    fn every_event_is_noted_and_accepted() {
        let payload = "processname:web groupname:web from_state:STARTING pid:7";
        let event = format!(
            "ver:3.0 server:s serial:1 pool:p poolserial:1 eventname:PROCESS_STATE_RUNNING len:{}\n{payload}",
            payload.len()
        );
        let (mut answers, mut notes) = (Vec::new(), Vec::new());
        listen(&mut event.repeat(2).as_bytes(), &mut answers, &mut notes).expect("a well-formed dialogue");
        assert_eq!(String::from_utf8_lossy(&answers), "READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n");
        assert_eq!(String::from_utf8_lossy(&notes), "web: STARTING -> RUNNING\n".repeat(2));
    }

    #[test]
    fn a_header_without_a_length_ends_it() {
        assert!(listen(&mut "ver:3.0\n".as_bytes(), &mut Vec::new(), &mut Vec::new()).is_err());
    }
}

//! Where superlance's letters go: a sendmail that keeps them in a directory, and an SMTP server that keeps them in memory.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

/// Takes a directory and a letter on its standard input; the letter appears there whole or not at all.
pub const SENDMAIL: &str = r#"mkdir -p "$1" && cat > "$1/.$$" && mv "$1/.$$" "$1/$$"
"#;

/// Letters that a fake sendmail kept in `dir`.
pub fn letters(dir: &std::path::Path) -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
        .collect();
    found.sort();
    found
}

/// An SMTP server that accepts everything.
#[derive(Debug)]
pub struct SmtpSink {
    /// The port of 127.0.0.1 where it listens.
    pub port: u16,
    /// Each letter's data, as it comes in.
    pub letters: Receiver<String>,
}

impl SmtpSink {
    /// Listens until the test process ends.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start() -> SmtpSink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, letters) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(letter) = serve(stream)
                    && sender.send(letter).is_err()
                {
                    return;
                }
            }
        });
        SmtpSink { port, letters }
    }
}

fn serve(stream: std::net::TcpStream) -> Option<String> {
    let mut out = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(b"220 sink\r\n").ok()?;
    let mut letter = None;
    while let Some(Ok(line)) = lines.next() {
        let answer = match line.split(' ').next().unwrap_or("").to_uppercase().as_str() {
            "DATA" => {
                out.write_all(b"354 go on\r\n").ok()?;
                let body: Vec<String> =
                    lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                letter = Some(body.join("\n"));
                "250 kept"
            }
            "QUIT" => {
                let _ = out.write_all(b"221 bye\r\n");
                break;
            }
            _ => "250 yes",
        };
        out.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
    }
    letter
}

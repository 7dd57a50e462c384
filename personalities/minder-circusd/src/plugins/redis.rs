//! Asks a Redis server for `INFO`: one connection, at most three commands, no TLS.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpStream, UnixStream};

/// Bytes of an answer. `INFO` has a few thousand.
const ANSWER_MAX: u64 = 1 << 20;

/// Where a server is, and what to say to it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    place: Place,
    /// The words behind `AUTH`.
    credentials: Vec<String>,
    database: u32,
    /// For everything together.
    timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp { host: String, port: u16 },
    Unix(String),
}

impl fmt::Display for Server {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp { host, port } => write!(f, "redis://{host}:{port}/{}", self.database),
            Place::Unix(path) => write!(f, "unix://{path}"),
        }
    }
}

impl Server {
    /// Reads `redis://[[user]:password@]host[:port][/database]` or `unix://[…@]path`; `?db=N` beats the path.
    pub(super) fn parse(url: &str, timeout: Duration) -> Result<Server, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (credentials_of(credentials), rest),
            None => (Vec::new(), rest),
        };
        let (place, path) = match scheme {
            "redis" => {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                (tcp_place(host)?, path)
            }
            "unix" => (Place::Unix(unescaped(rest)), ""),
            "rediss" => return Err("rediss:// is not supported: there is no TLS here".to_owned()),
            _ => {
                let expected = "Redis URL must specify one of the following schemes (redis://, unix://)";
                return Err(expected.to_owned());
            }
        };
        let database = query.split('&').find_map(|item| item.strip_prefix("db=")).unwrap_or(path);
        // What is no number is database 0 to Python's client.
        Ok(Server { place, credentials, database: database.parse().unwrap_or(0), timeout })
    }

    /// The lines of `INFO`, keys and values.
    pub(super) async fn info(&self) -> Result<Vec<(String, String)>, String> {
        match tokio::time::timeout(self.timeout, self.connect_and_ask()).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_elapsed) => Err(format!("no answer within {:?}", self.timeout)),
        }
    }

    async fn connect_and_ask(&self) -> io::Result<Vec<(String, String)>> {
        match &self.place {
            Place::Tcp { host, port } => self.ask(TcpStream::connect((host.as_str(), *port)).await?).await,
            Place::Unix(path) => self.ask(UnixStream::connect(path).await?).await,
        }
    }

    async fn ask(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Vec<(String, String)>> {
        let mut stream = BufReader::new(stream);
        if !self.credentials.is_empty() {
            let words = std::iter::once("AUTH").chain(self.credentials.iter().map(String::as_str));
            say(&mut stream, words).await?;
        }
        if self.database != 0 {
            say(&mut stream, ["SELECT", &self.database.to_string()].into_iter()).await?;
        }
        let info = say(&mut stream, ["INFO"].into_iter()).await?;
        let lines =
            info.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        Ok(lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

/// `password` or `user:password`; a user without a name is nobody.
fn credentials_of(text: &str) -> Vec<String> {
    match text.split_once(':') {
        Some(("", password)) => vec![unescaped(password)],
        Some((user, password)) => vec![unescaped(user), unescaped(password)],
        None => vec![unescaped(text)],
    }
}

fn tcp_place(host: &str) -> Result<Place, String> {
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or("")),
        None => host.rsplit_once(':').unwrap_or((host, "")),
    };
    let port = if port.is_empty() { Ok(6379) } else { port.parse() };
    let port = port.map_err(|_| format!("no port: '{host}'"))?;
    let host = if host.is_empty() { "localhost" } else { host };
    Ok(Place::Tcp { host: unescaped(host), port })
}

/// Without `%XX`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = behind.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One command, one answer.
async fn say<'a, S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    words: impl Iterator<Item = &'a str> + Clone,
) -> io::Result<String> {
    let mut request = format!("*{}\r\n", words.clone().count());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes()).await?;
    let mut answer = stream.take(ANSWER_MAX);
    let mut head = String::new();
    answer.read_line(&mut head).await?;
    let head = head.trim_end();
    match head.split_at_checked(1) {
        Some(("+", text)) => Ok(text.to_owned()),
        Some(("-", text)) => Err(io::Error::other(text.to_owned())),
        Some(("$", length)) => {
            let length = length.parse::<u64>().ok().filter(|length| *length < ANSWER_MAX);
            let length = length.ok_or_else(|| io::Error::other(format!("unexpected length '{length:?}'")))?;
            let mut body = Vec::new();
            answer.take(length + 2).read_to_end(&mut body).await?;
            if body.len() as u64 != length + 2 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(String::from_utf8_lossy(&body).into_owned())
        }
        Some(_) | None if head.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
        Some(_) | None => Err(io::Error::other(format!("unexpected answer '{head}'"))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Place, Server, unescaped};

    fn parse(url: &str) -> Result<Server, String> {
        Server::parse(url, Duration::from_secs(5))
    }

    #[test]
    fn a_server_is_found_by_its_url() {
        for (url, host, port, credentials, database) in [
            ("redis://localhost:6379/0", "localhost", 6379, &[][..], 0),
            ("redis://", "localhost", 6379, &[], 0),
            ("redis://:s%40t@h/3", "h", 6379, &["s@t"], 3),
            ("redis://u:p@[::1]:7/3?db=4", "::1", 7, &["u", "p"], 4),
        ] {
            let server = parse(url).expect("a good address");
            assert_eq!(server.place, Place::Tcp { host: host.to_owned(), port }, "{url}");
            assert_eq!(
                (server.credentials.as_slice(), server.database),
                (&*credentials.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>(), database)
            );
        }
        let server = parse("unix:///run/redis.sock?db=2").expect("a good address");
        assert_eq!((server.place, server.database), (Place::Unix("/run/redis.sock".to_owned()), 2));
        for url in ["rediss://h", "http://h", "h", "redis://h:x"] {
            assert!(parse(url).is_err(), "{url}");
        }
        assert_eq!(unescaped("%zz%4"), "%zz%4");
    }
}

//! Asks a web server for one page, and says how long that took: HTTP/1.1, a connection a request, no TLS.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Bytes of the status line and all headers.
const HEAD_MAX: u64 = 64 << 10;

/// Bytes of a page. The original's client gives up there, too.
const BODY_MAX: u64 = 100 << 20;

/// How often a page may be somewhere else.
const REDIRECTS_MAX: usize = 5;

/// What the original's client says instead of a status when there is none.
const NO_STATUS: u16 = 599;

/// A page, and how long it may take altogether.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    url: Url,
    timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    /// With brackets where it has them.
    host: String,
    port: u16,
    /// Path and query; begins with a slash.
    path: String,
    /// `name:password`, as written.
    credentials: Option<String>,
}

impl Check {
    pub(super) fn parse(url: &str, timeout: Duration) -> Result<Check, String> {
        Url::parse(url).map(|url| Check { url, timeout })
    }

    /// Asks.
    ///
    /// # Errors
    /// The status if it is not one of success, or 599.
    pub(super) async fn run(&self) -> Result<Duration, u16> {
        let begin = Instant::now();
        let answered = tokio::time::timeout(self.timeout, self.follow()).await;
        match answered {
            Ok(Ok(status)) if (200..300).contains(&status) => Ok(begin.elapsed()),
            Ok(Ok(status)) => Err(status),
            Ok(Err(_)) | Err(_) => Err(NO_STATUS),
        }
    }

    async fn follow(&self) -> io::Result<u16> {
        let mut url = self.url.clone();
        for _ in 0..REDIRECTS_MAX {
            let head = fetch(&url).await?;
            match head.location.filter(|_| matches!(head.status, 301 | 302 | 303 | 307 | 308)) {
                Some(location) => url = url.joined(&location).map_err(io::Error::other)?,
                None => return Ok(head.status),
            }
        }
        fetch(&url).await.map(|head| head.status)
    }
}

impl Url {
    fn parse(text: &str) -> Result<Url, String> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                return Err("https:// is not supported: there is no TLS here".to_owned());
            }
            Some(_) | None => return Err(format!("found '{text}', expected http://HOST[:PORT]/PATH")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let (credentials, authority) = match authority.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials.to_owned()), authority),
            None => (None, authority),
        };
        let in_brackets = authority.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match authority.get(in_brackets..).and_then(|rest| rest.rfind(':')) {
            Some(colon) => authority.split_at(in_brackets + colon),
            None => (authority, ":80"),
        };
        let port = port.trim_start_matches(':').parse().map_err(|_| format!("no port in '{text}'"))?;
        // Whatever goes into the request must not begin another line.
        if host.is_empty() || rest.contains(|c: char| c.is_ascii_control() || c == ' ') {
            return Err(format!("found '{text}', expected http://HOST[:PORT]/PATH"));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Url { host: host.to_owned(), port, path, credentials })
    }

    /// Where `Location` points to from here.
    fn joined(&self, location: &str) -> Result<Url, String> {
        if location.contains("://") {
            return Url::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Url::parse(&format!("http://{rest}"));
        }
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            let here = self.path.split('?').next().unwrap_or_default();
            let directory = here.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{directory}/{location}")
        };
        Url::parse(&format!("http://{}:{}{path}", self.host, self.port))
    }
}

struct Head {
    status: u16,
    location: Option<String>,
}

/// One request; the page is read to its end and thrown away.
async fn fetch(url: &Url) -> io::Result<Head> {
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, url.port)).await?;
    let mut stream = BufReader::new(stream);
    let port = if url.port == 80 { String::new() } else { format!(":{}", url.port) };
    let mut request =
        format!("GET {} HTTP/1.1\r\nHost: {}{port}\r\nConnection: close\r\n", url.path, url.host);
    if let Some(credentials) = &url.credentials {
        request.push_str(&format!("Authorization: Basic {}\r\n", base64(credentials.as_bytes())));
    }
    request.push_str("User-Agent: circus http_observer\r\nAccept: */*\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let (head, length) = read_head(&mut stream).await?;
    let has_body = !(head.status == 204 || head.status == 304);
    let length = if has_body { length.unwrap_or(BODY_MAX) } else { 0 };
    tokio::io::copy_buf(&mut stream.take(length), &mut tokio::io::sink()).await?;
    Ok(head)
}

/// Status, headers, and the length of the body if it is told. Interim answers are passed over.
async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<(Head, Option<u64>)> {
    let mut lines = stream.take(HEAD_MAX);
    loop {
        let status = line(&mut lines).await?;
        let status =
            status.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|text| text.parse().ok());
        let status: u16 = status.ok_or_else(|| io::Error::other("not a status line"))?;
        let (mut location, mut length) = (None, None);
        loop {
            let header = line(&mut lines).await?;
            if header.is_empty() {
                break;
            }
            let Some((name, value)) = header.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "location" => location = Some(value.trim().to_owned()),
                "content-length" => length = value.trim().parse().ok(),
                _ => {}
            }
        }
        if !(100..200).contains(&status) {
            return Ok((Head { status, location }, length));
        }
    }
}

async fn line(lines: &mut tokio::io::Take<&mut BufReader<TcpStream>>) -> io::Result<String> {
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            (0..3).fold(0_usize, |bits, i| bits << 8 | usize::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * i) & 63];
            text.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Url, base64};

    fn whole(url: &Url) -> String {
        format!("{} {} {}", url.host, url.port, url.path)
    }

    #[test]
    fn pages_are_found_by_their_urls() {
        for (text, expected) in [
            ("http://localhost/", "localhost 80 /"),
            ("HTTP://h:81?q=1#x", "h 81 /?q=1"),
            ("http://[::1]:8/a/b", "[::1] 8 /a/b"),
            ("http://u:p@h/", "h 80 /"),
        ] {
            assert_eq!(whole(&Url::parse(text).expect("a good address")), expected, "{text}");
        }
        for text in ["https://h/", "h", "http://", "http://h:x/", "http://h/a b", "http://h/\r\nX: y"] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_page_that_moved_is_found_again() {
        let here = Url::parse("http://h:8/a/b?c").expect("a good address");
        for (location, expected) in [
            ("/x", "h 8 /x"),
            ("x", "h 8 /a/x"),
            ("//other/x", "other 80 /x"),
            ("http://other:9/", "other 9 /"),
        ] {
            assert_eq!(whole(&here.joined(location).expect("a good address")), expected, "{location}");
        }
    }

    #[test]
    fn credentials_are_encoded() {
        for (text, encoded) in
            [("", ""), ("a", "YQ=="), ("a:", "YTo="), ("a:b", "YTpi"), ("a:bc", "YTpiYw==")]
        {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}

//! One HTTP request over a connection of its own.

use std::io;
use std::ops::ControlFlow;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::{Address, Client, ClientError};

/// Posts an XML body and returns the body of the answer, which must have the status 200.
pub(super) async fn post(
    client: &Client,
    path: &str,
    body: Vec<u8>,
    bytes_max: usize,
) -> Result<Vec<u8>, ClientError> {
    let request = request(client, Method::POST, path)
        .header(CONTENT_TYPE, "text/xml")
        .header(ACCEPT, "text/xml")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ClientError::Http(error.to_string()))?;
    whole_body(exchange(client, request).await?, bytes_max).await
}

/// What [`post`] makes of a server that says what the stream says.
#[cfg(feature = "fuzzing")]
pub(super) async fn post_over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    bytes_max: usize,
) -> Result<Vec<u8>, ClientError> {
    let request = Request::builder().method(Method::POST).uri("/RPC2").body(Full::new(Bytes::new()));
    let request = request.map_err(|error| ClientError::Http(error.to_string()))?;
    whole_body(over(stream, request).await?, bytes_max).await
}

async fn whole_body(mut response: Response<Incoming>, bytes_max: usize) -> Result<Vec<u8>, ClientError> {
    let mut whole = Vec::new();
    while let Some(frame) = response.body_mut().frame().await {
        let Ok(data) = frame.map_err(|error| of_hyper(&error))?.into_data() else { continue };
        if whole.len() + data.len() > bytes_max {
            return Err(ClientError::Http(format!("the answer is longer than {bytes_max} bytes")));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// Gets a path and hands on what comes, until there is no more or the sink has enough.
pub(super) async fn stream(
    client: &Client,
    path: &str,
    mut sink: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<(), ClientError> {
    let request = request(client, Method::GET, &percent_encoded(path))
        .header(ACCEPT, "*/*")
        .body(Full::new(Bytes::new()))
        .map_err(|error| ClientError::Http(error.to_string()))?;
    let mut response = exchange(client, request).await?;
    while let Some(frame) = response.body_mut().frame().await {
        // A stream has no end of its own: when the server goes away in the middle, that is the end.
        let Ok(frame) = frame else { break };
        let Ok(data) = frame.into_data() else { continue };
        if sink(&data).is_break() {
            break;
        }
    }
    Ok(())
}

fn request(client: &Client, method: Method, path: &str) -> hyper::http::request::Builder {
    let builder = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, client.address.host_header())
        .header(USER_AGENT, concat!("minder/", env!("CARGO_PKG_VERSION")));
    match &client.credentials {
        Some(who) => {
            let token = base64(format!("{}:{}", who.username, who.password).as_bytes());
            builder.header(AUTHORIZATION, format!("Basic {token}"))
        }
        None => builder,
    }
}

async fn exchange(client: &Client, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError> {
    match &client.address {
        Address::Unix(path) => over(UnixStream::connect(path).await?, request).await,
        Address::Tcp { host, port } => over(connect(host, *port).await?, request).await,
    }
}

/// Tries the addresses of a host one after the other; the last failure counts.
async fn connect(host: &str, port: u16) -> Result<TcpStream, ClientError> {
    let addresses = lookup_host((host, port)).await.map_err(|error| {
        let text = error.to_string();
        let why = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
        ClientError::UnknownHost(why.to_owned())
    })?;
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure.into())
}

async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| of_hyper(&error))?;
    // Ends by itself as soon as sender and body are gone. What it fails with, the two report as well.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let response = sender.send_request(request).await.map_err(|error| of_hyper(&error))?;
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(response);
    }
    let reason = reason_of(&response);
    if status == StatusCode::UNAUTHORIZED {
        return Err(ClientError::Unauthorized { reason });
    }
    Err(ClientError::Status { code: status.as_u16(), reason })
}

fn reason_of(response: &Response<Incoming>) -> String {
    match response.extensions().get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        None => response.status().canonical_reason().unwrap_or_default().to_owned(),
    }
}

fn of_hyper(error: &hyper::Error) -> ClientError {
    if error.is_incomplete_message() || error.is_canceled() {
        return ClientError::Disconnected;
    }
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause {
        Some(cause) => match cause.raw_os_error() {
            Some(number) => io::Error::from_raw_os_error(number).into(),
            None => io::Error::new(cause.kind(), cause.to_string()).into(),
        },
        None => ClientError::Http(error.to_string()),
    }
}

/// Escapes what would end the path or cannot stand in a request line. `/` stays: it separates name and channel.
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b'/' | b':' | b'*' | b'-' | b'.' | b'_' | b'~' | b'@' | b'+' | b',' | b'=' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Standard base64 with padding, on one line.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 0x3f;
            text.push(if place <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, percent_encoded};

    #[test]
    fn base64_pads_to_four() {
        for (plain, encoded) in
            [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("héllo", "aMOpbGxv")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_path_keeps_its_slashes_and_colons() {
        assert_eq!(percent_encoded("/logtail/g:a b?é/stdout"), "/logtail/g:a%20b%3F%C3%A9/stdout");
    }
}
